"""A centre: one Community Health Enterprise Centre."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class Centre(SQLModel, table=True):
    """A payment above `payment_limit_pence` needs a second director."""

    __table_args__ = (CheckConstraint("payment_limit_pence >= 0", name="limit_is_not_negative"),)

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    opened_on: date
    payment_limit_pence: int = columns.pence(default=0)
