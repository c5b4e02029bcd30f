"""No payment out may take the bank below zero (methods, 1).

Neither on its own date nor on any later date already recorded. Receipts of a day come first, so a
day is judged by what is left at its end.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from chec.finance.money import Pence, format_pounds


class Shortfall(NamedTuple):
    """The first day that would end below zero, and by how much (`pence` below zero)."""

    on: date
    pence: Pence


def first_shortfall(opening: Pence, by_day: Iterable[tuple[date, Pence]]) -> Shortfall | None:
    """The first day whose end is below zero, from the balance before and the net of each day.

    A day may be named more than once: it ends where the next one begins.
    """
    balance, ends = opening, {}
    for on, net in sorted(by_day):
        balance += net
        ends[on] = balance
    return next((Shortfall(on, end) for on, end in ends.items() if end < 0), None)


def reasons_not_to_pay(shortfall: Shortfall | None) -> list[str]:
    """Why a payment out that leaves `shortfall` is refused; empty where there is none."""
    if shortfall is None:
        return []
    missing = format_pounds(-shortfall.pence)
    return [
        f"The bank would be {missing} short at the end of {shortfall.on:%-d %B %Y}."
        " Record the money that came in first, or pay less."
    ]
