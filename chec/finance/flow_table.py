"""The cash flows of many subjects (ventures, investors, centres) as arrays, one after another.

`starts` has one more entry than there are subjects: the flows of subject i are those at
`starts[i]` up to, and without, `starts[i + 1]`. A subject may have none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chec.finance.cash_flow import CashFlow

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_FLOWS_AT_ONCE = 2**17  # enough to be quick, and 1 MB an array
_MOST_PENCE = 2.0**62


@dataclass(frozen=True)
class FlowTable:
    """Flows of many subjects, by subject and then by day.

    `days` are ordinals of `datetime.date`, `pence` whole pence: out below zero, in above.
    """

    starts: Ints
    days: Ints
    pence: Ints

    @property
    def counts(self) -> Ints:
        """How many flows each subject has."""
        return np.diff(self.starts)


def starts_of(subjects: ArrayLike, count: int) -> Ints:
    """The `starts` of `count` subjects from the number (0 to count − 1) of each flow's subject.

    `subjects` is in rising order.
    """
    return np.searchsorted(np.asarray(subjects), np.arange(count + 1)).astype(np.int64)


def arrays_of(flows: Sequence[CashFlow]) -> tuple[list[int], list[int], list[int]]:
    """The starts, days and pence of a single subject."""
    days = [flow.on.toordinal() for flow in flows]
    return [0, len(flows)], days, [flow.pence for flow in flows]


def blocks(starts: ArrayLike, days: ArrayLike, pence: ArrayLike) -> Iterator[FlowTable]:
    """Tables of a few subjects each, in order, small enough to be worked quickly.

    Flows of no pence are left out, and sorted by day where need be. Raises `ValueError` if the
    arrays do not fit each other, or if a subject's amounts come to more than 2⁶² pence.
    """
    begins, on, amounts = (np.asarray(each, dtype=np.int64) for each in (starts, days, pence))
    if (
        begins.size == 0
        or (begins[0], begins[-1]) != (0, on.size)
        or on.shape != amounts.shape
        or np.any(begins[1:] < begins[:-1])
    ):
        raise ValueError("The starts must rise from 0 to the number of days, as many as of pence.")
    first = 0
    while first < begins.size - 1:
        fits = np.searchsorted(begins, begins[first] + _FLOWS_AT_ONCE, side="right") - 1
        last = max(int(fits), first + 1)
        own = slice(begins[first], begins[last])
        yield _sorted(FlowTable(begins[first : last + 1] - begins[first], on[own], amounts[own]))
        first = last


def _sorted(flows: FlowTable) -> FlowTable:
    subjects = np.repeat(np.arange(flows.counts.size), flows.counts)
    sizes = np.bincount(subjects, np.abs(flows.pence.astype(np.float64)))
    if sizes.max(initial=0) > _MOST_PENCE:
        raise ValueError("The amounts are too large to be added up in whole pence.")
    days, pence = flows.days, flows.pence
    if np.any((subjects[1:] == subjects[:-1]) & (days[1:] < days[:-1])):
        order = np.lexsort((days, subjects))
        flows = FlowTable(flows.starts, days[order], pence[order])
    return _kept(flows, flows.pence != 0)


def netted_by_day(flows: FlowTable) -> FlowTable:
    """At most one flow of a subject a day; days that net to nothing are left out."""
    new_day = begins_a_day(flows)
    if new_day.all():
        return flows
    at = np.flatnonzero(new_day)
    starts = np.searchsorted(at, flows.starts).astype(np.int64)
    netted = FlowTable(starts, flows.days[at], np.add.reduceat(flows.pence, at))
    return _kept(netted, netted.pence != 0)


def begins_a_day(flows: FlowTable) -> Flags:
    """Whether each flow is the first of its subject's day."""
    new = np.ones(flows.days.size, dtype=np.bool_)
    new[1:] = flows.days[1:] != flows.days[:-1]
    new[flows.starts[:-1][flows.counts > 0]] = True
    return new


def totals(values: NDArray[np.int64] | Flags, starts: Ints) -> Ints:
    """The sum of `values` over each subject; 0 for one without flows."""
    running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    return running[starts[1:]] - running[starts[:-1]]


def of_subjects(flows: FlowTable, rows: Ints) -> FlowTable:
    """The flows of the subjects `rows`, in that order; a subject may be named more than once."""
    starts, at = gathered(flows.starts, rows)
    return FlowTable(starts, flows.days[at], flows.pence[at])


def gathered(starts: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """The `starts` of the subjects `rows` alone, and where their flows are in the whole table."""
    counts = np.diff(starts)[rows]
    new_starts = np.concatenate(([0], np.cumsum(counts)))
    at = np.arange(new_starts[-1]) + np.repeat(starts[rows] - new_starts[:-1], counts)
    return new_starts, at


def _kept(flows: FlowTable, keep: Flags) -> FlowTable:
    if keep.all():
        return flows
    starts = np.concatenate(([0], np.cumsum(keep)))[flows.starts]
    return FlowTable(starts, flows.days[keep], flows.pence[keep])
