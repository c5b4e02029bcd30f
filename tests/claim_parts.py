"""Payers' parts of claims for tests: found, decided and paid through the actions."""

from collections.abc import Collection
from datetime import date, datetime
from itertools import count

from sqlmodel import Session, select

from chec.actions.claim_decisions import decide_claim
from chec.actions.claim_payments import record_payment
from chec.finance.money import Pence
from chec.models import (
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    ClaimState,
    Organisation,
    RejectionReason,
    Role,
)
from chec.permissions import Actor, Grant
from chec.rules.claim_approval import Rejection, Verdicts
from tests import builders

REJECTION = Rejection(RejectionReason.EVIDENCE_MISSING, "No letter of discharge")

TODAY = builders.NOW.date()

_number = count(1)


def state_of(claim: Claim) -> ClaimState:
    """Asked anew: an act may have changed it."""
    return claim.state


def part_of(session: Session, claim: Claim, payer: Organisation) -> ClaimPart:
    return session.exec(
        select(ClaimPart).where(ClaimPart.claim_id == claim.id, ClaimPart.payer_id == payer.id)
    ).one()


def line_of(session: Session, claim: Claim, measure: str = "M01") -> ClaimLine:
    return session.exec(
        select(ClaimLine).where(ClaimLine.claim_id == claim.id, ClaimLine.measure == measure)
    ).one()


def somebody_of(
    session: Session, payer: Organisation, *, name: str = "Ana Reed", at: datetime = builders.NOW
) -> Actor:
    """A commissioner of the payer, acting for it."""
    user = builders.a_user(session, name=name)
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payer)
    acting_for = Grant(Role.COMMISSIONER, organisation_id=payer.id).acting_for
    return Actor(user.id, acting_for, "", at)


def verdicts(session: Session, claim: Claim, rejected: Collection[str] = ()) -> Verdicts:
    """Approve every line of the claim but those of these measures."""
    lines = session.exec(select(ClaimLine).where(ClaimLine.claim_id == claim.id))
    return {line.id: REJECTION if line.measure in rejected else None for line in lines}


def decide(
    session: Session,
    claim: Claim,
    payer: Organisation,
    *,
    rejected: Collection[str] = (),
    actor: Actor | None = None,
) -> ClaimDecision:
    actor = actor or somebody_of(session, payer)
    part = part_of(session, claim, payer)
    return decide_claim(session, actor, part, verdicts(session, claim, rejected))


def pay(
    session: Session,
    claim: Claim,
    payer: Organisation,
    pence: Pence,
    *,
    on: date = TODAY,
    key: str = "",
) -> ClaimPayment:
    return record_payment(
        session,
        builders.an_actor(),
        part_of(session, claim, payer),
        pence=pence,
        received_on=on,
        idempotency_key=key or f"test:{next(_number)}",
    )
