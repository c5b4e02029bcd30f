"""A record of a claim: one person's outcome on one measure, under a pseudonym."""

from datetime import date

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from chec.models import columns
from chec.models.claim import RemovalStep


class ClaimRecord(SQLModel, table=True):
    """Not valued while the claim is a draft, and fixed from then on.

    `removed_at` is the step that removed it whole (None: it was taken), `follows_id` the record
    that it follows, of this claim or an earlier one. `value` is a decimal number.
    """

    __tablename__ = "claim_record"
    __table_args__ = (Index("claim_record_of_person", "person", "line_id"),)

    id: int = Field(default=None, primary_key=True)
    line_id: int = Field(foreign_key="claim_line.id", index=True)
    person: str
    achieved_on: date
    evidence: str = ""
    value: str | None = None
    gross_pence: int | None = columns.pence(None)
    payable_pence: int | None = columns.pence(None)
    removed_at: RemovalStep | None = columns.enum(RemovalStep, nullable=True, default=None)
    why_removed: str = ""
    follows_id: int | None = Field(default=None, foreign_key="claim_record.id", index=True)


class RecordShare(SQLModel, table=True):
    """What a submitted claim asks of a payer for one record."""

    __tablename__ = "record_share"

    record_id: int = Field(foreign_key="claim_record.id", primary_key=True)
    payer_id: int = Field(foreign_key="organisation.id", primary_key=True)
    pence: int = columns.pence()
