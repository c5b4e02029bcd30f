"""Several people at a claim at the same moment: one wins, the others are told, sums stay right."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from chec.actions.claims import withdraw_claim
from chec.actions.clawbacks import claw_back
from chec.errors import RuleBroken
from chec.models import (
    Cause,
    Claim,
    ClaimDecision,
    ClaimState,
    Contract,
    Organisation,
    PartState,
    Transfer,
)
from chec.permissions import Actor
from chec.queries.contract_use import list_contracts_that_differ
from tests import builders
from tests.actions.at_once import at_once
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of, state_of


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, payers: list[Organisation]) -> Contract:
    measure = builders.a_measure(pence=20_000, clawback_days=2_000)
    return builders.a_contract(session, builders.a_centre(session), *payers, measures=(measure,))


@pytest.fixture
def waiting(session: Session, contract: Contract) -> Claim:
    """£600, half from each of two payers."""
    claim = builders.a_claim(session, contract, counts={"M01": 3})
    session.commit()
    return claim


@pytest.fixture
def due(session: Session, waiting: Claim, payers: list[Organisation]) -> Claim:
    """Approved by both."""
    for payer in payers:
        decide(session, waiting, payer)
    session.commit()
    return waiting


def of(claim_id: int, act: Callable[..., object], **told: object) -> Callable[[Session], str]:
    """The act on the claim as the transaction of whoever acts knows it."""

    def do(session: Session) -> str:
        act(session, session.get_one(Claim, claim_id), **told)
        return "done"

    return do


def deciding(claim: Claim, payer: Organisation, actor: Actor, *rejected: str) -> Callable[..., str]:
    return of(claim.id, decide, payer=payer, actor=actor, rejected=rejected)


def somebody(session: Session, payer: Organisation) -> Actor:
    actor = somebody_of(session, payer)
    session.commit()
    return actor


def posted(session: Session, cause: Cause) -> tuple[int, int]:
    session.rollback()
    query = select(func.count(), func.coalesce(func.sum(Transfer.pence), 0))
    count, pence = session.exec(query.where(col(Transfer.cause) == cause)).one()
    return count, int(pence)


def test_a_decision_pressed_in_two_tabs_is_one(
    engine: Engine, session: Session, waiting: Claim, payers: list[Organisation]
) -> None:
    press = deciding(waiting, payers[0], somebody(session, payers[0]))

    assert at_once(engine, press, press) == ["done", "done"]

    assert posted(session, Cause.APPROVAL) == (1, 30_000)


def test_of_two_verdicts_in_two_tabs_the_second_is_told(
    engine: Engine, session: Session, waiting: Claim, payers: list[Organisation]
) -> None:
    actor = somebody(session, payers[0])
    results = at_once(
        engine,
        deciding(waiting, payers[0], actor),
        deciding(waiting, payers[0], actor, "M01"),
    )

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "decided this part" in str(refused)
    session.rollback()
    assert session.exec(select(func.count()).select_from(ClaimDecision)).one() == 1


def test_of_two_people_of_a_payer_one_decides(
    engine: Engine, session: Session, waiting: Claim, payers: list[Organisation]
) -> None:
    people = [somebody(session, payers[0]) for _ in range(2)]
    results = at_once(engine, *(deciding(waiting, payers[0], person) for person in people))

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "Ana Reed decided" in str(refused)
    assert posted(session, Cause.APPROVAL) == (1, 30_000)


def test_two_payers_decide_at_once_and_the_claim_is_decided(
    engine: Engine, session: Session, waiting: Claim, payers: list[Organisation]
) -> None:
    acts = [deciding(waiting, payer, somebody(session, payer)) for payer in payers]

    assert at_once(engine, *acts) == ["done", "done"]

    assert posted(session, Cause.APPROVAL) == (2, 60_000)
    session.refresh(waiting)
    assert state_of(waiting) is ClaimState.APPROVED
    assert list_contracts_that_differ(session) == []


@pytest.mark.parametrize("withdrawn_first", [True, False])
def test_a_claim_is_withdrawn_or_decided_and_not_both(
    engine: Engine,
    session: Session,
    waiting: Claim,
    payers: list[Organisation],
    withdrawn_first: bool,
) -> None:
    def withdraw(session: Session, claim: Claim) -> None:
        withdraw_claim(session, builders.an_actor(), claim)

    acts = [of(waiting.id, withdraw), deciding(waiting, payers[0], somebody(session, payers[0]))]
    results = at_once(engine, *(acts if withdrawn_first else reversed(acts)))

    assert len([result for result in results if isinstance(result, RuleBroken)]) == 1
    session.rollback()
    state = part_of(session, waiting, payers[0]).state
    decided = state is PartState.APPROVED
    assert decided or state is PartState.WITHDRAWN
    assert posted(session, Cause.APPROVAL)[0] == int(decided)
    assert list_contracts_that_differ(session) == []


def test_a_payment_sent_twice_at_once_is_one(
    engine: Engine, session: Session, due: Claim, payers: list[Organisation]
) -> None:
    send = of(due.id, pay, payer=payers[0], pence=10_000, key="form:1")

    assert at_once(engine, send, send) == ["done", "done"]

    assert posted(session, Cause.PAYMENT) == (1, 10_000)
    assert part_of(session, due, payers[0]).paid_pence == 10_000


def test_two_payments_that_come_to_more_than_is_due_are_one(
    engine: Engine, session: Session, due: Claim, payers: list[Organisation]
) -> None:
    send = partial(of, due.id, pay, payer=payers[0], pence=20_000)
    results = at_once(engine, send(key="form:1"), send(key="form:2"))

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "more than is due: £100.00" in str(refused)
    assert posted(session, Cause.PAYMENT) == (1, 20_000)


def test_what_is_clawed_back_while_it_is_paid_is_owed_or_not_due(
    engine: Engine, session: Session, due: Claim, payers: list[Organisation]
) -> None:
    def take(session: Session, claim: Claim, actor: Actor) -> None:
        part, line = part_of(session, claim, payers[0]), line_of(session, claim)
        claw_back(session, actor, part, line, reason="Back", idempotency_key="form:back")

    results = at_once(
        engine,
        of(due.id, take, actor=somebody(session, payers[0])),
        of(due.id, pay, payer=payers[0], pence=30_000),
    )

    refused = [result for result in results if isinstance(result, RuleBroken)]
    session.rollback()
    part = part_of(session, due, payers[0])
    assert part.clawed_back_pence == 10_000
    if refused:  # the clawback came first, and less was due
        assert "more than is due: £200.00" in str(refused[0])
        assert (part.paid_pence, part.due_pence) == (0, 20_000)
    else:
        assert (part.paid_pence, part.owed_back_pence) == (30_000, 10_000)
    assert list_contracts_that_differ(session) == []
