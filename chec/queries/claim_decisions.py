"""A payer's part of a claim: what is asked of it, what it decided, paid and clawed back."""

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    AuditEvent,
    AuditSubject,
    Centre,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    ClaimShare,
    Clawback,
    Contract,
    ContractVersion,
    DecisionLine,
    Event,
    Organisation,
    Role,
    Transfer,
    User,
    Venture,
)
from chec.models.references import reference
from chec.permissions import Action, Actor, Viewer
from chec.queries.centres import lock_centre
from chec.queries.claims import AS_THEY_ARE_NOW
from chec.queries.contracts import terms_of
from chec.rules.claim_approval import Decided, Rejection
from chec.rules.contract_terms import ContractTerms

_FILLING_IN = (Event.COUNTS_ENTERED, Event.RECORDS_UPLOADED, Event.RECORDS_REMOVED)


class FoundPart(NamedTuple):
    """A payer's part, and what it is part of."""

    part: ClaimPart
    payer: Organisation
    claim: Claim
    contract: Contract
    venture: Venture
    centre: Centre


class AskedLine(NamedTuple):
    """A line of a claim, and what it asks of one payer, in pence."""

    line: ClaimLine
    asked_pence: Pence


class PaymentMade(NamedTuple):
    """A payment on a claim, or a return of one, with its transfer."""

    payment: ClaimPayment
    transfer: Transfer


def get_part(
    session: Session, viewer: Viewer, action: Action, claim_id: int, payer_id: int
) -> FoundPart:
    """The payer's part of the claim, if the viewer may `action` it; NotFound otherwise."""
    query = (
        select(ClaimPart, Organisation, Claim, Contract, Venture, Centre)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
        .join(Claim, col(ClaimPart.claim_id) == Claim.id)
        .join(Contract, col(Claim.contract_id) == Contract.id)
        .join(Venture, col(Claim.venture_id) == Venture.id)
        .join(Centre, col(Claim.centre_id) == Centre.id)
        .where(col(Claim.id) == claim_id, col(ClaimPart.payer_id) == payer_id)
        .where(_open_to(viewer, action))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return FoundPart._make(found)


def find_part(session: Session, claim_id: int, payer_id: int) -> ClaimPart:
    """The payer's part of the claim as it is now; the caller knows that there is one."""
    query = select(ClaimPart).where(
        col(ClaimPart.claim_id) == claim_id, col(ClaimPart.payer_id) == payer_id
    )
    return session.scalars(query, execution_options=AS_THEY_ARE_NOW).one()


def lock_part(session: Session, actor: Actor, part: ClaimPart) -> Claim:
    """The claim of `part`, both read afresh under the lock of their centre."""
    claim = session.get_one(Claim, part.claim_id)
    lock_centre(session, actor, claim.centre_id)
    session.refresh(claim)
    session.refresh(part)
    return claim


def list_parts_of(session: Session, claim: Claim) -> Sequence[ClaimPart]:
    """The parts of a claim as they are now, in the order of their payers."""
    query = select(ClaimPart).where(col(ClaimPart.claim_id) == claim.id).order_by(col(ClaimPart.id))
    return session.scalars(query, execution_options=AS_THEY_ARE_NOW).all()


def terms_of_claim(session: Session, claim: Claim) -> ContractTerms:
    """The terms that a submitted claim was priced under."""
    return terms_of(session.get_one(ContractVersion, claim.version_id).document)


def list_asked_lines(session: Session, part: ClaimPart) -> list[AskedLine]:
    """Every line of the claim with what it asks of the payer of `part`, in order."""
    asked = func.coalesce(func.sum(ClaimShare.pence), 0)
    query = (
        select(ClaimLine, asked)
        .join(
            ClaimShare,
            and_(
                col(ClaimShare.claim_id) == ClaimLine.claim_id,
                col(ClaimShare.measure) == ClaimLine.measure,
                col(ClaimShare.payer_id) == part.payer_id,
            ),
            isouter=True,
        )
        .where(col(ClaimLine.claim_id) == part.claim_id)
        .group_by(col(ClaimLine.id))
        .order_by(col(ClaimLine.id))
    )
    return [AskedLine(line, int(pence)) for line, pence in session.execute(query)]


def find_decision(session: Session, part: ClaimPart) -> ClaimDecision | None:
    """What the payer decided, if it has."""
    query = select(ClaimDecision).where(col(ClaimDecision.part_id) == part.id)
    return session.scalars(query).one_or_none()


def list_filled_in_by(session: Session, claim: Claim) -> Collection[int]:
    """All who ever put counts or records into the claim, or took some out, as the trail knows."""
    query = (
        select(col(AuditEvent.user_id))
        .join(AuditSubject, col(AuditSubject.event_id) == AuditEvent.id)
        .where(
            col(AuditSubject.subject) == reference("claim", claim.id),
            col(AuditEvent.event).in_(_FILLING_IN),
            col(AuditEvent.user_id).is_not(None),
        )
        .distinct()
    )
    return [user_id for user_id in session.scalars(query) if user_id is not None]


class KeyedAct(StrEnum):
    """What a form does on a part of a claim, as its key in the ledger names it."""

    PAYMENT = "payment"
    RETURN = "return"
    CLAWBACK = "clawback"


def key_on(part: ClaimPart, act: KeyedAct, idempotency_key: str) -> str:
    """The key in the ledger of `act` on `part` by a form that was sent under `idempotency_key`."""
    return f"{act}:{part.id}:{idempotency_key}"


def find_payment_under(
    session: Session, part: ClaimPart, idempotency_key: str
) -> ClaimPayment | None:
    """The payment that a form sent under that key has recorded on the part, if it has."""
    return _find_under(session, part, key_on(part, KeyedAct.PAYMENT, idempotency_key))


def find_return_under(
    session: Session, part: ClaimPart, idempotency_key: str
) -> ClaimPayment | None:
    """The return of a payment that a form sent under that key has recorded, if it has."""
    return _find_under(session, part, key_on(part, KeyedAct.RETURN, idempotency_key))


def get_payment(session: Session, part: ClaimPart, transfer_id: int) -> PaymentMade:
    """The payment on the part, or the return of one, and its transfer; NotFound otherwise."""
    query = (
        select(ClaimPayment, Transfer)
        .join(Transfer, col(ClaimPayment.transfer_id) == Transfer.id)
        .where(col(ClaimPayment.part_id) == part.id, col(Transfer.id) == transfer_id)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return PaymentMade._make(found)


def first_clawback_on(session: Session, part: ClaimPart) -> date | None:
    """The first day on which the payer clawed something back, if it did."""
    query = select(func.min(Clawback.clawed_back_on)).where(col(Clawback.part_id) == part.id)
    return session.scalars(query).one()


def verdicts_of(session: Session, decision: ClaimDecision) -> dict[int, Rejection | None]:
    """What a decision said of each line, by its key."""
    query = select(DecisionLine).where(col(DecisionLine.decision_id) == decision.id)
    return {
        line.line_id: Rejection(line.reason_code, line.reason) if line.reason_code else None
        for line in session.scalars(query)
    }


def decided(session: Session, decision: ClaimDecision | None) -> Decided | None:
    """Who decided, when and how, in words."""
    if decision is None:
        return None
    user = session.get(User, decision.decided_by_id) if decision.decided_by_id else None
    return Decided(user.name if user else "The system", decision.decided_on, decision.state)


def _find_under(session: Session, part: ClaimPart, key: str) -> ClaimPayment | None:
    query = (
        select(ClaimPayment)
        .join(Transfer, col(ClaimPayment.transfer_id) == Transfer.id)
        .where(
            col(ClaimPayment.part_id) == part.id,
            col(Transfer.idempotency_key) == key,
        )
    )
    return session.scalars(query).one_or_none()


def _open_to(viewer: Viewer, action: Action) -> ColumnElement[bool]:
    if viewer.sees_all:
        return true()
    return or_(
        col(Claim.centre_id).in_(viewer.centres(action)),
        col(ClaimPart.payer_id).in_(viewer.organisations(action, Role.COMMISSIONER)),
    )
