"""Money in and out: each act is looked at, then confirmed, then stands in the ledger."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, func, select

from chec.actions.ledger import reverse_transfer
from chec.actions.quarters import close_quarter
from chec.finance.periods import quarter_of
from chec.models import (
    AuditEvent,
    Cause,
    Centre,
    Event,
    FundingAgreement,
    Instrument,
    InstrumentKind,
    Organisation,
    Role,
    Stage,
    Transfer,
    User,
    Venture,
)
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup

MARCH = date(2026, 3, 2)
CONFIRM = {"confirmed": "yes"}
ACTS = ("commit", "draw", "promise", "release", "spend", "distribute")


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def rich(session: Session, centre: Centre) -> Centre:
    """£10,000 in the bank, by a grant."""
    builders.a_transfer(session, centre, Cause.GRANT, pence=1_000_000)
    session.commit()
    return centre


def address(centre: Centre, act: str = "") -> str:
    return f"/centres/{reference('centre', centre.id)}/money{act and '/'}{act}"


def sent(on: date = MARCH, /, **fields: str) -> dict[str, str]:
    """A form as it is filled in; its token is new."""
    day = {"on-day": str(on.day), "on-month": str(on.month), "on-year": str(on.year)}
    return {**day, "idempotency_key": str(uuid4()), **fields}


def hidden(page: Any) -> dict[str, str]:
    """What the page to confirm sends again."""
    inputs = page.select("main form input[type=hidden]")
    return {each["name"]: each["value"] for each in inputs if each["name"] != "csrf_token"}


def touched(page: Any) -> dict[str, tuple[str, ...]]:
    """Before, change and after of each account on the page to confirm, on a desktop."""
    table = page.find("div", attrs={"aria-label": "Accounts"})
    for each in table.select(".chec-narrow-only"):
        each.decompose()
    return {
        " ".join(row.th.get_text(" ", strip=True).split()): tuple(
            cell.get_text(strip=True) for cell in row.select("td")
        )
        for row in table.select("tbody tr")
    }


def done(client: Client, centre: Centre, act: str, fields: Mapping[str, str]) -> Any:
    """The answer to what the page to confirm sends."""
    page = soup(client.post(address(centre, act), data=fields))
    assert "Check before you confirm" in page.text
    return client.post(address(centre, act), data={**hidden(page), **CONFIRM})


def count(session: Session, table: Any = Transfer) -> int:
    with Session(session.get_bind()) as beside:
        return beside.exec(select(func.count()).select_from(table)).one()


def last(session: Session, table: Any = Transfer) -> Any:
    """The newest row, looked at beside `session`, which would keep others from writing."""
    with Session(session.get_bind()) as beside:
        found = beside.exec(select(table).order_by(table.id.desc())).first()
        beside.expunge(found)
        return found


def error(response: Any, field: str) -> str:
    assert response.status_code == 422
    found = soup(response).find(id=f"{field}-error")
    assert found, soup(response).select("[class*=error]")
    return found.get_text(" ", strip=True)


def test_a_running_cost_shows_its_accounts_and_then_stands_in_the_ledger(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = sent(pounds="1,250.50", memo="Audit fee")
    looked = client.post(address(rich, "spend"), data=fields)
    assert looked.status_code == 200
    assert touched(soup(looked)) == {
        "Bank Credit of £1,250.50": ("£10,000.00", "−£1,250.50", "£8,749.50"),
        "Operating cost New account Debit of £1,250.50": ("£0.00", "+£1,250.50", "£1,250.50"),
    }
    assert count(session) == 1
    response = client.post(address(rich, "spend"), data={**hidden(soup(looked)), **CONFIRM})
    posted = last(session)
    assert response.status_code == 303
    assert response.location == f"/transfers/{reference('transfer', posted.id)}"
    assert (posted.pence, posted.cause, posted.memo, posted.on) == (
        125_050,
        "running cost",
        "Audit fee",
        MARCH,
    )
    assert "£1,250.50 is recorded" in client.get(response.location).text


def test_confirming_twice_acts_once_and_leads_to_the_same_transfer(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = sent(pounds="5", memo="Stamps")
    answers = [client.post(address(rich, "spend"), data={**fields, **CONFIRM}) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert count(session) == 2


def test_a_form_filled_in_again_after_it_was_sent_leads_to_what_it_recorded(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = sent(pounds="5", memo="Stamps")
    first = client.post(address(rich, "spend"), data={**fields, **CONFIRM})
    again = client.post(address(rich, "spend"), data={**fields, "pounds": "7"})
    assert (again.status_code, again.location) == (303, first.location)
    assert "was recorded already" in client.get(again.location).text
    assert count(session) == 2


def test_change_leads_back_to_the_form_as_it_was_filled_in(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = sent(pounds="12.50", memo="Tea")
    page = soup(client.post(address(rich, "spend"), data=fields))
    response = client.post(address(rich, "spend"), data={**hidden(page), "change": "yes"})
    assert response.status_code == 200
    form = soup(response)
    assert form.find(id="pounds")["value"] == "12.50"  # type: ignore[index]
    assert form.find(id="memo")["value"] == "Tea"  # type: ignore[index]
    assert form.find(id="on-year")["value"] == "2026"  # type: ignore[index]
    assert hidden(form)["idempotency_key"] == fields["idempotency_key"]
    assert not form.select(".nhsuk-error-summary")


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"pounds": ""}, "pounds", "Enter the amount"),
        ({"pounds": "-5"}, "pounds", "above zero"),
        ({"pounds": "10,000.01"}, "pounds", "£0.01 short at the end of 2 March 2026"),
        ({"pounds": "20,000,000,000"}, "pounds", "above £10,000,000,000"),
        ({"on-year": "2099"}, "on", "in the future"),
        ({"on-year": "2021"}, "on", "before the centre opened"),
        ({"on-month": "13"}, "on", "from 1 to 12"),
        ({"on-year": "2022", "on-month": "4"}, "on", "which is closed"),
        ({"memo": "  "}, "memo", "Say what it was for"),
        ({"memo": "=cmd()"}, "memo", "spreadsheet formula"),
        ({"memo": "x" * 301}, "memo", "Shorten it"),
        ({"memo": "Patient 943 476 5919"}, "memo", "NHS number"),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_what_cannot_be_recorded_is_said_at_its_field_or_refused_where_it_is_confirmed(
    client: Client,
    session: Session,
    rich: Centre,
    director: User,
    *,
    fields: dict[str, str],
    field: str,
    says: str,
    confirmed: bool,
) -> None:
    close_quarter(session, builders.an_actor(), rich, quarter_of(date(2022, 4, 1)))
    session.commit()
    client.sign_in(director)
    told = {**sent(pounds="5", memo="Stamps"), **fields, **(CONFIRM if confirmed else {})}
    response = client.post(address(rich, "spend"), data=told)
    assert "943 476" not in response.text
    if response.status_code == 409:
        assert confirmed
        assert says in response.text
    else:
        assert says in error(response, field)
    assert count(session) == 1


def test_a_stale_or_forged_token_is_refused(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = sent(pounds="5", memo="Stamps", idempotency_key="x")
    response = client.post(address(rich, "spend"), data={**fields, **CONFIRM})
    assert response.status_code == 422
    assert "out of date" in response.text
    assert count(session) == 1


def test_two_who_look_at_the_same_money_do_not_both_spend_it(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    client.sign_in(director)
    pages = [
        soup(client.post(address(rich, "spend"), data=sent(pounds="6000", memo=memo)))
        for memo in ("Van", "Roof")
    ]
    answers = [
        client.post(address(rich, "spend"), data={**hidden(page), **CONFIRM}) for page in pages
    ]
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "£2,000.00 short" in answers[1].text
    assert count(session) == 2


def a_commitment(**fields: str) -> dict[str, str]:
    given = {"known": "", "investor": "", "reference": "HF-1", "kind": "loan", "pounds": "5000"}
    return sent(**{**given, **fields})


def test_a_commitment_of_a_new_investor_touches_no_account(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = a_commitment(investor="Harbour Fund")
    page = soup(client.post(address(centre, "commit"), data=fields))
    text = page.get_text(" ", strip=True)
    assert "it touches no account" in text
    assert "this is the first, of £5,000.00" in text
    response = client.post(address(centre, "commit"), data={**hidden(page), **CONFIRM})
    assert response.location == address(centre)
    assert "Harbour Fund" in client.get(response.location).text
    agreed = last(session, Instrument)
    assert (agreed.reference, agreed.kind, agreed.committed_pence) == ("HF-1", "loan", 500_000)
    assert count(session) == 0


def test_a_known_investor_promises_more_and_the_page_adds_it_up(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    known = builders.an_instrument(session, centre, reference="HF-1", committed_pence=200_000)
    session.commit()
    client.sign_in(director)
    whose = reference("organisation", known.investor_id)
    page = client.post(address(centre, "commit"), data=a_commitment(known=whose, reference="HF-2"))
    text = soup(page).get_text(" ", strip=True)
    assert "has committed £2,000.00 to this centre so far, and £7,000.00 with this" in text


def test_an_investor_of_another_centre_is_used_and_never_listed(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    investor = builders.an_investor(session, name="Harbour Fund")
    builders.an_instrument(session, builders.a_centre(session), investor)
    session.commit()
    client.sign_in(director)
    assert "Harbour Fund" not in client.get(address(centre, "commit")).text
    response = done(client, centre, "commit", a_commitment(investor=" harbour  fund"))
    assert response.status_code == 303
    assert session.exec(
        select(Instrument.investor_id).where(Instrument.centre_id == centre.id)
    ).all() == [investor.id]


def test_the_same_commitment_confirmed_twice_is_one(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    fields = {**a_commitment(investor="Harbour Fund"), **CONFIRM}
    answers = [client.post(address(centre, "commit"), data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert count(session, Instrument) == 1
    other = client.post(address(centre, "commit"), data={**fields, "pounds": "6000"})
    assert other.status_code == 409
    assert "already has an instrument called HF-1" in other.text


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "investor", "or name a new one here"),
        ({"investor": "Wrenshire ICB"}, "investor", "Wrenshire ICB is not an investor"),
        ({"investor": "A: B"}, "investor", "parts the names"),
        ({"investor": "New", "kind": "gift"}, "kind", "Choose one of the list"),
        ({"investor": "New", "kind": ""}, "kind", "Choose the kind"),
        ({"investor": "New", "reference": "x" * 61}, "reference", "60 characters"),
        ({"investor": "New", "reference": "TAKEN"}, "reference", "already has"),
        ({"investor": "New", "known": "O-9999"}, "known", "Choose one of the list"),
        ({"investor": "New", "on-year": "2099"}, "on", "in the future"),
        ({"investor": "943 476 5919"}, "investor", "NHS number"),
    ],
)
def test_a_commitment_that_cannot_be_says_why(
    client: Client,
    session: Session,
    centre: Centre,
    director: User,
    *,
    fields: dict[str, str],
    field: str,
    says: str,
) -> None:
    builders.a_payer(session, name="Wrenshire ICB")
    builders.an_instrument(session, centre, reference="Taken")
    session.commit()
    client.sign_in(director)
    response = client.post(address(centre, "commit"), data=a_commitment(**fields))
    assert says in error(response, field)
    assert count(session, Instrument) == 1


def a_drawdown(instrument: Instrument, pounds: str, **fields: str) -> dict[str, str]:
    return sent(instrument=reference("instrument", instrument.id), pounds=pounds, memo="", **fields)


@pytest.mark.parametrize(
    ("kind", "cause", "account"),
    [
        (InstrumentKind.LOAN, "drawdown", "Investor capital: Harbour / HF-1"),
        (InstrumentKind.GRANT, "grant", "Grant income: Harbour"),
    ],
)
def test_money_received_is_a_drawdown_or_a_grant(
    client: Client,
    session: Session,
    centre: Centre,
    director: User,
    *,
    kind: InstrumentKind,
    cause: str,
    account: str,
) -> None:
    investor = builders.an_investor(session, name="Harbour")
    instrument = builders.an_instrument(session, centre, investor, reference="HF-1", kind=kind)
    session.commit()
    client.sign_in(director)
    page = soup(client.post(address(centre, "draw"), data=a_drawdown(instrument, "4000")))
    assert touched(page) == {
        "Bank New account Debit of £4,000.00": ("£0.00", "+£4,000.00", "£4,000.00"),
        f"{account} New account Credit of £4,000.00": ("£0.00", "+£4,000.00", "£4,000.00"),
    }
    assert "£996,000.00" in page.get_text()
    client.post(address(centre, "draw"), data={**hidden(page), **CONFIRM})
    posted = last(session)
    assert (posted.cause, posted.reference, posted.pence) == (cause, "HF-1", 400_000)


@pytest.mark.parametrize("kind", [InstrumentKind.LOAN, InstrumentKind.GRANT])
def test_no_more_is_drawn_than_is_undrawn_and_a_reversal_gives_it_back(
    client: Client, session: Session, centre: Centre, director: User, kind: InstrumentKind
) -> None:
    instrument = builders.an_instrument(
        session, centre, reference="HF-1", kind=kind, committed_pence=100_000
    )
    session.commit()
    client.sign_in(director)
    assert done(client, centre, "draw", a_drawdown(instrument, "600")).status_code == 303
    refused = client.post(address(centre, "draw"), data=a_drawdown(instrument, "400.01"))
    assert "£400.00 of HF-1 is undrawn" in error(refused, "pounds")
    stale = client.post(address(centre, "draw"), data={**a_drawdown(instrument, "500"), **CONFIRM})
    assert stale.status_code == 409
    assert "£400.00 of HF-1 is undrawn" in stale.text
    reverse_transfer(session, builders.an_actor(), last(session), "Meant for another centre")
    session.commit()
    assert done(client, centre, "draw", a_drawdown(instrument, "1000")).status_code == 303


def test_an_instrument_of_another_centre_cannot_be_drawn(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    other = builders.an_instrument(session, builders.a_centre(session))
    session.commit()
    client.sign_in(director)
    response = client.post(address(centre, "draw"), data={**a_drawdown(other, "5"), **CONFIRM})
    assert "Choose one of the list" in error(response, "instrument")
    assert count(session) == 0


def a_promise(venture: Venture, pounds: str, **fields: str) -> dict[str, str]:
    given = {"milestones": "Half when nurses are in post,\nhalf at 100 people."}
    return sent(
        **{**given, "venture": reference("venture", venture.id), "pounds": pounds, **fields}
    )


def test_a_promise_touches_no_account_says_what_it_binds_and_is_kept_once(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    venture = builders.a_venture(session, rich, name="COPD helpline")
    builders.a_transfer(session, rich, Cause.TRANCHE, venture=venture, pence=100_000)
    session.commit()
    posted = count(session)
    client.sign_in(director)
    page = soup(client.post(address(rich, "promise"), data=a_promise(venture, "3000")))
    text = " ".join(page.get_text(" ", strip=True).split())
    assert "it touches no account" in text
    assert "bound to release £2,000.00 to it, up from £0.00" in text
    fields = {**hidden(page), **CONFIRM}
    answers = [client.post(address(rich, "promise"), data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert count(session, FundingAgreement) == 1
    agreement = last(session, FundingAgreement)
    assert agreement.promised_pence == 300_000
    assert agreement.milestones == "Half when nurses are in post, half at 100 people."
    trail = last(session, AuditEvent)
    assert (trail.event, trail.user_id) == (Event.FUNDING_AGREED, agreement.recorded_by_id)
    assert trail.subject == reference("funding_agreement", agreement.id)
    desk = client.get(address(rich)).text
    assert "half at 100 people" in desk
    assert count(session) == posted
    again = client.post(address(rich, "promise"), data={**fields, "confirmed": "", "pounds": "1"})
    assert again.status_code == 303


def test_a_stopped_venture_is_promised_nothing(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    venture = builders.a_venture(session, centre, stage=Stage.STOPPED, name="Sleep clinic")
    session.commit()
    client.sign_in(director)
    assert "Sleep clinic" not in client.get(address(centre, "promise")).text
    fields = {**a_promise(venture, "3000"), **CONFIRM}
    response = client.post(address(centre, "promise"), data=fields)
    assert "Choose one of the list" in error(response, "venture")
    assert count(session, FundingAgreement) == 0


def a_release(venture: Venture, pounds: str, **fields: str) -> dict[str, str]:
    whose = {"venture": reference("venture", venture.id), "memo": "Nurses in post"}
    return sent(**{**whose, "pounds": pounds, **fields})


def test_a_tranche_shows_what_is_still_promised_and_says_when_it_is_more(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    venture = builders.a_venture(session, rich, name="COPD helpline")
    session.commit()
    client.sign_in(director)
    done(client, rich, "promise", a_promise(venture, "3000"))
    page = soup(client.post(address(rich, "release"), data=a_release(venture, "1000")))
    assert "More than is promised" not in page.get_text()
    client.post(address(rich, "release"), data={**hidden(page), **CONFIRM})
    page = soup(client.post(address(rich, "release"), data=a_release(venture, "2500")))
    text = " ".join(page.get_text(" ", strip=True).split())
    assert "still promised to COPD helpline, and this pays £500.00 more than that" in text
    assert done(client, rich, "release", a_release(venture, "2500")).status_code == 303
    assert last(session).cause == "tranche"


def test_no_tranche_goes_to_a_venture_that_had_stopped_by_that_day(
    client: Client, session: Session, rich: Centre, director: User
) -> None:
    venture = builders.a_venture(session, rich, stage=Stage.STOPPED, started_on=MARCH, name="Sleep")
    session.commit()
    client.sign_in(director)
    response = client.post(address(rich, "release"), data=a_release(venture, "5"))
    assert "Sleep: stopped on 2 March 2026" in response.text
    assert "Sleep stopped on 2 March 2026" in error(response, "venture")
    response = client.post(address(rich, "release"), data={**a_release(venture, "5"), **CONFIRM})
    assert response.status_code == 409
    day_before = {"on-day": "1"}
    early = client.post(address(rich, "release"), data=a_release(venture, "5") | day_before)
    assert early.status_code == 200


@pytest.fixture
def invested(session: Session, centre: Centre) -> Centre:
    """£3,000 drawn under a loan and £1,000 as quasi-equity; £6,000 more by a grant."""
    for name, kind, pence in (
        ("Loans Ltd", InstrumentKind.LOAN, 300_000),
        ("Trust", InstrumentKind.QUASI_EQUITY, 100_000),
    ):
        investor = builders.an_investor(session, name=name)
        terms = builders.an_instrument(session, centre, investor, reference=f"{name} 1", kind=kind)
        builders.a_transfer(
            session, centre, Cause.DRAWDOWN, investor=investor, instrument=terms, pence=pence
        )
    builders.a_transfer(session, centre, Cause.GRANT, pence=600_000)
    session.commit()
    return centre


def test_a_distribution_shows_who_gets_what_and_posts_it_all_at_once(
    client: Client, session: Session, invested: Centre, director: User
) -> None:
    before = count(session)
    client.sign_in(director)
    page = soup(client.post(address(invested, "distribute"), data=sent(pounds="5,000.01", memo="")))
    shares = [
        [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("th, td")]
        for row in page.find("div", attrs={"aria-label": "Who gets what"}).select("tr")[1:]  # type: ignore[union-attr]
    ]
    assert shares == [
        ["Loans Ltd Loans Ltd 1, loan", "£3,000.00", "£0.00", "£3,000.00"],
        ["Trust Trust 1, quasi-equity", "£1,000.00", "£1,000.01", "£2,000.01"],
        ["All investors", "£4,000.00", "£1,000.01", "£5,000.01"],
    ]
    assert touched(page)["Bank Credit of £5,000.01"] == ("£10,000.00", "−£5,000.01", "£4,999.99")
    fields = {**hidden(page), **CONFIRM}
    answers = [client.post(address(invested, "distribute"), data=fields) for _ in range(2)]
    assert answers[0].location == answers[1].location
    listed = client.get(answers[0].location).text
    for amount in ("£3,000.00", "£1,000.00", "£1,000.01"):
        assert amount in listed
    assert count(session) == before + 3
    assert last(session).idempotency_key == "request:1:3"
    again = client.post(address(invested, "distribute"), data={**fields, "confirmed": ""})
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"pounds": "10,000.01"}, "pounds", "£0.01 short"),
        ({"pounds": "5", "on-year": "2021"}, "on", "before the centre opened"),
        ({"pounds": "5", "memo": "+1"}, "memo", "spreadsheet formula"),
    ],
)
def test_a_distribution_that_cannot_be_says_why(
    client: Client,
    session: Session,
    invested: Centre,
    director: User,
    *,
    fields: dict[str, str],
    field: str,
    says: str,
) -> None:
    if fields.get("on-year") == "2021":
        says = "By 2 March 2021 no investor had paid in"
        field = "pounds"
    before = count(session)
    client.sign_in(director)
    told = {**sent(memo=""), **fields}
    assert says in error(client.post(address(invested, "distribute"), data=told), field)
    refused = client.post(address(invested, "distribute"), data={**told, **CONFIRM})
    assert refused.status_code == 409
    assert count(session) == before


def test_shares_that_changed_meanwhile_are_not_paid_unseen(
    client: Client, session: Session, invested: Centre, director: User
) -> None:
    client.sign_in(director)
    page = soup(client.post(address(invested, "distribute"), data=sent(pounds="5000", memo="")))
    builders.a_transfer(session, invested, Cause.DRAWDOWN, pence=100_000)
    session.commit()
    before = count(session)
    response = client.post(address(invested, "distribute"), data={**hidden(page), **CONFIRM})
    assert response.status_code == 409
    assert "Who gets what has changed since you looked" in response.text
    assert count(session) == before


def test_the_desk_says_what_there_is_and_what_to_do_next(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    empty = client.get(address(centre)).text
    assert "No investor has committed anything yet" in empty
    assert "This centre has no ventures yet" in empty
    assert "No investor has committed anything yet" in client.get(address(centre, "draw")).text
    venture = builders.a_venture(session, centre, name="COPD helpline")
    instrument = builders.an_instrument(session, centre, committed_pence=500_000)
    session.commit()
    assert "No venture has been promised anything yet" in client.get(address(centre)).text
    done(client, centre, "promise", a_promise(venture, "3000"))
    done(client, centre, "draw", a_drawdown(instrument, "4000"))
    done(client, centre, "release", a_release(venture, "1000"))
    desk = soup(client.get(address(centre)))
    figures = [each.get_text(" ", strip=True) for each in desk.select(".chec-figure__value")]
    assert [each.partition(":")[0].strip() for each in figures] == [
        "£3,000.00",
        "£1,000.00",
        "£2,000.00",
    ]
    link = desk.find("a", string=lambda text: bool(text) and text.startswith("Draw"))
    chosen = desk.select("a[href*='draw?instrument=']")
    assert link or chosen
    form = soup(client.get(chosen[0]["href"]))
    assert form.select_one("option[selected]")["value"] == reference("instrument", instrument.id)  # type: ignore[index]


def test_an_evaluator_reads_the_desk_and_only_a_director_acts(
    client: Client, session: Session, centre: Centre
) -> None:
    user = builders.a_user(session)
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    acts = [address(centre, act) for act in ACTS]
    empty = soup(client.get(address(centre)))
    builders.a_venture(session, centre, name="COPD helpline")
    builders.an_instrument(session, centre, reference="HF-1")
    session.commit()
    desk = soup(client.get(address(centre)))
    assert "HF-1" in desk.text
    for page in (empty, desk):
        links = {str(link["href"]).partition("?")[0] for link in page.select("a[href]")}
        assert not links & set(acts)
    for act in acts:
        assert client.get(act).status_code == 403


def test_an_overdrawn_bank_is_announced(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    grant = builders.a_transfer(session, centre, Cause.GRANT, pence=900)
    builders.a_transfer(session, centre, Cause.RUNNING_COST, pence=500)
    reverse_transfer(session, builders.an_actor(), grant, "Meant for another centre")
    session.commit()
    client.sign_in(director)
    assert "Nothing can be paid out" not in client.get(address(centre)).text
    second = session.exec(select(Transfer).where(Transfer.pence == 500)).first()
    assert second
    reverse_transfer(session, builders.an_actor(), second, "Meant for another centre")
    session.commit()
    assert "Nothing can be paid out" in client.get(address(centre)).text


def test_an_organisation_named_like_an_investor_is_counted_once(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    done(client, centre, "commit", a_commitment(investor="Harbour Fund"))
    done(client, centre, "commit", a_commitment(investor="HARBOUR FUND", reference="HF-2"))
    assert count(session, Organisation) == 1
