"""What a field of a contract document may hold, read strictly and exactly.

Nothing is guessed: an amount is whole pence and no text, a share is an exact fraction and never a
float, a day is written 2026-10-31.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictStr,
    model_validator,
)

from chec.finance.money import Pence, format_pounds
from chec.rules.contract_document import Path
from chec.rules.free_text import reasons_not_to_write
from chec.rules.ledger_file import read_iso_day
from chec.rules.naming import reasons_not_to_name
from chec.rules.posting import MOST_PENCE

LONGEST_CODE = 40
LONGEST_REFERENCE = 60
LONGEST_TEXT = 300
MOST_UNITS = 1_000_000_000
MOST_DAYS = 36_500
MOST_ENTRIES = 250
"""Of one list of the document: many more than any contract has, and few enough to read at once."""
FIRST_YEAR, LAST_YEAR = 1900, 2199

_MOST_DIGITS = 15
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?|[+-]?[0-9]{1,15}/0*[1-9][0-9]{0,14}")


class Terms(BaseModel):
    """A part of the document. A field that is null is as good as missing; others are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=False
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_missing(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        known = {each.alias or name for name, each in cls.model_fields.items()}
        return {key: each for key, each in given.items() if each is not None or key not in known}


def _whole(most: int, what: str, *, least: int = 0) -> Callable[[Any], int]:
    def read(given: Any) -> int:
        if type(given) is not int:
            raise ValueError(f"This must be {what}: a whole number, without quotation marks.")
        if given < least:
            raise ValueError(f"This must be {what}, {least} or more.")
        if given > most:
            raise ValueError(f"This must be {what}, {most:,} or fewer. Check it.")
        return given

    return read


def _pence(given: Any) -> Pence:
    if type(given) is not int:
        raise ValueError("Write whole pence, without quotation marks or a point: 50000 for £500.")
    if given < 0:
        raise ValueError("An amount is not below zero. Write it without its minus sign.")
    if given > MOST_PENCE:
        most = format_pounds(MOST_PENCE, whole=True)
        raise ValueError(f"The amount is above {most}. Check it; amounts are in pence.")
    return given


def exact_number(given: Any) -> Fraction:
    """`given`, a text (`"1/3"`, `"0.15"`) or a JSON number, as it is; ValueError for others."""
    if type(given) in {int, Decimal}:
        given = f"{Decimal(given):f}" if abs(Decimal(given).adjusted()) <= _MOST_DIGITS else ""
    if not isinstance(given, str) or not _NUMBER.fullmatch(given):
        raise ValueError("Write an exact number, such as “0.15” or “1/3”.")
    return Fraction(given)


def _share(given: Any) -> Fraction:
    share = exact_number(given)
    if not 0 <= share <= 1:
        raise ValueError("A share lies between 0 and 1. Write 15% as “0.15”.")
    return share


def _day(given: Any) -> date:
    if not isinstance(given, str):
        raise ValueError("Write the date as a text, such as “2026-10-31”.")
    day = read_iso_day(given)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"Check the year: it lies between {FIRST_YEAR} and {LAST_YEAR}.")
    return day


def _text(most: int) -> Callable[[Any], str]:
    def read(given: Any) -> str:
        if not isinstance(given, str):
            raise ValueError("This must be a text in quotation marks.")
        reasons = reasons_not_to_write(given, most=most)
        if not given.strip():
            reasons.append("This is empty. Fill it in.")
        elif given != given.strip():
            reasons.append("Take the spaces before or after the text away.")
        if reasons:
            raise ValueError(" ".join(reasons))
        return given

    return read


def _name_of_payer(given: str) -> str:
    reasons = reasons_not_to_name("the payer", _text(LONGEST_TEXT)(given))
    if reasons:
        raise ValueError(" ".join(reasons))
    return given


def _not_too_many(given: Any) -> Any:
    """Before any entry is read: each of a million would have faults of its own."""
    if isinstance(given, list) and len(given) > MOST_ENTRIES:
        raise ValueError(f"This list has more than {MOST_ENTRIES} entries. Shorten it.")
    return given


Amount = Annotated[Pence, PlainValidator(_pence)]
Units = Annotated[int, PlainValidator(_whole(MOST_UNITS, "a number of units"))]
Times = Annotated[int, PlainValidator(_whole(MOST_UNITS, "a number of times", least=1))]
Size = Annotated[int, PlainValidator(_whole(MOST_UNITS, "a number of records", least=1))]
Days = Annotated[int, PlainValidator(_whole(MOST_DAYS, "a number of days"))]
Share = Annotated[Fraction, PlainValidator(_share)]
Exact = Annotated[Fraction, PlainValidator(exact_number)]
Day = Annotated[date, PlainValidator(_day)]
Code = Annotated[str, PlainValidator(_text(LONGEST_CODE))]
Reference = Annotated[str, PlainValidator(_text(LONGEST_REFERENCE))]
Text = Annotated[str, PlainValidator(_text(LONGEST_TEXT))]
PayerName = Annotated[StrictStr, PlainValidator(_name_of_payer)]

_Entry = TypeVar("_Entry")
Several = Annotated[tuple[_Entry, ...], BeforeValidator(_not_too_many)]
"""A list of the document."""
Some = Annotated[Several[_Entry], Field(min_length=1)]
"""One that is not empty."""


def repeated(names: Sequence[str], field: str) -> list[tuple[Path, str]]:
    """The fault of each of `names`, in a list of objects, that stands there a second time."""
    return [
        ((place, field), f"“{name}” is there already, at place {names.index(name) + 1} of this"
         " list. Each is there once.")
        for place, name in enumerate(names)
        if names.index(name) < place
    ]  # fmt: skip


def shown(number: Fraction) -> str:
    """`number` as people write it: 0.99, or 5/6 (about 0.8333) where that has no end."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return f"{float(number):.15g}" if rest == 1 else f"{number} (about {float(number):.4g})"
