"""A payment request: money that one director asks to pay, and what became of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class PaymentKind(StrEnum):
    TRANCHE = "tranche"
    DISTRIBUTION = "distribution"
    REFUND = "refund"
    RUNNING_COST = "running cost"


class PaymentRequest(SQLModel, table=True):
    """What is to be paid, of one kind; `on` is the day that was asked for. Never changed.

    `limit_pence` is the centre's limit as it stood; `seen` is what the director who asked for a
    distribution was shown of its shares.
    """

    __tablename__ = "payment_request"
    __table_args__ = (
        UniqueConstraint("centre_id", "idempotency_key"),
        ForeignKeyConstraint(["venture_id", "centre_id"], ["venture.id", "venture.centre_id"]),
        CheckConstraint("pence > 0", name="request_is_positive"),
        CheckConstraint(
            "(kind = 'tranche' AND venture_id IS NOT NULL AND claim_id IS NULL"
            " AND payer_id IS NULL)"
            " OR (kind IN ('distribution', 'running cost') AND venture_id IS NULL"
            " AND claim_id IS NULL AND payer_id IS NULL)"
            " OR (kind = 'refund' AND venture_id IS NULL AND claim_id IS NOT NULL"
            " AND payer_id IS NOT NULL)",
            name="pays_what_the_kind_needs",
        ),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    kind: PaymentKind = columns.enum(PaymentKind)
    pence: int = columns.pence()
    on: date
    venture_id: int | None = Field(default=None, index=True)
    claim_id: int | None = Field(default=None, foreign_key="claim.id", index=True)
    payer_id: int | None = Field(default=None, foreign_key="organisation.id")
    reference: str = ""
    memo: str = ""
    seen: str = ""
    limit_pence: int = columns.pence()
    requested_at: datetime
    requested_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    idempotency_key: str


class PaymentVerdict(StrEnum):
    WITHIN_LIMIT = "within the limit"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class PaymentDecision(SQLModel, table=True):
    """What became of a request: one row, never changed. Without one the request waits."""

    __tablename__ = "payment_decision"

    request_id: int = Field(foreign_key="payment_request.id", primary_key=True)
    verdict: PaymentVerdict = columns.enum(PaymentVerdict)
    reason: str = ""
    decided_at: datetime
    decided_by_id: int | None = Field(default=None, foreign_key="app_user.id")


class PaymentTransfer(SQLModel, table=True):
    """A transfer that a request posted."""

    __tablename__ = "payment_transfer"

    transfer_id: int = Field(foreign_key="transfer.id", primary_key=True)
    request_id: int = Field(foreign_key="payment_request.id", index=True)
