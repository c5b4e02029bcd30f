"""What a claim and its parts keep is what their rows add up to; where it is not, it is found."""

import pytest
from sqlmodel import Session, select

from chec.actions.claim_payments import return_payment, undo_payment
from chec.actions.clawbacks import claw_back
from chec.models import Claim, ClaimState, Organisation
from chec.queries.claim_checks import (
    KeptOtherwise,
    list_claims_that_differ,
    list_parts_that_differ,
)
from tests import builders
from tests.claim_parts import TODAY, decide, line_of, part_of, pay, somebody_of


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session, name=name) for name in ("Fenmoor Council", "Fenmoor ICB")]


@pytest.fixture
def claim(session: Session, payers: list[Organisation]) -> Claim:
    """Of £600 each payer approved half; the first paid, clawed £100 back and had £40 of it."""
    measure = builders.a_measure(pence=20_000, clawback_days=1_000)
    contract = builders.a_contract(
        session, builders.a_centre(session), *payers, measures=(measure,)
    )
    for state in (ClaimState.WITHDRAWN, ClaimState.DRAFT):
        builders.a_claim(session, contract, state=state)
    claim = builders.a_claim(session, contract, counts={"M01": 3})
    for each in payers:
        decide(session, claim, each)
    payer, part = payers[0], part_of(session, claim, payers[0])
    undo_payment(session, builders.an_actor(), pay(session, claim, payer, 1_000), "Paid in twice")
    pay(session, claim, payer, 30_000)
    actor, line = somebody_of(session, payer), line_of(session, claim)
    claw_back(session, actor, part, line, reason="Back", idempotency_key="form:1")
    return_payment(
        session,
        builders.an_actor(),
        part,
        pence=4_000,
        returned_on=TODAY,
        idempotency_key="form:1",
    )
    return claim


def test_what_is_kept_adds_up(session: Session, claim: Claim) -> None:
    assert list_parts_that_differ(session) == []
    assert list(list_claims_that_differ(session)) == []


@pytest.mark.parametrize(
    ("what", "kept", "pence"),
    [
        ("approved", 29_000, 30_000),
        ("clawed back", 9_000, 10_000),
        ("paid", 25_000, 26_000),
    ],
)
def test_a_part_that_keeps_something_else_is_found(
    session: Session, claim: Claim, what: str, kept: int, pence: int
) -> None:
    payer = session.exec(select(Organisation).where(Organisation.name == "Fenmoor Council")).one()
    setattr(part_of(session, claim, payer), f"{what.replace(' ', '_')}_pence", kept)
    session.flush()
    [found] = list_parts_that_differ(session)
    assert found == KeptOtherwise(claim.id, "Fenmoor Council", what, kept, pence)


def test_a_claim_that_is_in_another_state_is_found(session: Session, claim: Claim) -> None:
    claim.state = ClaimState.PAID
    session.flush()
    assert list(list_claims_that_differ(session)) == [(claim, ClaimState.APPROVED)]
