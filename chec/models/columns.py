"""Columns that every table spells the same way."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum
from sqlmodel import Field


def pence(default: Any = ...) -> Any:
    """Whole pence; BigInteger, because INTEGER ends at £21.4m on PostgreSQL."""
    return Field(default=default, sa_type=BigInteger)


def enum(kind: type[StrEnum], **options: Any) -> Any:
    """A StrEnum stored by value in a VARCHAR with a CHECK named after the enum."""
    stored = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )
    return Field(sa_type=stored, **options)
