"""The closing of a quarter: from then on it takes no new transfer. Inserted once, never changed."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class QuarterClose(SQLModel, table=True):
    """Closing a quarter closes every earlier one."""

    __tablename__ = "quarter_close"
    __table_args__ = (UniqueConstraint("centre_id", "quarter_starts_on"),)

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    quarter_starts_on: date
    closed_at: datetime
    closed_by_id: int | None = Field(default=None, foreign_key="app_user.id")
