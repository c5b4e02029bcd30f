"""The annual rate of return of money put in and taken out, where there is exactly one.

One rule, computed for many subjects at once over arrays; a single subject asks the same rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from chec.finance.cash_flow import CashFlow
from chec.finance.discounting import balances_keep_one_sign, sides_of, taken
from chec.finance.flow_table import (
    Flags,
    Floats,
    FlowTable,
    Ints,
    arrays_of,
    begins_a_day,
    blocks,
    netted_by_day,
    of_subjects,
    totals,
)
from chec.finance.rate_isolation import isolate
from chec.finance.rate_search import find_forces

DAYS_A_YEAR = 365


class IrrReason(IntEnum):
    """Why there is no annual rate; `A_RATE` where there is one."""

    A_RATE = 0
    NO_FLOWS = 1
    ONLY_OUT = 2
    ONLY_IN = 3
    ONE_DAY = 4
    NO_FIT = 5
    SEVERAL_FIT = 6
    TOO_LARGE = 7


_WORDS = {
    IrrReason.NO_FLOWS: "no flows",
    IrrReason.ONLY_OUT: "only money out: with no value left, everything paid in has been lost",
    IrrReason.ONLY_IN: "only money in",
    IrrReason.ONE_DAY: "all on one day",
    IrrReason.NO_FIT: "signs change but no rate fits",
    IrrReason.TOO_LARGE: "one rate fits, but it is too large to write down",
}


@dataclass(frozen=True)
class Irr:
    """An effective annual rate as a fraction, or the reason why there is none."""

    rate: float | None
    reason: str | None


@dataclass(frozen=True)
class IrrTable:
    """One entry a subject: `rates` (NaN where there is none), `reasons` (`IrrReason` as int8) and
    `fits`, how many rates fit its flows."""

    rates: Floats
    reasons: np.typing.NDArray[np.int8]
    fits: Ints

    def irr(self, subject: int) -> Irr:
        """The result of one subject, in words."""
        reason = IrrReason(int(self.reasons[subject]))
        if reason is IrrReason.A_RATE:
            return Irr(float(self.rates[subject]), None)
        if reason is IrrReason.SEVERAL_FIT:
            return Irr(None, f"{self.fits[subject]} rates fit")
        return Irr(None, _WORDS[reason])


def annual_irr(flows: Sequence[CashFlow]) -> Irr:
    """The effective annual rate r in (−1, ∞) at which the flows are worth nothing together.

    Σ amountᵢ / (1 + r)^(daysᵢ/365) = 0, days counted from the first flow, as Excel's XIRR has it
    (Actual/365 Fixed); flows of one day are netted first, in any order. A rate only if exactly one
    fits; otherwise `reason` says why: "no flows", "only money out: …", "only money in", "all on one
    day", "signs change but no rate fits", "2 rates fit". A rate that net present value touches and
    does not cross fits once. A rate that a float cannot tell from −1 is given as the nearest above
    it; for one beyond all floats `reason` says that it is too large. Raises `ValueError` for more
    than 2⁶² pence in all.
    """
    return annual_irrs(*arrays_of(flows)).irr(0)


def annual_irrs(starts: ArrayLike, days: ArrayLike, pence: ArrayLike) -> IrrTable:
    """`annual_irr` of every subject: arrays of one entry a subject.

    `starts` (subjects + 1), `days` (ordinals) and `pence` (int64) as in `flow_table.py`. Flows of a
    subject need no order; in order of date they are faster. Subjects are worked in blocks, so that
    little memory is taken beyond the arrays given. Raises `ValueError` as `blocks` does.
    """
    parts = [_irrs_of(part) for part in blocks(starts, days, pence)]
    return IrrTable(
        np.concatenate([np.zeros(0), *(part.rates for part in parts)]),
        np.concatenate([np.zeros(0, np.int8), *(part.reasons for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.fits for part in parts)]),
    )


def _irrs_of(flows: FlowTable) -> IrrTable:
    nets = netted_by_day(flows)
    reasons = _reasons(flows, nets)
    rates, fits = np.full(reasons.size, np.nan), np.zeros(reasons.size, np.int64)
    mixed = np.flatnonzero(reasons == IrrReason.A_RATE)
    if mixed.size:
        fits[mixed], rates[mixed] = _fitting_rates(of_subjects(nets, mixed))
        reasons[np.isinf(rates)] = IrrReason.TOO_LARGE
        reasons[mixed[fits[mixed] == 0]] = IrrReason.NO_FIT
        reasons[mixed[fits[mixed] > 1]] = IrrReason.SEVERAL_FIT
        rates[reasons != IrrReason.A_RATE] = np.nan
    return IrrTable(rates, reasons, fits)


def _reasons(flows: FlowTable, nets: FlowTable) -> np.typing.NDArray[np.int8]:
    """The reasons that need no search; `A_RATE` where money goes both ways on different days."""
    goes_in, goes_out = _has(nets.pence > 0, nets), _has(nets.pence < 0, nets)
    both = _has(flows.pence > 0, flows) & _has(flows.pence < 0, flows)
    one_day = both & (totals(begins_a_day(flows), flows.starts) == 1)
    reasons = np.full(goes_in.size, IrrReason.A_RATE, np.int8)
    reasons[~goes_in & ~goes_out] = IrrReason.NO_FLOWS
    reasons[goes_out & ~goes_in] = IrrReason.ONLY_OUT
    reasons[goes_in & ~goes_out] = IrrReason.ONLY_IN
    reasons[one_day] = IrrReason.ONE_DAY
    return reasons


def _has(flags: Flags, flows: FlowTable) -> Flags:
    return totals(flags, flows.starts) > 0


def _fitting_rates(nets: FlowTable) -> tuple[Ints, Floats]:
    """How many rates fit each subject, and one of them; every subject has money out and in.

    Where the first flow and the last have opposite signs, a rate is found first, and its balances
    mostly prove that there is no other. All else is counted by `isolate`.
    """
    sides = sides_of(nets)
    fits, forces = np.zeros(sides.size, np.int64), np.zeros(sides.size)
    odd = np.flatnonzero(sides.positive_at_infinity != sides.positive_at_minus_one)
    if odd.size:
        chosen, everywhere = taken(sides, odd), np.full(odd.size, np.inf)
        forces[odd] = find_forces(chosen, -everywhere, everywhere, chosen.positive_at_infinity)
        fits[odd] = balances_keep_one_sign(of_subjects(nets, odd), forces[odd])
    rest = np.flatnonzero(fits == 0)
    if rest.size:
        chosen = taken(sides, rest)
        found = isolate(of_subjects(nets, rest), chosen)
        fits[rest] = found.counts
        one = np.flatnonzero(found.counts == 1)
        forces[rest[one]] = find_forces(
            taken(chosen, one), found.low[one], found.high[one], found.rising[one]
        )
    return fits, _annual(forces)


def _annual(forces: Floats) -> Floats:
    # A rate that a float cannot tell from −1 is given as the nearest above.
    with np.errstate(over="ignore"):
        return np.maximum(np.expm1(DAYS_A_YEAR * forces), np.nextafter(-1.0, 0.0))
