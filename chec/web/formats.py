"""How figures are written on pages: the filters of the templates."""

from collections.abc import Callable
from datetime import date, datetime

from chec.clock import LONDON
from chec.finance.money import format_pounds
from chec.models import Role
from chec.models.references import reference

_FOR_ORGANISATIONS = frozenset({Role.INVESTOR, Role.COMMISSIONER})


def day(value: date) -> str:
    """`21 November 2026`; of a moment, the day in London."""
    value = _in_london(value)
    return f"{value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """`21 Nov 2026`."""
    value = _in_london(value)
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """`21 November 2026 at 14:05`, in London."""
    return f"{day(value)} at {value.astimezone(LONDON):%H:%M}"


def clock_time(value: datetime) -> str:
    """`14:05`, in London."""
    return f"{value.astimezone(LONDON):%H:%M}"


def pounds(pence: int, *, whole: bool = False) -> str:
    """`£1,250.50`; with `whole`, an amount of whole pounds goes without its pence."""
    return format_pounds(pence, whole=whole)


def percent(rate: float, places: int = 1) -> str:
    """A fraction as `12.5%`, and `−3.0%` (U+2212) below zero; what rounds to zero has no sign."""
    return _with_true_minus(f"{rate * 100:z,.{places}f}%")


def multiple(value: float) -> str:
    """A multiple of what was paid in: `1.42×`."""
    return _with_true_minus(f"{value:,.2f}×")


def sentence_case(text: str) -> str:
    """`proof of concept` as `Proof of concept`; capitals inside stay."""
    return text[:1].upper() + text[1:]


def role_for(role: Role, name: str) -> str:
    """`director of Wren Valley`; an organisation is acted for: `investor for Cobble Lane`."""
    return f"{role} {'for' if role in _FOR_ORGANISATIONS else 'of'} {name}"


def ref(key: int, noun: str) -> str:
    """The reference of a row: `42 | reference("transfer")` is `T-0042`."""
    return reference(noun, key)


FILTERS: dict[str, Callable[..., str]] = {
    "clock_time": clock_time,
    "date": day,
    "moment": moment,
    "multiple": multiple,
    "percent": percent,
    "pounds": pounds,
    "reference": ref,
    "role_for": role_for,
    "sentence_case": sentence_case,
    "short_date": short_day,
}


def _in_london(value: date) -> date:
    return value.astimezone(LONDON).date() if isinstance(value, datetime) else value


def _with_true_minus(text: str) -> str:
    return text.replace("-", "−")
