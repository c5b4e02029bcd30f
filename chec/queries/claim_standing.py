"""How a claim stands with each payer: decided, paid, clawed back, and what is open."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.models import (
    Cause,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    Clawback,
    DecisionLine,
    Organisation,
    PartState,
    RejectionReason,
    Role,
    Transfer,
)
from chec.permissions import Action, Viewer
from chec.queries.clawbacks import FollowOn, list_follow_ons
from chec.queries.users import user_names

_Undoing = aliased(Transfer)  # once, because it takes longer to make than to ask


class DecidedLine(NamedTuple):
    """A line as a payer decided it, in pence; a reason where it was rejected."""

    measure: str
    units: int
    pence: Pence
    reason_code: RejectionReason | None
    reason: str


class PaymentOfPart(NamedTuple):
    """Money in, or back (`cause`), and the transfer that undid it, if any did."""

    transfer_id: int
    on: date
    pence: Pence
    cause: str
    payers_reference: str
    undone_by_id: int | None

    @property
    def is_return(self) -> bool:
        return self.cause == Cause.REFUND


class ClawbackOfPart(NamedTuple):
    """What went back, why, and what followed on it and still stands."""

    clawback: Clawback
    measure: str
    by: str
    follow_ons: Sequence[FollowOn]


@dataclass(frozen=True)
class Standing:
    """One payer's part; without a decision it waits, or was withdrawn.

    The payers of a claim see each other's verdicts; what one has paid is not the others' to see.
    """

    part: ClaimPart
    payer: Organisation
    decision: ClaimDecision | None
    decided_by: str
    lines: Sequence[DecidedLine]
    payments: Sequence[PaymentOfPart]
    clawbacks: Sequence[ClawbackOfPart]
    shows_payments: bool

    @property
    def rejected(self) -> Sequence[DecidedLine]:
        return [line for line in self.lines if line.reason_code]

    @property
    def rejected_pence(self) -> Pence:
        return self.part.asked_pence - self.part.approved_pence if self.decision else 0

    @property
    def is_waiting(self) -> bool:
        return self.part.state is PartState.WAITING

    @property
    def may_be_clawed_back(self) -> bool:
        """Whether an amount is left of what was approved; the contract may still say no."""
        return self.part.clawed_back_pence < self.part.approved_pence


def list_standings(session: Session, viewer: Viewer, claim: Claim) -> Sequence[Standing]:
    """Every payer's part of the claim, in the order of the contract; the viewer may see it."""
    query = (
        select(ClaimPart, Organisation, ClaimDecision)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
        .join(ClaimDecision, col(ClaimDecision.part_id) == ClaimPart.id, isouter=True)
        .where(col(ClaimPart.claim_id) == claim.id)
        .order_by(col(ClaimPart.id))
    )
    rows = session.execute(query).all()
    part_ids = [part.id for part, *_ in rows]
    shown = [part.id for part, *_ in rows if _sees_payments(viewer, claim, part)]
    lines, payments = _lines(session, part_ids), _payments(session, shown)
    clawbacks = _clawbacks(session, viewer, claim, part_ids)
    deciders = [made and made.decided_by_id for *_, made in rows]
    by = user_names(session, viewer, claim.centre_id, deciders)
    return [
        Standing(
            part,
            payer,
            made,
            by[made and made.decided_by_id],
            lines[part.id],
            payments[part.id],
            clawbacks[part.id],
            shows_payments=part.id in shown,
        )
        for part, payer, made in rows
    ]


def _sees_payments(viewer: Viewer, claim: Claim, part: ClaimPart) -> bool:
    see = Action.VIEW_PAYER
    return (
        viewer.sees_all
        or claim.centre_id in viewer.centres(see)
        or part.payer_id in viewer.organisations(see, Role.COMMISSIONER)
    )


def _lines(session: Session, part_ids: Collection[int]) -> Mapping[int, list[DecidedLine]]:
    query = (
        select(
            col(ClaimDecision.part_id),
            col(ClaimLine.measure),
            col(ClaimLine.units),
            col(DecisionLine.pence),
            col(DecisionLine.reason_code),
            col(DecisionLine.reason),
        )
        .join(DecisionLine, col(DecisionLine.decision_id) == ClaimDecision.id)
        .join(ClaimLine, col(DecisionLine.line_id) == ClaimLine.id)
        .where(col(ClaimDecision.part_id).in_(part_ids))
        .order_by(col(ClaimLine.measure))
    )
    return _by_part((part_id, DecidedLine(*told)) for part_id, *told in session.execute(query))


def _payments(session: Session, part_ids: Collection[int]) -> Mapping[int, list[PaymentOfPart]]:
    query = (
        select(
            col(ClaimPayment.part_id),
            col(Transfer.id),
            col(Transfer.on),
            col(Transfer.pence),
            col(Transfer.cause),
            col(Transfer.memo),
            col(_Undoing.id),
        )
        .join(Transfer, col(ClaimPayment.transfer_id) == Transfer.id)
        .join(_Undoing, col(_Undoing.reverses_id) == Transfer.id, isouter=True)
        .where(col(ClaimPayment.part_id).in_(part_ids))
        .order_by(col(Transfer.on), col(Transfer.id))
    )
    return _by_part((part_id, PaymentOfPart(*told)) for part_id, *told in session.execute(query))


def _clawbacks(
    session: Session, viewer: Viewer, claim: Claim, part_ids: Collection[int]
) -> Mapping[int, list[ClawbackOfPart]]:
    query = (
        select(Clawback, col(ClaimLine.measure), col(ClaimPart.payer_id))
        .join(ClaimPart, col(Clawback.part_id) == ClaimPart.id)
        .join(ClaimLine, col(Clawback.line_id) == ClaimLine.id)
        .where(col(Clawback.part_id).in_(part_ids))
        .order_by(col(Clawback.id))
    )
    rows = session.execute(query).all()
    records = [back.record_id for back, *_ in rows if back.record_id]
    followed = list_follow_ons(session, part_ids, records) if records else {}
    by = user_names(session, viewer, claim.centre_id, [back.recorded_by_id for back, *_ in rows])
    return _by_part(
        (
            back.part_id,
            ClawbackOfPart(
                back, measure, by[back.recorded_by_id], followed.get((payer_id, back.record_id), ())
            ),
        )
        for back, measure, payer_id in rows
    )


def _by_part(rows: Any) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for part_id, row in rows:
        found[part_id].append(row)
    return found
