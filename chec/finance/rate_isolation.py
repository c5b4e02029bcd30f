"""How many rates fit, and between which bounds each lies, for many subjects at once.

The line of all forces is cut until every piece is proved to hold no root or exactly one:

- the slope of the gap is mean time of money out − mean time of money in, and each falls as the
  force rises, so that their values at the ends bound the slope over the whole piece. If it
  cannot be zero the gap is monotone, and the signs at the ends say whether there is a root;
- each logarithm of value is convex, so that it lies between its chord and its tangents. If even
  so the gap cannot reach zero there is no root.

A piece in which the gap comes too close to zero for floats goes to `rate_roots`.
"""

from dataclasses import dataclass

import numpy as np

from chec.finance.discounting import Sides, discounted, taken
from chec.finance.flow_table import Flags, Floats, FlowTable, Ints
from chec.finance.rate_roots import roots_between
from chec.finance.rate_search import halfway

_SHARES = (0.5, 0.41)  # where to cut, and where to cut if that point is too close to a root
_MOST_ROUNDS = 200
_MOST_PIECES = 32  # of a subject: more are only needed where the gap is flat and close to zero


@dataclass(frozen=True)
class Ends:
    """One end of each piece: the force, and the values and mean times of both sides there."""

    force: Floats
    value_in: Floats
    time_in: Floats
    value_out: Floats
    time_out: Floats

    @property
    def gap(self) -> Floats:
        return self.value_in - self.value_out


@dataclass(frozen=True)
class Pieces:
    """Stretches of the line of forces, of any subjects, and how often each could not be cut."""

    subjects: Ints
    low: Ends
    high: Ends
    tries: Ints


@dataclass(frozen=True)
class Isolation:
    """For each subject how many rates fit, and the bounds and the direction of the last found.

    Bounds that are equal are the root itself.
    """

    counts: Ints
    low: Floats
    high: Floats
    rising: Flags


def isolate(flows: FlowTable, sides: Sides) -> Isolation:
    """Count and bound the roots of every subject; `sides` are those of `flows`."""
    size = sides.size
    found = Isolation(
        np.zeros(size, np.int64), np.zeros(size), np.zeros(size), np.zeros(size, np.bool_)
    )
    pieces = _whole_line(sides)
    for _ in range(_MOST_ROUNDS):
        pieces = _undecided(pieces, found)
        crowded = (np.bincount(pieces.subjects, minlength=size) > _MOST_PIECES)[pieces.subjects]
        _decide_exactly(flows, _chosen(pieces, crowded), found)
        pieces = _chosen(pieces, ~crowded)
        if pieces.subjects.size == 0:
            break
        pieces, doubtful = _cut(sides, pieces)
        _decide_exactly(flows, doubtful, found)
    else:
        _decide_exactly(flows, pieces, found)
    return found


def _whole_line(sides: Sides) -> Pieces:
    # At an infinite end the first or last flows rule: let their order stand for the values there.
    size, into, out = sides.size, sides.money_in, sides.money_out
    low = Ends(np.full(size, -np.inf), into.last, into.last, out.last, out.last)
    high = Ends(np.full(size, np.inf), -into.first, into.first, -out.first, out.first)
    return Pieces(np.arange(size), low, high, np.zeros(size, np.int64))


def _undecided(pieces: Pieces, found: Isolation) -> Pieces:
    low, high = pieces.low, pieces.high
    crosses = (low.gap > 0) != (high.gap > 0)
    span = np.maximum(low.time_in, low.time_out)
    least, most = high.time_out - low.time_in, low.time_out - high.time_in
    monotone = (least > 1e-9 * span) | (most < -1e-9 * span)
    one = np.flatnonzero(monotone & crosses)
    _note(found, pieces.subjects[one], low.force[one], high.force[one], high.gap[one] > 0)
    return _chosen(pieces, ~monotone & (crosses | _may_touch_zero(low, high)))


def _note(found: Isolation, subjects: Ints, low: Floats, high: Floats, rising: Flags) -> None:
    np.add.at(found.counts, subjects, 1)
    found.low[subjects], found.high[subjects], found.rising[subjects] = low, high, rising


def _may_touch_zero(low: Ends, high: Ends) -> Flags:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        above = _tangents_over_chord(
            low,
            high,
            (low.value_in, low.time_in, high.value_in, high.time_in),
            (low.value_out, high.value_out),
        )
        below = _tangents_over_chord(
            low,
            high,
            (low.value_out, low.time_out, high.value_out, high.time_out),
            (low.value_in, high.value_in),
        )
    clear = np.where(low.gap > 0, above, below) > np.maximum(_noise(low), _noise(high))
    return ~(clear & np.isfinite(low.force) & np.isfinite(high.force))


def _tangents_over_chord(
    low: Ends, high: Ends, upper: tuple[Floats, ...], lower: tuple[Floats, Floats]
) -> Floats:
    # The least of (tangents of the one side − chord of the other) is where the tangents meet.
    at_low, time_low, at_high, time_high = upper
    width = high.force - low.force
    along = (at_low - at_high - time_high * width) / (time_low - time_high)
    along = np.where(np.isfinite(along), np.clip(along, 0, width), 0)
    tangent = np.maximum(at_low - time_low * along, at_high + time_high * (width - along))
    return tangent - (lower[0] + (lower[1] - lower[0]) * along / width)


def _cut(sides: Sides, pieces: Pieces) -> tuple[Pieces, Pieces]:
    share = np.where(pieces.tries == 0, *_SHARES)
    force = halfway(pieces.low.force, pieces.high.force, share)
    chosen = taken(sides, pieces.subjects)
    middle = Ends(force, *discounted(chosen.money_in, force), *discounted(chosen.money_out, force))
    unclear = np.abs(middle.gap) <= 4 * _noise(middle)
    clear, again = ~unclear, unclear & (pieces.tries == 0)
    parts = (
        Pieces(pieces.subjects, pieces.low, middle, pieces.tries * 0),
        Pieces(pieces.subjects, middle, pieces.high, pieces.tries * 0),
        Pieces(pieces.subjects, pieces.low, pieces.high, pieces.tries + 1),
    )
    left, right, retried = (
        _chosen(part, flags) for part, flags in zip(parts, (clear, clear, again), strict=True)
    )
    return _joined(left, right, retried), _chosen(pieces, unclear & ~again)


def _noise(ends: Ends) -> Floats:
    """More than rounding can have put into the gap."""
    return 1e-12 * (1 + np.abs(ends.force) * np.maximum(ends.time_in, ends.time_out) / 100)


def _decide_exactly(flows: FlowTable, pieces: Pieces, found: Isolation) -> None:
    for i, subject in enumerate(pieces.subjects.tolist()):
        own = slice(flows.starts[subject], flows.starts[subject + 1])
        low, high = float(pieces.low.force[i]), float(pieces.high.force[i])
        for root in roots_between(flows.pence[own].tolist(), flows.days[own].tolist(), low, high):
            found.counts[subject] += 1
            found.low[subject] = found.high[subject] = root


def _chosen(pieces: Pieces, flags: Flags) -> Pieces:
    return Pieces(
        pieces.subjects[flags],
        Ends(*(each[flags] for each in vars(pieces.low).values())),
        Ends(*(each[flags] for each in vars(pieces.high).values())),
        pieces.tries[flags],
    )


def _joined(*parts: Pieces) -> Pieces:
    return Pieces(
        np.concatenate([part.subjects for part in parts]),
        _joined_ends([part.low for part in parts]),
        _joined_ends([part.high for part in parts]),
        np.concatenate([part.tries for part in parts]),
    )


def _joined_ends(ends: list[Ends]) -> Ends:
    columns = zip(*(vars(each).values() for each in ends), strict=True)
    return Ends(*(np.concatenate(column) for column in columns))
