"""From a transfer back to its claim: the decision, its lines, their removals and records."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select, union_all
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.models import (
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    ClaimRemoval,
    Clawback,
    Contract,
    DecisionLine,
    LineBasis,
    Organisation,
    Transfer,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.claims import visible_to
from chec.queries.users import user_name


class TracedLine(NamedTuple):
    """A line that the payer decided, in pence, and what was removed from it before."""

    line: ClaimLine
    pence: Pence
    reason: str
    removals: Sequence[ClaimRemoval]

    @property
    def has_records(self) -> bool:
        return self.line.basis is LineBasis.RECORDS


class ClaimTrace(NamedTuple):
    """What a transfer was for; `clawback` where it took back an outcome.

    `removals` are those that are of no one line. `sees_records` is of the viewer.
    """

    claim: Claim
    contract: Contract
    venture: Venture
    payer: Organisation
    part: ClaimPart
    decision: ClaimDecision
    decided_by: str
    clawback: Clawback | None
    lines: Sequence[TracedLine]
    removals: Sequence[ClaimRemoval]
    sees_records: bool


def find_claim_of(session: Session, transfer: Transfer) -> int | None:
    """The key of the claim that the transfer, or what it reverses, belongs to; None for others."""
    part = session.get(ClaimPart, _part_id_of(session, transfer) or 0)
    return part.claim_id if part else None


def trace_transfer(session: Session, viewer: Viewer, transfer: Transfer) -> ClaimTrace | None:
    """The claim behind a transfer; None where there is none, or none that the viewer may see."""
    part_id = _part_id_of(session, transfer)
    if part_id is None:
        return None
    query = (
        select(Claim, Contract, Venture, Organisation, ClaimPart, ClaimDecision)
        .join(Contract, col(Claim.contract_id) == Contract.id)
        .join(Venture, col(Claim.venture_id) == Venture.id)
        .join(ClaimPart, col(ClaimPart.claim_id) == Claim.id)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
        .join(ClaimDecision, col(ClaimDecision.part_id) == ClaimPart.id)
        .where(col(ClaimPart.id) == part_id, visible_to(viewer, Action.VIEW_CLAIM))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    claim, contract, venture, payer, part, decision = found
    clawback = _clawback_of(session, transfer)
    removals = list_removals_by_measure(session, claim)
    return ClaimTrace(
        claim,
        contract,
        venture,
        payer,
        part,
        decision,
        user_name(session, viewer, claim.centre_id, decision.decided_by_id),
        clawback,
        _lines(session, decision, clawback, removals),
        removals.get(None, ()),
        _sees_records(session, viewer, claim),
    )


def list_removals_by_measure(
    session: Session, claim: Claim
) -> Mapping[str | None, Sequence[ClaimRemoval]]:
    """What the steps removed from each measure of a submitted claim; None: from no one measure."""
    query = select(ClaimRemoval).where(col(ClaimRemoval.claim_id) == claim.id)
    found: dict[str | None, list[ClaimRemoval]] = defaultdict(list)
    for removal in session.scalars(query.order_by(col(ClaimRemoval.id))):
        found[removal.measure].append(removal)
    return found


def _part_id_of(session: Session, transfer: Transfer) -> int | None:
    acts = union_all(
        *(
            select(col(act.part_id)).where(col(act.transfer_id) == _origin(transfer))
            for act in (ClaimDecision, ClaimPayment, Clawback)
        )
    )
    return session.execute(acts).scalar_one_or_none()


def _origin(transfer: Transfer) -> int:
    return transfer.reverses_id or transfer.id


def _clawback_of(session: Session, transfer: Transfer) -> Clawback | None:
    query = select(Clawback).where(col(Clawback.transfer_id) == _origin(transfer))
    return session.scalars(query).one_or_none()


def _lines(
    session: Session,
    decision: ClaimDecision,
    clawback: Clawback | None,
    removals: Mapping[str | None, Sequence[ClaimRemoval]],
) -> list[TracedLine]:
    query = (
        select(ClaimLine, col(DecisionLine.pence), col(DecisionLine.reason))
        .join(DecisionLine, col(DecisionLine.line_id) == ClaimLine.id)
        .where(col(DecisionLine.decision_id) == decision.id)
        .order_by(col(ClaimLine.measure))
    )
    if clawback:
        query = query.where(col(ClaimLine.id) == clawback.line_id)
    return [
        TracedLine(line, pence, reason, removals.get(line.measure, ()))
        for line, pence, reason in session.execute(query)
    ]


def _sees_records(session: Session, viewer: Viewer, claim: Claim) -> bool:
    query = select(col(Claim.id)).where(
        col(Claim.id) == claim.id, visible_to(viewer, Action.VIEW_RECORDS)
    )
    return session.scalars(query).one_or_none() is not None
