"""What claims have used up of a contract: accepted for good, or held while payers decide.

Sums over the shares of its claims, kept so that a position need not read them all. They change in
the transaction that changes a claim, and `chec db check` adds them up again.
"""

from sqlmodel import Field, SQLModel

from chec.models import columns


class MeasureUse(SQLModel, table=True):
    """Outcomes of a measure. One is accepted once any payer has approved it."""

    __tablename__ = "measure_use"

    contract_id: int = Field(foreign_key="contract.id", primary_key=True)
    measure: str = Field(primary_key=True)
    held_units: int = 0
    accepted_units: int = 0


class PayerUse(SQLModel, table=True):
    """A payer's money for a measure, by the financial year (of its April) of the outcomes."""

    __tablename__ = "payer_use"

    contract_id: int = Field(foreign_key="contract.id", primary_key=True)
    measure: str = Field(primary_key=True)
    financial_year: int = Field(primary_key=True)
    payer_id: int = Field(foreign_key="organisation.id", primary_key=True)
    held_pence: int = columns.pence(0)
    accepted_pence: int = columns.pence(0)
