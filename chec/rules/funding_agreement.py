"""What a venture may be promised.

A promise is an agreement with a day and with milestones in words, on which its tranches are
released. It moves no money; what is promised and not yet released lowers the prudent value of the
centre. A venture that has stopped is promised nothing more, and what it was promised binds no
longer.
"""

from dataclasses import dataclass
from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.models import Stage, Venture
from chec.rules.free_text import reasons_not_to_write
from chec.rules.posting import MOST_PENCE, Fault

LONGEST_MILESTONES = 1_000


@dataclass(frozen=True)
class Promised:
    """The terms of a funding agreement; the milestones in words, on one line."""

    pence: Pence
    milestones: str
    agreed_on: date


def has_stopped(venture: Venture, day: date) -> bool:
    """Whether the venture had stopped by `day`."""
    return venture.stage is Stage.STOPPED and venture.stage_since_on <= day


def faults_to_promise(venture: Venture, terms: Promised, today: date) -> list[Fault]:
    """Why the venture may not be promised this, field by field; empty where it may."""
    reasons = {
        "venture": [],
        "pounds": _of_the_amount(terms.pence),
        "milestones": reasons_not_to_write(terms.milestones, most=LONGEST_MILESTONES),
        "on": _of_the_day(terms.agreed_on, today),
    }
    if has_stopped(venture, today):
        since = f"{venture.stage_since_on:%-d %B %Y}"
        reasons["venture"] = [f"{venture.name} stopped on {since}; it is promised nothing more."]
    if not terms.milestones:
        reasons["milestones"] = ["Say on what milestones the tranches are released."]
    return [Fault(field, reason) for field, each in reasons.items() for reason in each]


def _of_the_amount(pence: Pence) -> list[str]:
    if pence <= 0:
        return ["A funding agreement promises more than £0."]
    if pence > MOST_PENCE:
        return [f"A funding agreement promises at most {format_pounds(MOST_PENCE, whole=True)}."]
    return []


def _of_the_day(agreed_on: date, today: date) -> list[str]:
    return ["An agreement cannot be dated in the future."] if agreed_on > today else []
