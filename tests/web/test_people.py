"""People of a centre and their roles."""

import re
from datetime import date, timedelta
from typing import cast

import pytest
from flask import Flask
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec import clock
from chec.config import Settings
from chec.models import Cause, Centre, Invitation, Organisation, Role, User
from chec.web.formats import day
from tests import builders
from tests.client import Client, soup
from tests.role_holders import holder, user_of


def an_administrator(session: Session, centre: Centre) -> User:
    user = builders.a_user(session, name="Ada Min")
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    return user


def test_an_administrator_sees_everybody_whose_role_reaches_the_centre(
    client: Client, session: Session
) -> None:
    centre, elsewhere = builders.a_centre(session), builders.a_centre(session)
    admin = an_administrator(session, centre)
    payer, stranger = builders.a_payer(session), builders.a_payer(session)
    builders.a_transfer(session, centre, Cause.APPROVAL, payer=payer)
    terms = builders.an_instrument(session, centre)
    investor = session.get_one(Organisation, terms.investor_id)
    venture = builders.a_venture(session, centre)
    for name, role, held in (
        ("Dee", Role.DIRECTOR, {"centre": centre}),
        ("Ivo", Role.INVESTOR, {"organisation": investor}),
        ("Com", Role.COMMISSIONER, {"organisation": payer}),
        ("Pro", Role.PROVIDER, {"venture": venture}),
        ("Far", Role.DIRECTOR, {"centre": elsewhere}),
        ("Off", Role.COMMISSIONER, {"organisation": stranger}),
    ):
        builders.a_membership(session, role, user=builders.a_user(session, name=name), **held)
    session.commit()
    client.sign_in(admin)
    page = soup(client.get("/centres/C-0001/people"))
    names = [next(cell.stripped_strings) for cell in page.select("tbody th")]
    assert names == ["Ada Min", "Com", "Dee", "Ivo", "Pro"]


def test_it_says_from_when_to_when_and_whether_today(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    today = clock.today()
    ended, coming = builders.a_user(session, name="Bea"), builders.a_user(session, name="Cy")
    builders.a_membership(
        session,
        Role.DIRECTOR,
        user=ended,
        centre=centre,
        starts_on=date(2025, 1, 1),
        ends_before=date(2025, 4, 1),
    )
    builders.a_membership(
        session, Role.EVALUATOR, user=coming, centre=centre, starts_on=today + timedelta(days=1)
    )
    session.commit()
    client.sign_in(admin)
    present, left = soup(client.get("/centres/C-0001/people")).select(".chec-people")
    assert [row.select("td")[-1].text.strip() for row in present.select("tbody tr")] == [
        "Current",
        "To come",
    ]
    [row] = left.select("tbody tr")
    assert row.select("td")[-1].text.strip() == "Ended"
    assert [cell.text.strip() for cell in row.select(".chec-date")] == [
        "1 Jan 2025",
        "31 Mar 2025",
    ]


def test_people_of_another_centre_are_not_found(client: Client, session: Session) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    builders.a_centre(session)
    session.commit()
    client.sign_in(admin)
    assert client.get("/centres/C-0002/people").status_code == 404
    assert client.get("/centres/C-0009/people").status_code == 404


@pytest.mark.parametrize("role", [Role.EVALUATOR, None])
def test_nobody_else_opens_it(client: Client, session: Session, role: Role | None) -> None:
    user, centre = builders.a_user(session), builders.a_centre(session)
    if role:
        builders.a_membership(session, role, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    assert client.get("/centres/C-0001/people").status_code == 403


def test_a_director_sees_the_addresses_of_those_they_may_act_on(
    client: Client, session: Session
) -> None:
    centre = builders.a_centre(session)
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    venture = builders.a_venture(session, centre)
    team = user_of(session, holder(session, Role.PROVIDER, venture=venture))
    admin = an_administrator(session, centre)
    session.commit()
    client.sign_in(director)
    for page in ("", f"/U-{team.id:04d}", f"/U-{admin.id:04d}"):
        text = client.get(f"/centres/C-0001/people{page}").text
        assert admin.email not in text
        assert (team.email in text) is (page != f"/U-{admin.id:04d}")


def test_the_menu_holds_what_the_role_opens(client: Client, session: Session) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    menu = soup(client.get("/centres/C-0001/people")).select("header nav[aria-label=Sections] a")
    current = [link.text.strip() for link in menu if link.get("aria-current")]
    assert current == ["People"]


def test_a_person_of_another_centre_is_not_found(client: Client, session: Session) -> None:
    here, there = builders.a_centre(session), builders.a_centre(session)
    admin = an_administrator(session, here)
    near = builders.a_membership(session, Role.DIRECTOR, centre=here)
    far = builders.a_membership(session, Role.DIRECTOR, centre=there)
    session.commit()
    client.sign_in(admin)
    for page in (
        f"U-{far.user_id:04d}",
        f"U-{far.user_id:04d}/roles/give",
        f"U-{far.user_id:04d}/lock",
        f"U-{far.user_id:04d}/unlock",
        f"U-{far.user_id:04d}/reset-second-factor",
        f"U-{far.user_id:04d}/roles/M-{far.id:04d}/end",
        f"U-{near.user_id:04d}/roles/M-{far.id:04d}/end",
        "U-9999",
        "invitations/INV-0001",
    ):
        assert client.get(f"/centres/C-0001/people/{page}").status_code == 404, page


def test_a_role_of_a_person_elsewhere_is_not_shown(client: Client, session: Session) -> None:
    here, there = builders.a_centre(session), builders.a_centre(session, name="Hidden")
    admin = an_administrator(session, here)
    both = user_of(session, holder(session, Role.DIRECTOR, centre=here))
    builders.a_membership(session, Role.DIRECTOR, user=both, centre=there)
    session.commit()
    client.sign_in(admin)
    for page in ("", f"/U-{both.id:04d}", f"/U-{both.id:04d}/lock"):
        assert "Hidden" not in client.get(f"/centres/C-0001/people{page}").text


def test_a_person_is_invited_by_mail(client: Client, session: Session, settings: Settings) -> None:
    admin = an_administrator(session, builders.a_centre(session, name="Wren Valley"))
    session.commit()
    client.sign_in(admin)
    response = invite(client)
    assert (response.status_code, response.headers["Location"]) == (
        303,
        "/centres/C-0001/people#invitations",
    )
    page = client.get("/centres/C-0001/people").text
    assert "Jo Reed is invited. The link is on its way by mail." in page
    [mail] = mails(settings)
    assert "To: jo@chec.example" in mail
    assert "Ada Min invites you to CHEC as director of Wren Valley." in mail
    [token] = re.findall(r"http://localhost/invitations/([\w-]{43})\n", mail)
    assert token not in page
    assert token not in client.get("/centres/C-0001/people/invitations/INV-0001").text


def test_whether_somebody_has_an_account_is_not_told_to_whoever_invites_them(
    client: Client, session: Session, settings: Settings
) -> None:
    admin = an_administrator(session, builders.a_centre(session, name="Wren Valley"))
    builders.a_user(session, email="jo@chec.example", name="Jo Known")
    session.commit()
    client.sign_in(admin)
    page = client.get(invite(client).headers["Location"])
    assert "Jo Reed is invited. The link is on its way by mail." in page.text
    assert "Jo Known" not in page.text
    [mail] = mails(settings)
    assert "Jo Known" not in mail


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Enter the person"),
        ({"name": "x" * 121}, "Shorten it"),
        ({"name": "943 476 5919"}, "NHS number"),
        ({"email": "nobody"}, "Give an email address"),
        ({"held_for": ""}, "Choose the role"),
        ({"held_for": "director of C-0002"}, "Choose one of the list"),
        ({"starts_on-day": "31", "starts_on-month": "2"}, "has no day 31"),
        ({"starts_on-year": "2020"}, "begins today at the earliest"),
        ({"last_day-day": "1", "last_day-month": "1", "last_day-year": "2020"}, "before the first"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_kept(
    client: Client, session: Session, settings: Settings, fields: dict[str, str], says: str
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    builders.a_centre(session)
    session.commit()
    client.sign_in(admin)
    response = invite(client, **fields)
    assert response.status_code == 422
    page = soup(response)
    assert says in page.select_one(".nhsuk-error-summary").text  # type: ignore[union-attr]
    assert says in "".join(each.text for each in page.select(".nhsuk-error-message"))
    assert page.title is not None
    assert page.title.text.startswith("Error: ")
    for name, typed in ({"name": "Jo Reed", "email": "jo@chec.example"} | fields).items():
        field = page.select_one(f"input[name={name}]")
        if field and "943" not in typed:
            assert field["value"] == typed
    session.rollback()
    assert session.exec(select(Invitation)).all() == []
    assert mails(settings) == []


def test_all_that_is_wrong_with_an_invitation_is_said_at_once(
    client: Client, session: Session
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    wrong = {"email": "dee@example,org", "name": "www.evil.example", "held_for": ""}
    page = soup(invite(client, **wrong, **{"starts_on-day": "31", "starts_on-month": "2"}))
    told = [each.text for each in page.select(".nhsuk-error-summary li")]
    as_on_the_page = "Leave addresses", "Give an email address", "Choose the role", "has no day 31"
    for each, says in zip(told, as_on_the_page, strict=True):
        assert says in each


def test_inviting_oneself_is_refused_at_the_address(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    session.commit()
    client.sign_in(director)
    page = soup(invite(client, email=director.email, held_for="evaluator of C-0001"))
    [link] = page.select(".nhsuk-error-summary li a")
    assert link["href"] == "#email"
    assert "Ask an administrator, or another one, to do it." in link.text


def test_a_director_is_offered_the_roles_that_they_give(client: Client, session: Session) -> None:
    centre = builders.a_centre(session, name="Wren Valley")
    builders.an_instrument(session, centre, builders.an_investor(session, name="Cobble Lane"))
    builders.a_contract(session, centre, builders.a_payer(session, name="Wrenshire ICB"))
    builders.a_venture(session, centre, name="COPD helpline")
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    admin = an_administrator(session, centre)
    session.commit()
    for user, offered in (
        (
            director,
            [
                "Evaluator of Wren Valley",
                "Investor for Cobble Lane",
                "Provider team of COPD helpline",
            ],
        ),
        (
            admin,
            [
                "Administrator of Wren Valley",
                "Director of Wren Valley",
                "Evaluator of Wren Valley",
                "Investor for Cobble Lane",
                "Commissioner for Wrenshire ICB",
                "Provider team of COPD helpline",
            ],
        ),
    ):
        client.sign_in(user)
        page = soup(client.get("/centres/C-0001/people/invite"))
        assert [each.text.strip() for each in page.select("option")] == ["Choose a role", *offered]


def test_an_invitation_is_sent_again_and_withdrawn(
    client: Client, session: Session, settings: Settings
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    invite(client)
    address = "/centres/C-0001/people/invitations/INV-0001"
    assert "Open" in client.get(address).text
    assert client.post(f"{address}/send-again").status_code == 303
    links = {link for mail in mails(settings) for link in re.findall(r"/invitations/(\S+)", mail)}
    assert len(links) == 2
    assert client.post(f"{address}/withdraw").status_code == 303
    page = client.get(address)
    assert "Withdrawn" in page.text
    assert not soup(page).select("main form")
    assert client.post(f"{address}/withdraw").status_code == 409
    assert client.post(f"{address}/send-again").status_code == 409
    stranger = client.application.test_client()
    assert {stranger.get(f"/invitations/{link}").status_code for link in links} == {404}


def test_a_person_is_written_to_five_times_an_hour_and_no_more(
    client: Client, session: Session, settings: Settings
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    invite(client)
    again = "/centres/C-0001/people/invitations/INV-0001/send-again"
    assert [client.post(again).status_code for _ in range(4)] == [303] * 4
    refused = client.post(again)
    assert refused.status_code == 409
    assert "This person has had several mails about invitations or roles" in refused.text
    assert len(list(mails(settings))) == 5


def test_a_role_is_given_and_the_person_told(
    client: Client, session: Session, settings: Settings
) -> None:
    centre = builders.a_centre(session, name="Wren Valley")
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.EVALUATOR, centre=centre)
    session.commit()
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{held.user_id:04d}"
    data = {"held_for": "director of C-0001", **typed("starts_on", clock.today())}
    assert client.post(f"{address}/roles/give", data=data).headers["Location"] == address
    roles = soup(client.get(address)).select("tbody th")
    assert [next(role.stripped_strings) for role in roles] == ["Evaluator", "Director"]
    assert len(mails(settings)) == 1
    again = client.post(f"{address}/roles/give", data=data)
    assert again.status_code == 422
    assert "holds that role already" in again.text


def test_whoever_is_given_a_role_is_told_its_days(
    client: Client, session: Session, settings: Settings
) -> None:
    centre = builders.a_centre(session, name="Wren Valley")
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.EVALUATOR, centre=centre)
    session.commit()
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{held.user_id:04d}"
    today = clock.today()
    days = {**typed("starts_on", today), **typed("last_day", today)}
    client.post(f"{address}/roles/give", data={"held_for": "director of C-0001", **days})
    told = f"director of Wren Valley, from {day(today)} to {day(today)}, the last day."
    assert told in client.get(address).text
    [mail] = mails(settings)
    assert f"Ada Min has made you {told}" in mail


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (0, None, "."),
        (9, None, ", from {first}."),
        (0, 30, ", until {last}, the last day."),
        (9, 30, ", from {first} to {last}, the last day."),
    ],
)
def test_whoever_is_invited_is_told_the_days_that_are_not_plain(
    client: Client, session: Session, settings: Settings, first: int, *, last: int | None, told: str
) -> None:
    admin = an_administrator(session, builders.a_centre(session, name="Wren Valley"))
    session.commit()
    client.sign_in(admin)
    starts_on, last_day = (clock.today() + timedelta(days=each or 0) for each in (first, last))
    ends = typed("last_day", last_day) if last else {}
    assert invite(client, **typed("starts_on", starts_on), **ends).status_code == 303
    [mail] = mails(settings)
    days = told.format(first=day(starts_on), last=day(last_day))
    assert f"Ada Min invites you to CHEC as director of Wren Valley{days}" in mail


def test_a_role_ends_at_the_next_request(client: Client, app: Flask, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    session.commit()
    theirs = cast(Client, app.test_client())
    theirs.sign_in(user)
    assert theirs.get("/centres/C-0001").status_code == 200
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{held.user_id:04d}/roles/M-{held.id:04d}/end"
    page = client.get(address)
    assert "release a tranche" in page.text
    assert client.post(address).status_code == 303
    assert theirs.get("/centres/C-0001").status_code == 403
    assert "You have no role today" in theirs.get("/").text
    assert "This role has ended already." in client.get(address).text
    assert client.post(address).status_code == 409


def test_whoever_loses_a_role_is_told_by_mail(
    client: Client, session: Session, settings: Settings
) -> None:
    centre = builders.a_centre(session, name="Wren Valley")
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    session.commit()
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{user.id:04d}"
    client.post(f"{address}/roles/M-{held.id:04d}/end")
    assert (
        "is no longer director of Wren Valley. They are told by mail." in client.get(address).text
    )
    client.post(f"{address}/roles/M-{held.id:04d}/end")
    [mail] = mails(settings)
    assert f"To: {user.email}" in mail
    assert "Ada Min has ended your role: you are no longer director of Wren Valley." in mail


def test_what_is_not_theirs_to_end_says_why_and_is_refused(
    client: Client, session: Session
) -> None:
    centre = builders.a_centre(session)
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    other = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    session.commit()
    client.sign_in(director)
    address = f"/centres/C-0001/people/U-{other.user_id:04d}"
    assert not soup(client.get(address)).select("td a")
    page = client.get(f"{address}/roles/M-{other.id:04d}/end")
    assert "an administrator gives and ends the role of director" in page.text
    assert not soup(page).select("main form")
    assert client.post(f"{address}/roles/M-{other.id:04d}/end").status_code == 409


def test_nobody_is_offered_an_act_on_themselves(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    session.commit()
    client.sign_in(admin)
    page = soup(client.get(f"/centres/C-0001/people/U-{admin.id:04d}"))
    assert not page.select("main a[role=button], td a")
    for act in ("lock", "unlock", "reset-second-factor"):
        address = f"/centres/C-0001/people/U-{admin.id:04d}/{act}"
        assert not soup(client.get(address)).select("main form")
        assert client.post(address).status_code == 409


def test_an_account_is_locked_and_unlocked(client: Client, app: Flask, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    session.commit()
    theirs = cast(Client, app.test_client())
    theirs.sign_in(user)
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{held.user_id:04d}"
    assert client.post(f"{address}/lock").headers["Location"] == address
    assert "Locked" in client.get(address).text
    assert "Locked" in client.get("/centres/C-0001/people").text
    assert theirs.get("/centres/C-0001").status_code == 302
    assert client.post(f"{address}/unlock").headers["Location"] == address
    assert theirs.get("/centres/C-0001").status_code == 302


def test_a_second_factor_is_reset_and_the_person_told(
    client: Client, session: Session, settings: Settings
) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    user = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    session.commit()
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{user.id:04d}"
    assert "there is nothing to reset" in client.get(f"{address}/reset-second-factor").text
    user.tf_primary_method, user.tf_totp_secret = "authenticator", "kept"
    session.add(user)
    session.commit()
    assert "Authenticator app" in client.get(address).text
    assert client.post(f"{address}/reset-second-factor").headers["Location"] == address
    session.refresh(user)
    assert not user.has_second_factor
    [mail] = mails(settings)
    assert f"To: {user.email}" in mail


def invite(client: Client, **fields: str) -> TestResponse:
    """The answer to the form, filled in well but for `fields`."""
    data = {
        "name": "Jo Reed",
        "email": "jo@chec.example",
        "held_for": "director of C-0001",
        **typed("starts_on", clock.today()),
        **fields,
    }
    return client.post("/centres/C-0001/people/invite", data=data)


def typed(name: str, day: date) -> dict[str, str]:
    parts = {"day": day.day, "month": day.month, "year": day.year}
    return {f"{name}-{part}": str(number) for part, number in parts.items()}


def mails(settings: Settings) -> list[str]:
    """What was written instead of sent."""
    return [file.read_text() for file in settings.mail_dir.glob("*.eml")]
