"""A transfer: one movement of money between two accounts. Inserted once, never changed."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class Transfer(SQLModel, table=True):
    """`pence` goes from the credit account to the debit account.

    `on` is when it happened, `recorded_at` when it was known. A reversal keeps the cause of the
    transfer that it `reverses_id`, with the accounts changed over, so that totals by cause are net.
    `corrects_quarter_on` is the first day of the closed quarter that a later entry puts right.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["debit_account_id", "centre_id"], ["account.id", "account.centre_id"]
        ),
        ForeignKeyConstraint(
            ["credit_account_id", "centre_id"], ["account.id", "account.centre_id"]
        ),
        UniqueConstraint("centre_id", "idempotency_key"),
        CheckConstraint("pence > 0", name="pence_is_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        # Holds all that a returns run reads, so that a million rows are not looked up one by one.
        Index(
            "transfer_by_day",
            "centre_id",
            "on",
            "id",
            "debit_account_id",
            "credit_account_id",
            "pence",
            "cause",
            "recorded_at",
        ),
        Index("transfer_by_debit", "debit_account_id", "on", "id"),
        Index("transfer_by_credit", "credit_account_id", "on", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    on: date
    debit_account_id: int
    credit_account_id: int
    pence: int = columns.pence()
    cause: str = Field(foreign_key="transfer_cause.code")
    reference: str = ""
    memo: str = ""
    recorded_at: datetime
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    idempotency_key: str
    reverses_id: int | None = Field(default=None, foreign_key="transfer.id", unique=True)
    corrects_quarter_on: date | None = None
