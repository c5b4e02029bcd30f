"""Which rate of return is shown (methods, 4).

An annual rate where a year or more has passed since the first flow. Before that an annual rate says
more than is known, so the plain gain is shown: what came back and what is left, over what was paid
in, "not annualised". Where no rate is defined, the reason stands in its place.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from chec.finance.irr import DAYS_A_YEAR
from chec.finance.money import Pence
from chec.models import ReturnsResult, ReturnsRun, Subject

_BEYOND_WORDS = 1000.0  # 100,000%


@dataclass(frozen=True)
class RateShown:
    """A rate as a fraction, of a year or `plain`; None with the reason why there is none."""

    rate: float | None
    plain: bool
    reason: str | None

    @property
    def is_beyond_words(self) -> bool:
        """Whether the rate has so many digits that they say nothing."""
        return self.rate is not None and self.rate > _BEYOND_WORDS

    @property
    def short_reason(self) -> str:
        """The reason up to its colon, for a table."""
        return (self.reason or "").partition(":")[0]


def rate_to_show(
    *,
    irr_rate: float | None,
    irr_reason: str | None,
    first_flow_on: date | None,
    as_of: date,
    paid_in: Pence,
    distributed: Pence,
    value: Pence,
) -> RateShown:
    """The rate of a return as of a day, from what its run has stored."""
    if irr_rate is None or first_flow_on is None:
        return RateShown(None, plain=False, reason=irr_reason or "no flows")
    if (as_of - first_flow_on).days >= DAYS_A_YEAR:
        return RateShown(irr_rate, plain=False, reason=None)
    if paid_in <= 0:
        return RateShown(None, plain=True, reason="less than a year, and nothing paid in")
    return RateShown((distributed + value) / paid_in - 1, plain=True, reason=None)


class RatesShown(NamedTuple):
    """The rates of a stored result: on realised value, on prudent, and on prudent as it would be if
    payers approved all that waits. None where the run or the subject has no such value."""

    realised: RateShown
    prudent: RateShown | None
    all_approved: RateShown | None

    @property
    def name(self) -> str:
        """What the rates are called: they are all annual, or all plain gains, or not there."""
        return "Gain" if any(rate and rate.plain for rate in self) else "IRR"


def rates_of(result: ReturnsResult, run: ReturnsRun) -> RatesShown:
    """The rates to show of a stored result of `run`."""

    def shown(value: Pence | None, rate: float | None, reason: str | None) -> RateShown | None:
        if value is None:
            return None
        return rate_to_show(
            irr_rate=rate,
            irr_reason=reason,
            first_flow_on=result.first_flow_on,
            as_of=run.as_of,
            paid_in=result.paid_in_pence,
            distributed=result.distributed_pence,
            value=value,
        )

    realised = shown(result.value_pence, result.irr_rate, result.irr_reason)
    assert realised
    own = (result.prudent_value_pence, result.prudent_irr_rate, result.prudent_irr_reason)
    of_centre = result.subject is Subject.CENTRE
    value = run.all_approved_value_pence if of_centre else None
    approved = shown(value, run.all_approved_irr_rate, run.all_approved_irr_reason)
    return RatesShown(realised, shown(*own), approved)
