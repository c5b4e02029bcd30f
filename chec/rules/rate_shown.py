"""Which rate of return is shown (methods, 4).

An annual rate where a year or more has passed since the first flow. Before that an annual rate says
more than is known, so the plain gain is shown: what came back and what is left, over what was paid
in, "not annualised". Where no rate is defined, the reason stands in its place.
"""

from dataclasses import dataclass
from datetime import date

from chec.finance.irr import DAYS_A_YEAR
from chec.finance.money import Pence
from chec.models import ReturnsResult

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


def rate_of(result: ReturnsResult, as_of: date) -> RateShown:
    """The rate to show of a stored result, of a run as of a day."""
    return rate_to_show(
        irr_rate=result.irr_rate,
        irr_reason=result.irr_reason,
        first_flow_on=result.first_flow_on,
        as_of=as_of,
        paid_in=result.paid_in_pence,
        distributed=result.distributed_pence,
        value=result.value_pence,
    )
