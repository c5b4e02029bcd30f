"""Several directors at the same moment: exactly one effect."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.actions.payment_requests import approve_payment, decline_payment, withdraw_payment
from chec.errors import RuleBroken
from chec.models import Cause, Centre, PaymentDecision, PaymentRequest, Transfer, Venture
from chec.permissions import Actor
from chec.queries.payment_checks import list_requests_that_differ, list_without_two_people
from tests import builders
from tests.actions.at_once import at_once
from tests.payments import LIMIT, a_centre_with_money, a_director, a_tranche, ask

Deciding = Callable[..., PaymentDecision]


@pytest.fixture
def centre(session: Session) -> Centre:
    return a_centre_with_money(session)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre)


@pytest.fixture
def directors(session: Session, centre: Centre) -> list[Actor]:
    """The first asks, the others decide."""
    return [a_director(session, centre) for _ in range(3)]


def approve(session: Session, actor: Actor, request: PaymentRequest) -> PaymentDecision:
    return approve_payment(session, actor, request)


def decline(session: Session, actor: Actor, request: PaymentRequest) -> PaymentDecision:
    return decline_payment(session, actor, request, "Not yet")


def withdraw(session: Session, actor: Actor, request: PaymentRequest) -> PaymentDecision:
    return withdraw_payment(session, actor, request)


def tranches(session: Session) -> list[int]:
    query = select(Transfer.pence).where(Transfer.cause == Cause.TRANCHE)
    return list(session.exec(query.order_by(Transfer.id)))  # type: ignore[arg-type]


def all_is_well(session: Session) -> None:
    assert list_requests_that_differ(session) == []
    assert list_without_two_people(session) == []


@pytest.mark.parametrize(
    ("one", "by", "other", "by_other"),
    [
        (approve, 1, approve, 2),
        (approve, 1, decline, 2),
        (decline, 1, approve, 2),
        (approve, 1, withdraw, 0),
        (withdraw, 0, approve, 1),
    ],
)
def test_of_two_who_decide_at_once_the_first_does(
    engine: Engine,
    session: Session,
    centre: Centre,
    venture: Venture,
    directors: list[Actor],
    *,
    one: Deciding,
    by: int,
    other: Deciding,
    by_other: int,
) -> None:
    request = ask(session, directors[0], centre, a_tranche(venture, LIMIT + 1))
    session.commit()
    session.close()

    first, second = at_once(
        engine,
        partial(one, actor=directors[by], request=request),
        partial(other, actor=directors[by_other], request=request),
    )

    assert isinstance(first, PaymentDecision)
    assert isinstance(second, RuleBroken)
    assert "that is final" in str(second)
    assert tranches(session) == ([LIMIT + 1] if one is approve else [])
    all_is_well(session)


def test_one_who_clicks_twice_approves_once(
    engine: Engine, session: Session, centre: Centre, venture: Venture, directors: list[Actor]
) -> None:
    request = ask(session, directors[0], centre, a_tranche(venture, LIMIT + 1))
    session.commit()
    session.close()
    act = partial(approve, actor=directors[1], request=request)
    results = at_once(engine, act, act)
    assert [isinstance(each, PaymentDecision) for each in results] == [True, True]
    assert tranches(session) == [LIMIT + 1]


def test_the_same_form_sent_twice_at_once_is_one_request(
    engine: Engine, session: Session, centre: Centre, venture: Venture, directors: list[Actor]
) -> None:
    act = partial(
        ask, actor=directors[0], centre=centre, payment=a_tranche(venture, 5_00), key="form:1"
    )
    session.commit()
    session.close()
    first, second = at_once(engine, act, act)
    assert isinstance(first, PaymentRequest)
    assert isinstance(second, PaymentRequest)
    assert first.id == second.id
    assert tranches(session) == [5_00]


def test_two_who_each_stay_within_the_limit_do_not_pass_it_together(
    engine: Engine, session: Session, centre: Centre, venture: Venture, directors: list[Actor]
) -> None:
    acts = [
        partial(ask, actor=actor, centre=centre, payment=a_tranche(venture, pence))
        for actor, pence in zip(directors, (600_00, 500_00), strict=False)
    ]
    session.commit()
    session.close()
    at_once(engine, *acts)
    assert tranches(session) == [600_00]
    all_is_well(session)


def test_of_two_payments_approved_at_once_only_what_the_bank_carries_is_paid(
    engine: Engine, session: Session, centre: Centre, venture: Venture, directors: list[Actor]
) -> None:
    requests = [
        ask(session, directors[0], centre, a_tranche(venture, pence))
        for pence in (6_000_00, 5_000_00)
    ]
    session.commit()
    session.close()
    acts = [
        partial(approve, actor=replace(actor), request=request)
        for actor, request in zip(directors[1:], requests, strict=True)
    ]
    first, second = at_once(engine, *acts)
    assert isinstance(first, PaymentDecision)
    assert "short" in str(second)
    assert tranches(session) == [6_000_00]
    all_is_well(session)
