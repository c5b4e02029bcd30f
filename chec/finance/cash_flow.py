"""Cash flows: amounts on dates, seen from whoever put the money in."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Money on a day, in whole pence: out below zero, in above."""

    on: date
    pence: int


def net_by_day(flows: Iterable[CashFlow]) -> list[CashFlow]:
    """One flow for each day that does not net to zero, in order of date."""
    nets: defaultdict[date, int] = defaultdict(int)
    for flow in flows:
        nets[flow.on] += flow.pence
    return [CashFlow(on, pence) for on, pence in sorted(nets.items()) if pence]


def running_totals(flows: Iterable[CashFlow]) -> list[CashFlow]:
    """What has come in less what has gone out, at the end of each day that changed it, by date.

    The J-curve: below zero while more has gone out than has come in.
    """
    nets = net_by_day(flows)
    totals = accumulate(flow.pence for flow in nets)
    return [CashFlow(flow.on, total) for flow, total in zip(nets, totals, strict=True)]
