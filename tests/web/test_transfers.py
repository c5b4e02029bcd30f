"""A transfer's pages: seeing it, and reversing it."""

import pytest
from sqlmodel import Session, col, func, select

from chec.actions.quarters import close_quarter
from chec.finance.periods import quarter_of
from chec.models import Cause, Centre, Role, Transfer, User
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def transfer(session: Session, centre: Centre) -> Transfer:
    transfer = builders.a_transfer(session, centre, pence=125_050, memo="Opening grant")
    session.commit()
    return transfer


def somebody(session: Session, role: Role, **held_for: object) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, **held_for)  # type: ignore[arg-type]
    session.commit()
    return user


def address(transfer: Transfer, rest: str = "") -> str:
    return f"/transfers/{reference('transfer', transfer.id)}{rest}"


def count(session: Session) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(Transfer)).one()


def test_a_transfer_says_what_it_moved_and_why(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    text = soup(client.get(address(transfer))).get_text(" ", strip=True)
    for told in ("£1,250.50", "Opening grant", "1 April 2022", "Grant", "the system"):
        assert told in text


def test_a_director_reverses_a_transfer_with_a_reason(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    assert "debits" in client.get(address(transfer, "/reverse")).text
    response = client.post(address(transfer, "/reverse"), data={"reason": "Paid in twice"})
    assert response.status_code == 303
    reversal = session.exec(select(Transfer).order_by(col(Transfer.id).desc())).first()
    assert reversal
    assert response.location == address(reversal)
    assert (reversal.reverses_id, reversal.memo) == (transfer.id, "Paid in twice")
    assert "Paid in twice" in client.get(address(transfer)).text


def test_a_double_click_leads_to_the_same_reversal(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    told = {"reason": "Paid in twice"}
    first = client.post(address(transfer, "/reverse"), data=told)
    second = client.post(address(transfer, "/reverse"), data=told)
    assert (second.status_code, second.location) == (303, first.location)
    assert count(session) == 2


def test_a_second_reversal_is_a_conflict_in_words(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    client.post(address(transfer, "/reverse"), data={"reason": "Paid in twice"})
    response = client.post(address(transfer, "/reverse"), data={"reason": "Another reason"})
    assert response.status_code == 409
    assert "reversed already" in response.text
    assert count(session) == 2


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("", "Say why"),
        ("   ", "Say why"),
        ("=cmd()", "spreadsheet formula"),
        ("Patient 943 476 5919", "NHS number"),
        ("x" * 301, "Shorten it"),
    ],
)
def test_a_reason_that_will_not_do_is_refused_at_its_field(
    client: Client, session: Session, transfer: Transfer, reason: str, says: str
) -> None:
    centre = session.get_one(Centre, transfer.centre_id)
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    response = client.post(address(transfer, "/reverse"), data={"reason": reason})
    assert response.status_code == 422
    error = soup(response).find(id="reason-error")
    assert error
    assert says in error.get_text()
    assert "943 476" not in response.text
    assert count(session) == 1


def test_in_a_closed_quarter_the_page_says_how_the_reversal_is_dated(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    close_quarter(session, builders.an_actor(), centre, quarter_of(transfer.on))
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    assert "dated today and names that quarter" in client.get(address(transfer, "/reverse")).text
    response = client.post(address(transfer, "/reverse"), data={"reason": "Paid in twice"})
    assert "closed quarter that began on 1 April 2022" in client.get(response.location).text


def test_an_evaluator_sees_and_does_not_reverse(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.EVALUATOR, centre=centre))
    assert "Reverse this transfer" not in client.get(address(transfer)).text
    response = client.post(address(transfer, "/reverse"), data={"reason": "Paid in twice"})
    assert response.status_code == 403
    assert count(session) == 1


def test_a_director_of_another_centre_finds_nothing(
    client: Client, session: Session, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.DIRECTOR, centre=builders.a_centre(session)))
    for rest in ("", "/reverse"):
        assert client.get(address(transfer, rest)).status_code == 404
    assert client.post(address(transfer, "/reverse"), data={"reason": "x"}).status_code == 404


def test_an_investor_who_directs_elsewhere_cannot_reverse_what_they_may_see(
    client: Client, session: Session, centre: Centre
) -> None:
    investor = builders.an_investor(session)
    drawdown = builders.a_transfer(session, centre, Cause.DRAWDOWN, investor=investor)
    user = somebody(session, Role.INVESTOR, organisation=investor)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=builders.a_centre(session))
    session.commit()
    client.sign_in(user)
    assert client.get(address(drawdown)).status_code == 200
    response = client.post(address(drawdown, "/reverse"), data={"reason": "Paid in twice"})
    assert response.status_code == 403


def test_a_forged_form_changes_nothing(
    client: Client, session: Session, centre: Centre, transfer: Transfer
) -> None:
    client.sign_in(somebody(session, Role.DIRECTOR, centre=centre))
    response = client.post(
        address(transfer, "/reverse"),
        data={"reason": "Paid in twice"},
        headers={"X-CSRFToken": "forged"},
    )
    assert response.status_code == 400
    assert count(session) == 1
