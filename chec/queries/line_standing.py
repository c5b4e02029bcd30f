"""When a line of a claim stands, as conditions of queries: approved by a payer, or still open.

Only who is asked to pay for a line approves it or keeps it open. Of a line that nobody is asked to
pay for, because its outcomes cost nothing, every payer of the claim does.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import col

from chec.models import (
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    ClaimShare,
    Clawback,
    DecisionLine,
    PartState,
    RecordShare,
)

is_waiting = col(ClaimPart.state) == PartState.WAITING
"""Whether the payer of a ClaimPart has still to decide."""


def is_approved(line: Any = ClaimLine) -> ColumnElement[bool]:
    """Whether a DecisionLine, if there is one, approves `line` and pays for it."""
    return and_(
        col(DecisionLine.id).is_not(None),
        col(DecisionLine.reason_code).is_(None),
        or_(col(DecisionLine.pence) > 0, col(line.payable_pence) == 0),
    )


def is_open(line: Any = ClaimLine) -> ColumnElement[bool]:
    """Whether the payer of a ClaimPart is asked to pay for `line` and has still to decide."""
    asked = (
        select(1)
        .where(
            col(ClaimShare.claim_id) == line.claim_id,
            col(ClaimShare.measure) == line.measure,
            col(ClaimShare.payer_id) == ClaimPart.payer_id,
        )
        .correlate(line, ClaimPart)
    )
    return and_(is_waiting, or_(col(line.payable_pence) == 0, asked.exists()))


def with_decisions(query: Any) -> Any:
    """`query`, of ClaimPart and ClaimLine, with the payer's decision of the line, if any."""
    return query.join(ClaimDecision, col(ClaimDecision.part_id) == ClaimPart.id, isouter=True).join(
        DecisionLine,
        and_(
            col(DecisionLine.decision_id) == ClaimDecision.id,
            col(DecisionLine.line_id) == ClaimLine.id,
        ),
        isouter=True,
    )


def stands(line: Any = ClaimLine) -> ColumnElement[bool]:
    """Whether `line` was approved by a payer, or one has still to decide."""
    part = select(1).where(col(ClaimPart.claim_id) == line.claim_id, is_open(line))
    decided = select(1).where(col(DecisionLine.line_id) == line.id, is_approved(line))
    return or_(part.correlate(line).exists(), decided.correlate(line).exists())


def is_held() -> ColumnElement[bool]:
    """Whether a ClaimRecord of a ClaimLine counts: taken, and a payer of it stands by it.

    That is one who approved it and has not clawed it back, or who has still to decide. What a cap
    cut whole, what was rejected and what went back may be claimed again.
    """
    share = (
        with_decisions(
            select(1)
            .select_from(RecordShare)
            .join(ClaimPart, col(ClaimPart.payer_id) == RecordShare.payer_id)
        )
        .join(
            Clawback,
            and_(col(Clawback.part_id) == ClaimPart.id, col(Clawback.record_id) == ClaimRecord.id),
            isouter=True,
        )
        .where(
            col(ClaimPart.claim_id) == ClaimLine.claim_id,
            col(RecordShare.record_id) == ClaimRecord.id,
            col(RecordShare.pence) > 0,
            or_(is_waiting, is_approved()),
            col(Clawback.id).is_(None),
        )
    )
    costs_nothing = and_(col(ClaimRecord.payable_pence) == 0, stands())
    standing = or_(share.correlate(ClaimRecord, ClaimLine).exists(), costs_nothing)
    return and_(col(ClaimRecord.removed_at).is_(None), standing)
