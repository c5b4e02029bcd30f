"""Present values of money out and money in, of many subjects at once.

A rate is carried as its daily force of interest δ = ln(1 + r) / 365, so that r in (−1, ∞) is any
real δ and a flow of d days is discounted by exp(−δ·d). The sign of net present value is that of the
gap ln(value of money in) − ln(value of money out), which no size of amounts or rate overflows and
which is nearly a straight line in δ. Both logarithms are convex and their slope is minus the
mean time (Macaulay duration) of that side, which falls as δ rises; on these two facts rest the
proofs in `rate_isolation`.
"""

from dataclasses import dataclass

import numpy as np

from chec.finance.flow_table import Flags, Floats, FlowTable, Ints, gathered, totals

FARTHEST = 50.0
"""No root is as far as that: 1 + (sum of all ÷ smallest amount) is below 2⁶³ < e⁵⁰ (Cauchy)."""

_CLEAR = 1e-9  # of all money at its value then: far beyond the rounding of a block's running sum


@dataclass(frozen=True)
class Side:
    """All money out, or all money in; each subject has some.

    `days` count from the subject's first flow of either side; `amounts` are above zero, in a unit
    of each subject's own that is no smaller than its largest.
    """

    starts: Ints
    days: Floats
    amounts: Floats
    first: Floats
    last: Floats

    @property
    def counts(self) -> Ints:
        return np.diff(self.starts)


@dataclass(frozen=True)
class Sides:
    """Money out and money in of the same subjects."""

    money_out: Side
    money_in: Side

    @property
    def size(self) -> int:
        return self.money_in.first.size

    @property
    def positive_at_minus_one(self) -> Flags:
        """Whether net present value is above zero as r falls to −1: the last flow decides."""
        return self.money_in.last > self.money_out.last

    @property
    def positive_at_infinity(self) -> Flags:
        """Whether net present value is above zero as r grows without end: the first decides."""
        return self.money_in.first < self.money_out.first


def sides_of(flows: FlowTable) -> Sides:
    """The two sides of subjects that have both; `flows` are netted by day."""
    days = (flows.days - np.repeat(flows.days[flows.starts[:-1]], flows.counts)).astype(np.float64)
    amounts, incoming = _scaled(flows), flows.pence > 0
    return Sides(_side(flows, days, amounts, ~incoming), _side(flows, days, amounts, incoming))


def _scaled(flows: FlowTable) -> Floats:
    # By the power of two next above a subject's largest amount: exact, and logarithms stay small.
    amounts = np.abs(flows.pence.astype(np.float64))
    _, exponents = np.frexp(np.maximum.reduceat(amounts, flows.starts[:-1]))
    np.ldexp(amounts, -np.repeat(exponents, flows.counts), out=amounts)
    return amounts


def _side(flows: FlowTable, days: Floats, amounts: Floats, chosen: Flags) -> Side:
    starts = np.concatenate(([0], np.cumsum(totals(chosen, flows.starts))))
    days = days[chosen]
    return Side(starts, days, amounts[chosen], days[starts[:-1]], days[starts[1:] - 1])


def taken(sides: Sides, rows: Ints) -> Sides:
    """The subjects `rows` alone, in that order; a subject may be named more than once."""
    return Sides(_taken(sides.money_out, rows), _taken(sides.money_in, rows))


def _taken(side: Side, rows: Ints) -> Side:
    starts, at = gathered(side.starts, rows)
    return Side(starts, side.days[at], side.amounts[at], side.first[rows], side.last[rows])


def discounted(side: Side, forces: Floats) -> tuple[Floats, Floats]:
    """The logarithm of each subject's value at its force, and its mean time in days.

    It is valued on the day of its first flow or, at a force below zero, of its last, so that no
    exponential overflows, and then taken to day 0 as a logarithm.
    """
    anchor = np.where(forces >= 0, side.first, side.last)
    counts = side.counts
    since = side.days - np.repeat(anchor, counts)
    weights = side.amounts * np.exp(-np.repeat(forces, counts) * since)
    value = np.add.reduceat(weights, side.starts[:-1])
    mean_time = anchor + np.add.reduceat(weights * since, side.starts[:-1]) / value
    return np.log(value) - forces * anchor, mean_time


def balances_keep_one_sign(flows: FlowTable, forces: Floats) -> Flags:
    """Whether a subject's balance, with interest at its force, has one sign until the last flow.

    If it has, at a force at which net present value is zero, no other rate fits: the flows are a
    pure investment or a pure loan (Soper 1959; Teichroew, Robichek and Montalbano 1965). It is
    Norstrom's (1972) test of running totals taken at the rate found, and it proves that no rate
    below zero fits either, of which running totals without interest say nothing.
    """
    starts, counts = flows.starts[:-1], flows.counts
    anchor = np.where(forces >= 0, flows.days[starts], flows.days[flows.starts[1:] - 1])
    since = flows.days - np.repeat(anchor, counts)
    values = flows.pence * np.exp(-np.repeat(forces, counts) * since)
    values /= np.repeat(np.add.reduceat(np.abs(values), starts), counts)
    running: Floats = np.cumsum(values)
    running -= np.repeat(running[starts] - values[starts], counts)
    last = flows.starts[1:] - 1
    settled = np.abs(running[last]) < _CLEAR
    running[last] = running[starts]
    least, most = np.minimum.reduceat(running, starts), np.maximum.reduceat(running, starts)
    one_sign: Flags = (least > _CLEAR) | (most < -_CLEAR)
    return one_sign & settled
