"""A funding agreement: what a venture is promised. Tranches release it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class FundingAgreement(SQLModel, table=True):
    """Inserted once, never changed; a further promise is a further agreement.

    `milestones` says in words on what the tranches are released.
    """

    __tablename__ = "funding_agreement"
    __table_args__ = (
        ForeignKeyConstraint(["venture_id", "centre_id"], ["venture.id", "venture.centre_id"]),
        UniqueConstraint("centre_id", "idempotency_key"),
        CheckConstraint("promised_pence > 0", name="promised_is_positive"),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    venture_id: int = Field(index=True)
    promised_pence: int = columns.pence()
    agreed_on: date
    milestones: str
    recorded_at: datetime
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    idempotency_key: str
