"""The director's pages of payments, the commissioner's of clawbacks, the way back from money."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event
from sqlmodel import Session, col, select

from chec.models import (
    Cause,
    Centre,
    Claim,
    ClaimPayment,
    ClaimRecord,
    Organisation,
    Role,
    Transfer,
    User,
    Venture,
)
from tests import builders
from tests.claim_parts import decide, line_of, pay
from tests.client import Client
from tests.web.claim_pages import address, ask, confirm, heading, sent, text_of

RECORDS = [("M01", f"p{number}", date(2025, 4, 7)) for number in range(3)]


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session, name="Aire ICB")


@pytest.fixture
def claim(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Approved: three units at £100."""
    measure = builders.a_measure(pence=10_000, clawback_days=2_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={"M01": 3})
    decide(session, claim, payer)
    session.commit()
    return claim


@pytest.fixture
def commissioner(session: Session, payer: Organisation) -> User:
    user = builders.a_user(session, name="Ana Reed")
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payer)
    session.commit()
    return user


@pytest.fixture
def people(director: User, commissioner: User) -> dict[Role, User]:
    return {Role.DIRECTOR: director, Role.COMMISSIONER: commissioner}


@pytest.fixture
def director_signed_in(client: Client, director: User) -> None:
    client.sign_in(director)


@pytest.fixture
def path_of_the_line(
    client: Client, session: Session, claim: Claim, payer: Organisation, commissioner: User
) -> str:
    """Where the payer's commissioner, who is signed in, claws it back."""
    client.sign_in(commissioner)
    path = address(claim, payer, f"/claw-back/L-{line_of(session, claim).id:04d}")
    session.rollback()  # on SQLite it would hold the write lock
    return path


def on_claim(client: Client, claim: Claim) -> str:
    return text_of(client.get(f"/claims/CL-{claim.id:04d}"))


def latest(session: Session, cause: Cause) -> int:
    session.rollback()
    query = select(Transfer.id).where(Transfer.cause == cause).order_by(col(Transfer.id).desc())
    found = session.exec(query).first()
    session.rollback()
    assert found
    return found


def test_a_payment_is_recorded_once_its_accounts_were_seen(
    client: Client, session: Session, claim: Claim, payer: Organisation, director: User
) -> None:
    client.sign_in(director)
    path = address(claim, payer, "/pay")
    asked = ask(client, path, {"pounds": "120", "memo": "BACS 99-107"})
    for told in ("Bank", "Outcome receivable: Aire ICB", "£120.00", "BACS 99-107"):
        assert told in text_of(asked)
    assert "Paid £120.00" not in on_claim(client, claim)

    done = confirm(client, path, asked)

    assert done.status_code == 303
    page = on_claim(client, claim)
    assert f"£120.00 is recorded as T-{latest(session, Cause.PAYMENT):04d}" in page
    assert "BACS 99-107" in page
    assert "£180.00" in page


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"pounds": "300.01"}, "more than is due: £300.00"),
        ({"pounds": ""}, "Enter the amount"),
        ({"on-day": "1", "on-month": "11", "on-year": "2026"}, "before the payer decided"),
        ({"on-day": "1", "on-month": "1", "on-year": "2199"}, "future"),
        ({"memo": "=1+1"}, "spreadsheet formula"),
    ],
)
@pytest.mark.usefixtures("director_signed_in")
def test_a_payment_that_cannot_be_is_refused_at_its_field(
    client: Client, claim: Claim, payer: Organisation, told: dict[str, str], says: str
) -> None:
    response = ask(client, address(claim, payer, "/pay"), told)
    assert response.status_code == 422
    assert says in text_of(response)


def test_a_form_filled_in_again_after_it_was_sent_records_nothing_more(
    client: Client, session: Session, claim: Claim, payer: Organisation, director: User
) -> None:
    client.sign_in(director)
    path = address(claim, payer, "/pay")
    asked = ask(client, path, {"pounds": "120"})
    confirm(client, path, asked)
    answer = client.post(path, data={**sent(asked), "pounds": "50"})
    assert answer.status_code == 303
    assert "recorded already" in text_of(client.get(answer.location))
    assert len(session.exec(select(ClaimPayment)).all()) == 1


def test_a_payment_is_undone_with_a_reason(
    client: Client, session: Session, claim: Claim, payer: Organisation, director: User
) -> None:
    payment = pay(session, claim, payer, 30_000)
    session.commit()
    client.sign_in(director)
    path = address(claim, payer, f"/payments/T-{payment.transfer_id:04d}/undo")
    assert ask(client, path, {"reason": ""}).status_code == 422
    asked = ask(client, path, {"reason": "Meant for another centre"})
    assert "Meant for another centre" in text_of(asked)
    confirm(client, path, asked)
    assert "Undone" in on_claim(client, claim)
    assert "undone already" in text_of(client.get(path))


def test_a_payment_is_not_reversed_on_its_own_page(
    client: Client, session: Session, claim: Claim, payer: Organisation, director: User
) -> None:
    payment = pay(session, claim, payer, 30_000)
    session.commit()
    client.sign_in(director)
    page = f"/transfers/T-{payment.transfer_id:04d}"
    assert "Reverse this transfer" not in text_of(client.get(page))
    assert "undo the payment there" in text_of(client.get(f"{page}/reverse"))
    refused = client.post(f"{page}/reverse", data={"reason": "A slip"})
    assert refused.status_code == 409
    assert "undo the payment there" in text_of(refused)


def test_a_paid_outcome_is_clawed_back_and_the_money_returned(
    client: Client,
    session: Session,
    claim: Claim,
    payer: Organisation,
    people: dict[Role, User],
) -> None:
    pay(session, claim, payer, 30_000)
    line = line_of(session, claim).id
    session.commit()
    client.sign_in(people[Role.COMMISSIONER])
    assert "Claw back an outcome" in on_claim(client, claim)
    path = address(claim, payer, f"/claw-back/L-{line:04d}")
    assert f"/claw-back/L-{line:04d}" in client.get(address(claim, payer, "/claw-back")).text
    asked = ask(client, path, {"units": "2", "reason": "Back in hospital"})
    assert heading(asked).endswith("You claw back £200.00")
    assert "the centre then owes you £200.00" in text_of(asked)
    assert confirm(client, path, asked).status_code == 303
    page = on_claim(client, claim)
    assert "£200.00 owed to the payer" in page
    assert "Return £200.00" not in page

    client.sign_in(people[Role.DIRECTOR])
    assert "Return £200.00 to Aire ICB" in on_claim(client, claim)
    path = address(claim, payer, "/return")
    confirm(client, path, ask(client, path, {}))
    page = on_claim(client, claim)
    assert "Returned £200.00" in page
    assert "owed to the payer" not in page


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"units": "4", "reason": "Back"}, "3 can be clawed back"),
        ({"units": "two", "reason": "Back"}, "Write a whole number"),
        ({"units": "1", "pounds": "300.01", "reason": "Back"}, "£300.00 is left"),
        ({"units": "1", "reason": ""}, "Say why"),
    ],
)
def test_a_clawback_that_cannot_be_is_refused_at_its_field(
    client: Client, path_of_the_line: str, told: dict[str, str], says: str
) -> None:
    response = ask(client, path_of_the_line, told)
    assert response.status_code == 422
    assert says in text_of(response)


def test_a_record_is_chosen_by_number_and_never_by_pseudonym(
    client: Client, session: Session, centre: Centre, payer: Organisation, commissioner: User
) -> None:
    measure = builders.a_measure(pence=10_000, clawback_days=2_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={}, records=RECORDS)
    decide(session, claim, payer)
    line = line_of(session, claim).id
    record = session.exec(select(ClaimRecord.id).where(ClaimRecord.person == "p1")).one()
    session.commit()
    client.sign_in(commissioner)

    listed = client.get(address(claim, payer, f"/claw-back/L-{line:04d}"))
    path = address(claim, payer, f"/claw-back/records/REC-{record:04d}")
    asked = ask(client, path, {"reason": "The job had ended"})
    confirm(client, path, asked)

    assert "Person 2" in text_of(listed)
    assert "person 2" in text_of(asked)
    assert not any(">p1<" in page.text or " p1" in page.text for page in (listed, asked))
    assert "You clawed this record back on" in text_of(client.get(path))
    assert "REC-" in on_claim(client, claim)


def test_money_leads_back_to_the_claim_for_those_who_may(
    client: Client,
    session: Session,
    claim: Claim,
    payer: Organisation,
    people: dict[Role, User],
) -> None:
    payment = pay(session, claim, payer, 30_000)
    provider = builders.a_user(session)
    venture = session.get_one(Venture, claim.venture_id)
    builders.a_membership(session, Role.PROVIDER, user=provider, venture=venture)
    session.commit()
    path = f"/transfers/T-{payment.transfer_id:04d}"
    for user in people.values():
        client.sign_in(user)
        page = text_of(client.get(path))
        assert "What this transfer is for" in page
        assert f"Claim CL-{claim.id:04d} of" in page
    approval = latest(session, Cause.APPROVAL)
    session.refresh(provider)
    session.commit()
    client.sign_in(provider)
    page = text_of(client.get(f"/transfers/T-{approval:04d}"))
    assert "What this transfer is for" not in page


def test_how_many_records_there_are_does_not_change_the_number_of_queries(
    client: Client, session: Session, app: Flask, payer: Organisation, commissioner: User
) -> None:
    measure = builders.a_measure(pence=10_000, clawback_days=2_000)
    contract = builders.a_contract(session, builders.a_centre(session), payer, measures=(measure,))
    claims = [
        builders.a_claim(
            session,
            contract,
            records=[("M01", f"p{n}", date(2025, 5, 6)) for n in range(first, ends_before)],
        )
        for first, ends_before in ((0, 1), (1, 30))
    ]
    for claim in claims:
        decide(session, claim, payer)
    paths = [
        address(claim, payer, f"/claw-back/L-{line_of(session, claim).id:04d}") for claim in claims
    ]
    session.commit()
    client.sign_in(commissioner)
    client.get(paths[0])

    assert queries(app, lambda: client.get(paths[0])) == queries(app, lambda: client.get(paths[1]))


def queries(app: Flask, act: Callable[[], object]) -> int:
    """How many the act asks of the application's database."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(app.extensions["chec_engine"], "before_cursor_execute", note)
    act()
    event.remove(app.extensions["chec_engine"], "before_cursor_execute", note)
    return len(asked)
