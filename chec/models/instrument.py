"""An instrument: the terms on which an investor puts money into a centre, and how much."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class InstrumentKind(StrEnum):
    GRANT = "grant"
    LOAN = "loan"
    REVENUE_PARTICIPATION = "revenue participation"
    QUASI_EQUITY = "quasi-equity"


class Instrument(SQLModel, table=True):
    """`committed_pence` is promised on `agreed_on`; a further promise is a further instrument."""

    __table_args__ = (
        UniqueConstraint("centre_id", "reference"),
        UniqueConstraint("id", "centre_id", name="instrument_in_its_centre"),
        CheckConstraint("committed_pence > 0", name="committed_is_positive"),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    investor_id: int = Field(foreign_key="organisation.id", index=True)
    reference: str
    kind: InstrumentKind = columns.enum(InstrumentKind)
    committed_pence: int = columns.pence()
    agreed_on: date

    @property
    def is_repaid(self) -> bool:
        """Whether money under it counts in a return: a grant is income and is not paid back."""
        return self.kind is not InstrumentKind.GRANT
