"""An outcomes contract: the agreement under which commissioners pay a centre, in versions."""

from datetime import date, datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel


class Contract(SQLModel, table=True):
    """`reference` is the agreement's own; what it says stands in its versions."""

    __table_args__ = (
        UniqueConstraint("centre_id", "reference"),
        UniqueConstraint("id", "centre_id", name="contract_in_its_centre"),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    reference: str


class ContractVersion(SQLModel, table=True):
    """The contract document as it was imported, from 1. Inserted once, never changed.

    The last version counts. `ends_on` is the last day.
    """

    __tablename__ = "contract_version"
    __table_args__ = (UniqueConstraint("contract_id", "number"),)

    id: int = Field(default=None, primary_key=True)
    contract_id: int = Field(foreign_key="contract.id")
    number: int
    title: str
    starts_on: date
    ends_on: date
    document: str = Field(sa_type=Text)
    recorded_at: datetime
    recorded_by_id: int | None = Field(default=None, foreign_key="app_user.id")


class ContractPayer(SQLModel, table=True):
    """An organisation that is a payer of the contract, or was in an earlier version.

    `named` is the document's name for it.
    """

    __tablename__ = "contract_payer"
    __table_args__ = (UniqueConstraint("contract_id", "named"),)

    contract_id: int = Field(foreign_key="contract.id", primary_key=True)
    payer_id: int = Field(foreign_key="organisation.id", primary_key=True, index=True)
    named: str
