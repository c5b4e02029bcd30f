"""Fields of our own: money, a day, and the token that makes a repeated POST harmless."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from wtforms import Field, HiddenField
from wtforms.utils import unset_value
from wtforms.validators import StopValidation
from wtforms.widgets import TextInput

from chec.finance.money import format_pounds, parse_pounds

EARLIEST_YEAR, LATEST_YEAR = 1948, 2199
_STALE = "This page is out of date. Go back, reload it, and fill it in again."


class MoneyField(Field):
    """An amount typed in pounds; `data` is whole pence above zero, or None where nothing was typed.

    Add `InputRequired("Enter the amount.")` where there must be one.
    """

    widget = TextInput()
    data: int | None

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; why it cannot be read stands at the field."""
        self.data = parse_pounds(valuelist[0]) if valuelist and valuelist[0] else None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else format_pounds(self.data).removeprefix("£")


class DayField(Field):
    """A date typed as day, month and year; `data` is a date, or None where nothing was typed."""

    widget = TextInput()
    data: date | None

    @property
    def input_names(self) -> list[str]:
        """Of the three inputs: day, month, year."""
        return [f"{self.name}-{part}" for part in ("day", "month", "year")]

    @property
    def typed(self) -> list[str]:
        """What the three inputs show."""
        if self.raw_data is not None:
            return [str(part) for part in self.raw_data] or ["", "", ""]
        if self.data is None:
            return ["", "", ""]
        return [str(self.data.day), str(self.data.month), str(self.data.year)]

    def process(
        self, formdata: Any, data: Any = unset_value, extra_filters: Sequence[Any] | None = None
    ) -> None:
        """Read the three inputs together."""
        super().process(None, data, extra_filters)
        if formdata is None or not any(name in formdata for name in self.input_names):
            return
        parts = [formdata.get(name, "").strip() for name in self.input_names]
        # Empty where nothing was typed, which is what InputRequired asks.
        self.raw_data = parts if any(parts) else []
        self.data = None
        try:
            self.data = read_day(*parts)
        except ValueError as error:
            self.process_errors = [str(error)]


class IdempotencyField(HiddenField):
    """A token issued with the page. The same POST twice carries the same one, so it acts once.

    The key of what is posted is `form:` and this token.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(default=lambda: str(uuid4()), **options)

    def pre_validate(self, form: Any) -> None:
        """Refuse a token that no page of ours has issued."""
        if not self.raw_data or not _is_token(self.raw_data[0]):
            self.data = str(uuid4())
            raise StopValidation(_STALE)


def read_day(day: str, month: str, year: str) -> date | None:
    """The date of three texts, or None where all are empty.

    Raises ValueError, whose text is for whoever typed them, for a part that is missing or is no
    number, and for a day that the calendar does not have.
    """
    parts = {"day": day, "month": month, "year": year}
    missing = [name for name, text in parts.items() if not text]
    if len(missing) == len(parts):
        return None
    if missing:
        raise ValueError(f"The date needs a {' and a '.join(missing)}.")
    _insist_on_digits(parts)
    if not EARLIEST_YEAR <= int(year) <= LATEST_YEAR:
        raise ValueError(f"The year must be four digits from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    if not 1 <= int(month) <= 12:  # noqa: PLR2004
        raise ValueError("The month must be a number from 1 to 12.")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        first = date(int(year), int(month), 1)
        raise ValueError(f"{first:%B %Y} has no day {int(day)}.") from None


def _insist_on_digits(parts: Mapping[str, str]) -> None:
    for name, text in parts.items():
        if not (text.isascii() and text.isdecimal() and len(text) <= 4):  # noqa: PLR2004
            raise ValueError(f"Write the {name} in digits, as in 27 3 2026.")


def _is_token(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
