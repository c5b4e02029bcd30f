"""Newton's method between two bounds, for many subjects at once."""

import numpy as np

from chec.finance.discounting import FARTHEST, Sides, discounted, taken
from chec.finance.flow_table import Flags, Floats

FIRST_STEP = 1 / 365  # a force of 1 a year: rates of 172% and −63%
_CLOSE = 1e-9  # Newton squares the error, so that the next value is as exact as floats are
_SMALL_FORCE = 1e-4  # about 3.7% a year
_MOST_STEPS = 300


def halfway(low: Floats, high: Floats, share: Floats | float = 0.5) -> Floats:
    """A force between each pair of bounds; beyond a single bound where the other is infinite."""
    with np.errstate(invalid="ignore"):
        between = low + (high - low) * share
        above = low + 2 * share * np.maximum(np.abs(low), FIRST_STEP)
        below = high - 2 * share * np.maximum(np.abs(high), FIRST_STEP)
    middle = np.where(np.isinf(high), above, np.where(np.isinf(low), below, between))
    return np.where(np.isinf(low) & np.isinf(high), (share - 0.5) * FIRST_STEP, middle)


def find_forces(sides: Sides, low: Floats, high: Floats, rising: Flags) -> Floats:
    """For each subject a force between its bounds at which its net present value changes sign.

    `rising` says that it is above zero at the upper bound, and so below zero at the lower.
    """
    low, high, found = low.copy(), high.copy(), np.empty_like(low)
    live, force, before = np.arange(sides.size), halfway(low, high), np.full(low.size, np.inf)
    for _ in range(_MOST_STEPS):
        gap, slope = _gap_and_slope(sides, force)
        below = (gap > 0) != rising
        low, high = np.where(below, force, low), np.where(below, high, force)
        following, settled = _next_forces(force, gap, slope, (low, high), before)
        found[live] = following
        going = ~settled
        if not going.any():
            break
        force, before = following[going], np.abs(gap)[going]
        low, high, rising, live = low[going], high[going], rising[going], live[going]
        sides = sides if going.all() else taken(sides, np.flatnonzero(going))
    return found


def _gap_and_slope(sides: Sides, force: Floats) -> tuple[Floats, Floats]:
    value_in, time_in = discounted(sides.money_in, force)
    value_out, time_out = discounted(sides.money_out, force)
    return value_in - value_out, time_out - time_in


def _next_forces(
    force: Floats, gap: Floats, slope: Floats, bounds: tuple[Floats, Floats], before: Floats
) -> tuple[Floats, Flags]:
    # Bisect where Newton would leave the bounds, or the line, or did not halve the gap.
    low, high = bounds
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        newton = force - gap / slope
    inside = (newton >= low) & (newton <= high) & (np.abs(newton) < FARTHEST)
    trusted = inside & (np.abs(gap) <= before / 2)
    following = np.where(trusted, newton, halfway(low, high))
    close = np.abs(following - force) <= _CLOSE * np.maximum(np.abs(force), _SMALL_FORCE)
    narrow = high - low <= np.spacing(np.abs(force)) * 4
    return np.where(narrow, force, following), (trusted & close) | narrow
