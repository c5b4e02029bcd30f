"""A centre: one Community Health Enterprise Centre."""

from datetime import date

from sqlmodel import Field, SQLModel


class Centre(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    opened_on: date
