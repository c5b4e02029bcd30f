"""The page of the whole trail."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from chec import audit
from chec.actions.invitations import Invited, Sent, invite_person, withdraw_invitation
from chec.actions.memberships import end_membership, give_grant
from chec.actions.users import lock_account, unlock_account
from chec.models import AuditEvent, Cause, Centre, Event, JobRun, JobState, Role, User
from chec.models.references import reference
from chec.permissions import Actor, Grant
from chec.rules.trail_mail import TRAIL_MAIL, mail_period
from tests import builders
from tests.claim_parts import decide
from tests.client import Client, soup
from tests.demo import demo_user
from tests.role_holders import holder


@pytest.fixture
def administrator(session: Session, centre: Centre) -> User:
    user = builders.a_user(session, name="George Whitlock")
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    session.commit()
    return user


def record(session: Session, what: str, by: User | None = None, **told: object) -> None:
    actor = Actor(by.id if by else None, "", "192.0.2.9", builders.NOW)
    audit.record(session, actor, Event.SIGNED_IN, what, **told)  # type: ignore[arg-type]
    session.commit()


def numbers(client: Client, query: str = "") -> list[int]:
    """Of the events that the page lists."""
    page = soup(client.get(f"/audit{query}"))
    cells = page.select(".chec-trail tbody td:last-child")
    return [int(cell.get_text(strip=True).replace(",", "")) for cell in cells]


def lines(client: Client, query: str = "") -> list[str]:
    page = soup(client.get(f"/audit{query}"))
    return [" ".join(row.get_text(" ").split()) for row in page.select(".chec-trail tbody tr")]


def test_who_did_what_on_what_and_what_changed(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    payer = builders.a_payer(session, name="Wrenshire ICB")
    claim = builders.a_claim(session, builders.a_contract(session, centre, payer))
    decide(session, claim, payer)
    session.commit()
    client.sign_in(administrator)
    [line] = lines(client, "?event=claim+decided")
    assert line.startswith(
        f"Claim decided CL-{claim.id:04d} 16 Nov 2026, 09:30 Ana Reed, commissioner of"
        " Wrenshire ICB Payer Wrenshire ICB Part waiting →"
    )
    assert "Approved £100.00" in line
    [posted] = lines(client, f"?event=transfer+posted&about=CL-{claim.id:04d}")
    assert "Debit outcome receivable: Wrenshire ICB / " in posted


def test_an_administrator_sees_the_trail_of_their_centre_and_of_its_people(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    other = builders.a_centre(session)
    payer = builders.a_payer(session)
    builders.a_contract(session, centre, payer)
    partner, stranger = builders.a_user(session), builders.a_user(session)
    builders.a_membership(session, Role.COMMISSIONER, user=partner, organisation=payer)
    builders.a_membership(session, Role.DIRECTOR, user=stranger, centre=other)
    session.commit()
    seen = {"here": None, "of a partner": partner, "of nobody": None, "at ours": stranger}
    centres = {"here": centre.id, "at ours": centre.id, "elsewhere": other.id, "both": other.id}
    for what, by in {**seen, "elsewhere": None, "both": partner, "of a stranger": stranger}.items():
        record(session, what, by, centre_id=centres.get(what))
    client.sign_in(administrator)
    found = " ".join(lines(client))
    for what in seen:
        assert what in found
    for what in ("elsewhere", "both", "of a stranger"):
        assert what not in found
    assert stranger.name not in " ".join(lines(client, "?about=at ours"))
    text = client.get("/audit/events.csv").text
    assert "of a partner" in text
    assert "elsewhere" not in text


def test_what_somebody_did_before_and_after_their_roles_here_is_not_told(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    user = builders.a_user(session, name="Priya Raman")
    held = builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    held.starts_on, held.ends_before = date(2026, 3, 30), date(2026, 11, 10)
    session.commit()
    # Midnight of London's summer, and of its winter.
    for day, told in (
        (datetime(2026, 3, 29, 22, 59, tzinfo=UTC), "before"),
        (datetime(2026, 3, 29, 23, 0, tzinfo=UTC), "first"),
        (datetime(2026, 11, 10, 23, 59, tzinfo=UTC), "as it ended"),
        (datetime(2026, 11, 11, 0, 0, tzinfo=UTC), "after"),
    ):
        for by, about, how in ((user.id, [], "by"), (None, [reference("user", user.id)], "about")):
            actor = Actor(by, "", "192.0.2.9", day)
            audit.record(session, actor, Event.SIGNED_IN, f"{told}, {how}", about=about)
    session.commit()
    client.sign_in(administrator)
    text = client.get("/audit/events.csv").text
    for told in ("first", "as it ended"):
        assert f"{told}, by" in text
        assert f"{told}, about" in text
    assert "before, " not in text
    assert "after, " not in text


def test_whose_sign_in_failed_is_told(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    user = builders.a_user(session, name="Priya Raman", email="priya@chec.example")
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    session.commit()
    client.application.config["WTF_CSRF_ENABLED"] = False
    client.post("/login", data={"email": user.email, "password": "not this one"})
    client.sign_in(administrator)
    [line] = lines(client, "?event=sign-in+failed")
    assert "POST /login Priya Raman" in line
    text = client.get("/audit/events.csv?event=sign-in+failed").text
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert reference("user", user.id) in row["about"]


def test_a_stranger_who_tried_is_shown_by_reference(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    stranger = builders.a_user(session, name="Eve Stranger")
    session.commit()
    record(session, "tried", stranger, centre_id=centre.id)
    client.sign_in(administrator)
    page = client.get("/audit").text
    assert "Eve Stranger" not in page
    assert f"U-{stranger.id:04d}" in page


def test_the_head_stands_above(client: Client, session: Session, administrator: User) -> None:
    client.sign_in(administrator)
    last = session.exec(select(AuditEvent).order_by(AuditEvent.id.desc())).first()  # type: ignore[attr-defined]
    assert last
    session.commit()
    page = soup(client.get("/audit"))
    head = page.select_one(".chec-fingerprint")
    assert head
    assert head.text == last.hash
    assert f"number {last.id}" in " ".join(page.text.split())


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?from=2026-11-17", {"late"}),
        ("?to=2026-11-16", {"early"}),
        ("?from=2026-11-16&to=2026-11-17", {"early", "late"}),
        ("?about=V-0042", {"late"}),
        ("?about=v-0042", {"late"}),
        ("?about=V-0043", set()),
        ("?centre=C-0001", {"early"}),
        ("?event=signed+out", {"late"}),
    ],
)
def test_the_trail_is_filtered(
    client: Client, session: Session, administrator: User, query: str, shown: set[str]
) -> None:
    for what, at, kind, centre_id, about in (
        ("early", datetime(2026, 11, 16, 23, 59, tzinfo=UTC), Event.SIGNED_IN, 1, ()),
        ("late", datetime(2026, 11, 17, 0, 0, tzinfo=UTC), Event.SIGNED_OUT, None, ("V-0042",)),
    ):
        actor = Actor(administrator.id, "", "", at)
        audit.record(session, actor, kind, what, centre_id=centre_id, about=about)
    session.commit()
    client.sign_in(administrator)
    found = " ".join(lines(client, query))
    assert {what for what in ("early", "late") if what in found} == shown
    if not shown:
        assert "No event fits this filter" in client.get(f"/audit{query}").text


def test_the_trail_of_one_person(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    other = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=other, centre=centre)
    session.commit()
    record(session, "theirs", other)
    record(session, "mine", administrator)
    client.sign_in(administrator)
    found = " ".join(lines(client, f"?person=U-{other.id:04d}"))
    assert ("theirs" in found, "mine" in found) == (True, False)


@pytest.mark.parametrize(
    "query",
    ["?about=Sam", "?person=U-9999", "?centre=C-0002", "?event=x", "?from=x", "?to=2026-1-1"],
)
def test_a_filter_that_is_none_says_so(
    client: Client, session: Session, administrator: User, query: str
) -> None:
    builders.a_centre(session)
    session.commit()
    client.sign_in(administrator)
    for path in ("/audit", "/audit/events.csv"):
        response = client.get(f"{path}{query}")
        assert response.status_code == 422


def test_a_long_trail_is_paged_both_ways(
    client: Client, session: Session, administrator: User
) -> None:
    for number in range(120):
        audit.record(session, builders.an_actor(), Event.SIGNED_IN, f"S-{number:04d}", centre_id=1)
    session.commit()
    client.sign_in(administrator)
    first = numbers(client)
    assert first == list(range(first[0], first[0] - 50, -1))
    second = numbers(client, f"?before={first[-1]}")
    assert second == list(range(first[-1] - 1, first[-1] - 51, -1))
    page = soup(client.get(f"/audit?before={first[-1]}"))
    hrefs = [str(link["href"]) for link in page.select(".nhsuk-pagination a")]
    assert hrefs == [f"/audit?after={second[0]}", f"/audit?before={second[-1]}"]
    assert numbers(client, f"?after={second[0]}") == first
    assert numbers(client, "?before=1") == []
    assert client.get("/audit?before=x").status_code == 404


def test_the_page_asks_as_many_queries_however_long_the_trail_is(
    app: Flask, client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    client.sign_in(administrator)
    asked: list[str] = []
    event.listen(
        app.extensions["chec_engine"], "after_cursor_execute", lambda *a: asked.append(str(a[2]))
    )
    counts = []
    for more in (30, 60):
        for _ in range(more):
            builders.a_transfer(session, centre, Cause.TRANCHE)
        session.commit()
        asked.clear()
        assert client.get("/audit").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 14


def test_the_download_holds_what_the_filter_lets_through_and_is_recorded(
    client: Client, session: Session, administrator: User
) -> None:
    record(session, "V-0042", administrator, centre_id=1, after={"pence": 500, "state": "draft"})
    client.sign_in(administrator)
    text = client.get("/audit/events.csv?about=V-0042").text.removeprefix("\ufeff")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["event"], row["on"], row["centre"]) == ("signed in", "V-0042", "C-0001")
    assert row["changes"] == "amount: £5.00; state: draft"
    assert (row["person"], row["from"]) == ("George Whitlock", "192.0.2.9")
    kept = session.get_one(AuditEvent, int(row["number"]))
    assert (row["hash"], row["at"]) == (kept.hash, kept.at.isoformat())
    taken = session.exec(select(AuditEvent).where(AuditEvent.event == Event.DOWNLOADED)).one()
    assert (taken.subject, taken.detail) == ("GET /audit/events.csv", "filtered by about")


def test_the_demo_s_administrator_reads_the_trail(demo_client: Client, demo_engine: Engine) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.ADMINISTRATOR))
    page = soup(demo_client.get("/audit"))
    [entry] = page.select("header a[href='/audit']")
    assert entry.get_text(strip=True) == "Audit trail"
    assert len(page.select(".chec-trail tbody tr")) == 50


def test_what_stands_in_an_event_is_text(
    client: Client, session: Session, administrator: User
) -> None:
    after = {"<u>": "<s>"}
    record(session, "<b>on</b>", administrator, centre_id=1, detail="<i>x</i>", after=after)
    client.sign_in(administrator)
    text = client.get("/audit").text
    for markup in ("<b>on", "<i>x", "<u>", "<s>"):
        assert markup not in text
    assert "&lt;b&gt;on" in text


def test_what_the_viewer_may_not_know_is_neither_named_nor_a_role(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    other = builders.a_centre(session, name="Secret Centre")
    fund = builders.an_investor(session, name="Hidden Fund")
    venture = builders.a_venture(session, other, name="Hidden Venture")
    contract = builders.a_contract(session, other)
    texts = [
        f"{noun}-{row.id:04d}"
        for noun, row in (("C", other), ("O", fund), ("V", venture), ("CN", contract))
    ]
    roles = f"director of C-{other.id:04d}, administrator of C-0001, investor of O-{fund.id:04d}"
    actor = Actor(administrator.id, roles, "", builders.NOW)
    after = {"payer": " ".join(texts)}
    audit.record(session, actor, Event.REFUSED, texts[0], centre_id=centre.id, after=after)
    session.commit()
    hidden = (other.name, fund.name, venture.name, contract.reference)
    session.commit()
    client.sign_in(administrator)
    [line] = lines(client, "?event=refused")
    assert "George Whitlock, administrator of Wren Valley" in line
    for name in (*hidden, "director", "investor"):
        assert name not in line
    text = client.get("/audit/events.csv?event=refused").text
    assert "administrator of C-0001" in text
    assert "director of" not in text
    assert "investor of" not in text


@pytest.mark.backend("sqlite")
def test_what_is_done_to_a_person_of_several_centres_stands_in_the_trail_of_each(
    client: Client, session: Session, centre: Centre, administrator: User
) -> None:
    other, payer = builders.a_centre(session, name="Secret Centre"), builders.a_payer(session)
    for each in (centre, other):
        builders.a_contract(session, each, payer)
    by, to = builders.a_user(session, name="Adm Both"), builders.a_user(session)
    builders.a_membership(session, Role.ADMINISTRATOR, user=by, centre=centre)
    acting = holder(session, Role.ADMINISTRATOR, user=by, centre=other)
    today, grant = builders.NOW.date(), Grant(Role.COMMISSIONER, organisation_id=payer.id)
    sent = invite_person(session, acting, other, Invited("x@chec.example", "X Y", grant, today))
    assert isinstance(sent, Sent)
    withdraw_invitation(session, acting, sent.invitation)
    held = give_grant(session, acting, to, grant, starts_on=today, ends_before=None)
    lock_account(session, acting, to)
    unlock_account(session, acting, to)
    end_membership(session, acting, held)
    session.commit()
    client.sign_in(administrator)
    for what in (
        *("person invited", "invitation withdrawn", "membership given", "account locked"),
        *("account unlocked", "membership ended"),
    ):
        found = lines(client, f"?event={what.replace(' ', '+')}&person=U-{by.id:04d}")
        assert len(found) == 1, what
        assert "Adm Both" in found[0]
        assert "Secret Centre" not in found[0]
        assert "C-0002" not in found[0]


@pytest.mark.parametrize(
    ("attempts", "told"),
    [(2, "It is tried again on 16 November 2026 at 09:40."), (5, "It is not tried again.")],
)
def test_a_mail_that_did_not_go_out_is_told_to_whom_it_was_for(
    client: Client, session: Session, administrator: User, attempts: int, told: str
) -> None:
    centre, colleague = session.get_one(Centre, 1), builders.a_user(session)
    builders.a_membership(session, Role.ADMINISTRATOR, user=colleague, centre=centre)
    session.commit()
    for day, state in ((15, JobState.FAILED), (16, JobState.FAILED)):
        run = JobRun(
            job=TRAIL_MAIL,
            centre_id=centre.id,
            period=mail_period(date(2026, 11, day), administrator.id),
            state=state,
            requested_at=builders.NOW,
            finished_at=builders.NOW,
            attempt_count=attempts,
        )
        session.add(run)
    session.commit()
    client.sign_in(administrator)
    [warning] = soup(client.get("/audit")).select(".nhsuk-card--warning")
    text = " ".join(warning.text.split())
    assert "16 November 2026 with the hash of the last event, for Wren Valley" in text
    assert told in text
    run.state = JobState.DONE
    session.add(run)
    session.commit()
    assert not soup(client.get("/audit")).select(".nhsuk-card--warning")
    run.state = JobState.FAILED
    session.add(run)
    session.commit()
    client.sign_in(colleague)
    assert not soup(client.get("/audit")).select(".nhsuk-card--warning")
