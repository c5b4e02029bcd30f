"""A claim: a period's outcomes of one venture put to the payers, one line a measure."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class ClaimState(StrEnum):
    """A claim is submitted until every payer has decided; then approved in part or whole, or not.

    It is paid once nothing that was approved is outstanding and nothing is owed back.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Claim(SQLModel, table=True):
    """What it is worth is NULL while it is a draft; `version_id` is what it was priced under."""

    __table_args__ = (
        ForeignKeyConstraint(["venture_id", "centre_id"], ["venture.id", "venture.centre_id"]),
        ForeignKeyConstraint(["contract_id", "centre_id"], ["contract.id", "contract.centre_id"]),
        CheckConstraint("ends_before > starts_on", name="period_has_days"),
        CheckConstraint(
            "(state = 'draft') = (payable_pence IS NULL)", name="valued_once_submitted"
        ),
        Index("claim_by_state", "centre_id", "state", "id"),
        # A discarded draft's reference is not given out again.
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    contract_id: int = Field(index=True)
    venture_id: int = Field(index=True)
    starts_on: date
    ends_before: date
    state: ClaimState = columns.enum(ClaimState)
    prepared_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    prepared_at: datetime
    version_id: int | None = Field(default=None, foreign_key="contract_version.id")
    submitted_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    submitted_on: date | None = None
    submitted_at: datetime | None = None
    withdrawn_on: date | None = None
    withdrawn_at: datetime | None = None
    gross_pence: int | None = columns.pence(None)
    payable_pence: int | None = columns.pence(None)

    @property
    def last_day(self) -> date:
        """The last day of its period."""
        return self.ends_before - timedelta(days=1)


class LineBasis(StrEnum):
    """What a line is priced from, for good."""

    COUNTS = "counts"
    RECORDS = "records"


class ClaimLine(SQLModel, table=True):
    """`units` are claimed; `taken_units` those that no step removed whole. Fixed once valued."""

    __tablename__ = "claim_line"
    __table_args__ = (UniqueConstraint("claim_id", "measure"),)

    id: int = Field(default=None, primary_key=True)
    claim_id: int = Field(foreign_key="claim.id")
    measure: str
    basis: LineBasis = columns.enum(LineBasis)
    units: int
    taken_units: int | None = None
    gross_pence: int | None = columns.pence(None)
    payable_pence: int | None = columns.pence(None)


class RemovalStep(StrEnum):
    """The steps that remove money, in their order (methods, 2)."""

    EVIDENCE = "evidence"
    CHAIN = "chain"
    PERSON = "person"
    MEASURE = "measure"
    PERIOD = "period"
    CONTRACT = "contract"
    PAYER = "payer"


class ClaimRemoval(SQLModel, table=True):
    """What a step took from a submitted claim, and the sentence that says so."""

    __tablename__ = "claim_removal"

    id: int = Field(default=None, primary_key=True)
    claim_id: int = Field(foreign_key="claim.id", index=True)
    step: RemovalStep = columns.enum(RemovalStep)
    measure: str | None = None
    units: int
    pence: int = columns.pence()
    why: str


class ClaimShare(SQLModel, table=True):
    """What a submitted claim asks of a payer for a measure, by the financial year of outcomes."""

    __tablename__ = "claim_share"
    __table_args__ = (UniqueConstraint("claim_id", "measure", "financial_year", "payer_id"),)

    id: int = Field(default=None, primary_key=True)
    claim_id: int = Field(foreign_key="claim.id")
    measure: str
    financial_year: int
    payer_id: int = Field(foreign_key="organisation.id")
    pence: int = columns.pence()
