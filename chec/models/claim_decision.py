"""What a payer decided about its part of a claim, what it paid, and what went back."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.finance.money import Pence
from chec.models import columns


class PartState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    PART_APPROVED = "part-approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ClaimPart(SQLModel, table=True):
    """A payer's part of a submitted claim. `paid_pence` is net of what was returned or undone.

    `asked_on` is when the claim was submitted, `decide_by_on` the last day that the contract gives
    for deciding.
    """

    __tablename__ = "claim_part"
    __table_args__ = (
        UniqueConstraint("claim_id", "payer_id"),
        # Holds all that the totals of an inbox add up.
        Index(
            "claim_part_by_state",
            "payer_id",
            "state",
            "asked_on",
            "id",
            "decide_by_on",
            "asked_pence",
            "approved_pence",
        ),
        CheckConstraint(
            "approved_pence BETWEEN 0 AND asked_pence", name="approved_at_most_what_was_asked"
        ),
        CheckConstraint(
            "clawed_back_pence BETWEEN 0 AND approved_pence", name="clawed_back_at_most_approved"
        ),
        CheckConstraint("paid_pence >= 0", name="paid_is_not_below_zero"),
    )

    id: int = Field(default=None, primary_key=True)
    claim_id: int = Field(foreign_key="claim.id")
    payer_id: int = Field(foreign_key="organisation.id")
    asked_pence: int = columns.pence()
    state: PartState = columns.enum(PartState)
    asked_on: date
    decide_by_on: date | None = None
    approved_pence: int = columns.pence(0)
    clawed_back_pence: int = columns.pence(0)
    paid_pence: int = columns.pence(0)

    @property
    def due_pence(self) -> Pence:
        """What the payer still has to pay of this part."""
        return max(0, self._balance)

    @property
    def owed_back_pence(self) -> Pence:
        """What was paid and clawed back, and has to go back to the payer."""
        return max(0, -self._balance)

    @property
    def _balance(self) -> Pence:
        return self.approved_pence - self.clawed_back_pence - self.paid_pence


class RejectionReason(StrEnum):
    EVIDENCE_MISSING = "evidence missing"
    NOT_ACHIEVED = "outcome not achieved"
    OUTSIDE_THE_COHORT = "outside the cohort"
    CLAIMED_BEFORE = "claimed before"
    NOT_IN_THE_CONTRACT = "not in the contract"
    OTHER = "other"


class ClaimDecision(SQLModel, table=True):
    """Once for a part, and never changed. `transfer_id` is the approval; none without money."""

    __tablename__ = "claim_decision"

    id: int = Field(default=None, primary_key=True)
    part_id: int = Field(foreign_key="claim_part.id", unique=True)
    state: PartState = columns.enum(PartState)
    approved_pence: int = columns.pence()
    decided_on: date
    decided_at: datetime
    decided_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    transfer_id: int | None = Field(default=None, foreign_key="transfer.id", unique=True)


class DecisionLine(SQLModel, table=True):
    """A line as the payer decided it: rejected with a reason, else approved as it was asked."""

    __tablename__ = "decision_line"
    __table_args__ = (
        UniqueConstraint("decision_id", "line_id"),
        CheckConstraint("reason_code IS NULL OR pence = 0", name="rejected_is_worth_nothing"),
    )

    id: int = Field(default=None, primary_key=True)
    decision_id: int = Field(foreign_key="claim_decision.id")
    line_id: int = Field(foreign_key="claim_line.id", index=True)
    pence: int = columns.pence()
    reason_code: RejectionReason | None = columns.enum(RejectionReason, nullable=True, default=None)
    reason: str = ""


class ClaimPayment(SQLModel, table=True):
    """Money for a part of a claim, and its transfer, whose cause says which way: in, or back.

    A reversal of the transfer undoes it.
    """

    __tablename__ = "claim_payment"

    id: int = Field(default=None, primary_key=True)
    part_id: int = Field(foreign_key="claim_part.id", index=True)
    transfer_id: int = Field(foreign_key="transfer.id", unique=True)


class Clawback(SQLModel, table=True):
    """Money of an approved line that a payer has back, because an outcome did not hold.

    `record_id` names the record, where the line was priced from records; `financial_year` is that
    of the outcomes.
    """

    __table_args__ = (UniqueConstraint("part_id", "record_id"),)

    id: int = Field(default=None, primary_key=True)
    part_id: int = Field(foreign_key="claim_part.id", index=True)
    line_id: int = Field(foreign_key="claim_line.id", index=True)
    record_id: int | None = Field(default=None, foreign_key="claim_record.id")
    financial_year: int
    units: int
    pence: int = columns.pence()
    reason: str
    clawed_back_on: date
    recorded_at: datetime
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    transfer_id: int | None = Field(default=None, foreign_key="transfer.id", unique=True)
