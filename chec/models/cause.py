"""The cause of a transfer: the event that moved the money (methods, 1)."""

from enum import StrEnum

from sqlmodel import Field, SQLModel


class Cause(StrEnum):
    """In the order of a centre's life. Each is a row of the reference table `transfer_cause`."""

    DRAWDOWN = "drawdown"
    GRANT = "grant"
    TRANCHE = "tranche"
    UNSPENT_RETURNED = "unspent returned"
    RUNNING_COST = "running cost"
    APPROVAL = "approval"
    PAYMENT = "payment"
    CLAWBACK = "clawback"
    REFUND = "refund"
    GIVEN_UP = "given up"
    VENTURE_STOPPED = "venture stopped"
    SPIN_OUT_PAID = "spin-out paid"
    SPIN_OUT_COMPLETED = "spin-out completed"
    SURPLUS_KEPT = "surplus kept"
    SURPLUS_USED = "surplus used"
    DISTRIBUTION = "distribution"


class TransferCause(SQLModel, table=True):
    """A table and not a CHECK, because the vocabulary grows and `transfer` is never rebuilt."""

    __tablename__ = "transfer_cause"

    code: str = Field(primary_key=True)
