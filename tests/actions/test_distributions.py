"""Distributing money, also when several do it at once."""

from collections.abc import Sequence
from datetime import date
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from chec.actions.ledger import reverse_transfer
from chec.actions.payment_requests import request_payment
from chec.actions.payments import plan_payment
from chec.errors import RuleBroken
from chec.models import Cause, Centre, InstrumentKind, PaymentKind, Transfer
from chec.queries.commitments import list_stakes
from chec.queries.payment_requests import list_transfers_of
from chec.rules.distribution import Share, shares_in_words
from chec.rules.payment_request import Payment
from tests import builders
from tests.actions.at_once import at_once

APRIL, MAY, JUNE = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def centre(session: Session) -> Centre:
    """£60 drawn in April as quasi-equity, £30 in June as a loan, £100 of grants in April."""
    centre = builders.a_centre(session)
    for kind, pence, on in (
        (InstrumentKind.QUASI_EQUITY, 60_00, APRIL),
        (InstrumentKind.LOAN, 30_00, JUNE),
    ):
        investor = builders.an_investor(session)
        terms = builders.an_instrument(session, centre, investor, kind=kind)
        told = {"investor": investor, "instrument": terms, "pence": pence, "on": on}
        builders.a_transfer(session, centre, Cause.DRAWDOWN, **told)  # type: ignore[arg-type]
    builders.a_transfer(session, centre, Cause.GRANT, pence=100_00, on=APRIL)
    session.commit()
    return centre


def a_distribution(pence: int, on: date) -> Payment:
    return Payment(PaymentKind.DISTRIBUTION, pence, on)


def shares_today(session: Session, centre: Centre, distribution: Payment) -> Sequence[Share]:
    return plan_payment(session, builders.an_actor(), centre, distribution).shares


def seen(session: Session, centre: Centre, distribution: Payment) -> str:
    return shares_in_words(shares_today(session, centre, distribution))


def pay(session: Session, centre: Centre, distribution: Payment, key: str, told: str) -> list[int]:
    request = request_payment(
        session, builders.an_actor(), centre, distribution, seen=told, idempotency_key=key
    )
    return [transfer.id for transfer in list_transfers_of(session, request)]


def amounts(session: Session, centre: Centre, distribution: Payment) -> list[int]:
    return [share.pence for share in shares_today(session, centre, distribution)]


def test_only_who_had_paid_in_by_that_day_has_a_share(session: Session, centre: Centre) -> None:
    assert amounts(session, centre, a_distribution(30_00, MAY)) == [30_00]
    assert amounts(session, centre, a_distribution(30_00, JUNE)) == [20_00, 10_00]


def test_capital_paid_back_on_a_later_day_is_not_paid_back_again(
    session: Session, centre: Centre
) -> None:
    later = a_distribution(90_00, JUNE)
    pay(session, centre, later, "form:1", seen(session, centre, later))
    [stake, loan] = list_stakes(session, centre, MAY)
    assert (stake.paid_in_pence, stake.outstanding_pence) == (60_00, 0)
    assert (loan.paid_in_pence, loan.outstanding_pence) == (0, 0)
    [share] = shares_today(session, centre, a_distribution(5_00, MAY))
    assert (share.capital_pence, share.return_pence) == (0, 5_00)


def test_a_reversed_distribution_leaves_its_capital_outstanding(
    session: Session, centre: Centre
) -> None:
    first = a_distribution(30_00, MAY)
    [paid] = pay(session, centre, first, "form:1", seen(session, centre, first))
    reverse_transfer(
        session, builders.an_actor(), session.get_one(Transfer, paid), "Paid by mistake"
    )
    [stake, _] = list_stakes(session, centre, MAY)
    assert stake.outstanding_pence == 60_00


def test_a_repeat_leads_to_the_first_transfers(session: Session, centre: Centre) -> None:
    told = a_distribution(90_00, JUNE)
    words = seen(session, centre, told)
    first = pay(session, centre, told, "form:1", words)
    assert len(first) == 2
    assert pay(session, centre, told, "form:1", words) == first


def test_what_the_bank_cannot_carry_is_refused_whole(session: Session, centre: Centre) -> None:
    told = a_distribution(160_01, MAY)
    before = session.exec(select(func.count()).select_from(Transfer)).one()
    with pytest.raises(RuleBroken, match=r"£0\.01 short"):
        pay(session, centre, told, "form:1", seen(session, centre, told))
    assert session.exec(select(func.count()).select_from(Transfer)).one() == before


def test_of_two_who_distribute_the_same_money_at_once_one_is_refused(
    engine: Engine, session: Session, centre: Centre
) -> None:
    told = a_distribution(150_00, JUNE)
    words = seen(session, centre, told)
    session.commit()
    acts = [partial(pay, centre=centre, distribution=told, key=key, told=words) for key in "ab"]

    results = at_once(engine, *acts)

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "short" in str(refused) or "changed since you looked" in str(refused)


def test_the_same_form_confirmed_twice_at_once_is_one_distribution(
    engine: Engine, session: Session, centre: Centre
) -> None:
    told = a_distribution(90_00, JUNE)
    act = partial(
        pay, centre=centre, distribution=told, key="form:1", told=seen(session, centre, told)
    )
    session.commit()

    first, second = at_once(engine, act, act)

    assert first == second
