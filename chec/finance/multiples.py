"""Multiples of money, as GIPS 2020 defines them: paid-in, distributions, residual and total value.

One rule, computed for many subjects at once over arrays; a single subject asks the same rule.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chec.finance.flow_table import Floats


@dataclass(frozen=True)
class Multiples:
    """Ratios of money; each is None where its divisor is 0."""

    pic: float | None
    """Paid in ÷ committed."""
    dpi: float | None
    """Distributed ÷ paid in: what was really paid back."""
    rvpi: float | None
    """Residual value ÷ paid in."""
    tvpi: float | None
    """(Distributed + residual value) ÷ paid in."""


@dataclass(frozen=True)
class MultiplesTable:
    """The ratios of `Multiples` for each subject; NaN where the divisor is 0."""

    pic: Floats
    dpi: Floats
    rvpi: Floats
    tvpi: Floats


def multiples(committed: int, paid_in: int, distributed: int, value: int) -> Multiples:
    """The multiples of one subject from its totals, all in the same unit (pence).

    `paid_in` is net of recallable distributions. To join subjects add their totals, never their
    multiples.
    """
    table = multiples_of_each([committed], [paid_in], [distributed], [value])
    return Multiples(*(_or_none(ratio) for ratio in vars(table).values()))


def multiples_of_each(
    committed: ArrayLike, paid_in: ArrayLike, distributed: ArrayLike, value: ArrayLike
) -> MultiplesTable:
    """`multiples` of every subject, from arrays of their totals, one entry a subject."""
    paid, out, left = np.asarray(paid_in), np.asarray(distributed), np.asarray(value)
    return MultiplesTable(
        pic=_ratio(paid, committed),
        dpi=_ratio(out, paid),
        rvpi=_ratio(left, paid),
        tvpi=_ratio(out + left, paid),
    )


def _ratio(dividend: ArrayLike, divisor: ArrayLike) -> Floats:
    above, below = np.asarray(dividend, np.float64), np.asarray(divisor, np.float64)
    ratios = np.full(below.shape, np.nan)
    np.divide(above, below, out=ratios, where=below != 0)
    return ratios


def _or_none(ratio: Floats) -> float | None:
    return None if np.isnan(ratio[0]) else float(ratio[0])
