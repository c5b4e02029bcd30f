"""Stretches of time. Every one is half-open: its first day is in it, `ends_before` is not.

A UK public-sector financial year runs from 1 April to 31 March and is known by the calendar year
in which it begins; its first quarter is April to June.
"""

from dataclasses import dataclass
from datetime import date, timedelta

_APRIL = 4
_MONTHS = ("Apr–Jun", "Jul–Sep", "Oct–Dec", "Jan–Mar")


@dataclass(frozen=True, order=True)
class FinancialYear:
    """April to March; `year` is the calendar year in which it begins."""

    year: int

    @property
    def starts_on(self) -> date:
        return date(self.year, _APRIL, 1)

    @property
    def ends_before(self) -> date:
        return date(self.year + 1, _APRIL, 1)

    @property
    def name(self) -> str:
        """As people write it: `2026/27`."""
        return f"{self.year}/{(self.year + 1) % 100:02}"

    @property
    def quarters(self) -> tuple["Quarter", ...]:
        return tuple(Quarter(self.year, number) for number in (1, 2, 3, 4))

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day < self.ends_before

    def previous(self) -> "FinancialYear":
        return FinancialYear(self.year - 1)

    def next(self) -> "FinancialYear":
        return FinancialYear(self.year + 1)


@dataclass(frozen=True, order=True)
class Quarter:
    """Quarter `number` (1 to 4) of the financial year that begins in April of `year`."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if self.number not in (1, 2, 3, 4):
            raise ValueError("A financial year has quarters 1 to 4.")

    @property
    def code(self) -> str:
        """Short, for addresses and files: `2026-Q3`."""
        return f"{self.year:04}-Q{self.number}"

    @property
    def name(self) -> str:
        """As people write it: `2026/27 Q3 (Oct–Dec 2026)`."""
        months = f"{_MONTHS[self.number - 1]} {self.starts_on.year}"
        return f"{self.financial_year.name} Q{self.number} ({months})"

    @property
    def financial_year(self) -> FinancialYear:
        return FinancialYear(self.year)

    @property
    def starts_on(self) -> date:
        months = 12 * self.year + 3 * self.number
        return date(months // 12, months % 12 + 1, 1)

    @property
    def ends_before(self) -> date:
        return self.next().starts_on

    @property
    def last_day(self) -> date:
        return self.ends_before - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day < self.ends_before

    def previous(self) -> "Quarter":
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    def next(self) -> "Quarter":
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)


def financial_year_of(day: date) -> FinancialYear:
    """The financial year in which `day` lies."""
    return FinancialYear(day.year if day.month >= _APRIL else day.year - 1)


def quarter_of(day: date) -> Quarter:
    """The quarter of the financial year in which `day` lies."""
    return Quarter(financial_year_of(day).year, (day.month - _APRIL) % 12 // 3 + 1)
