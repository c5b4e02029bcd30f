"""When the money put in has come back.

One rule, computed for many subjects at once over arrays; a single subject asks the same rule.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import ArrayLike

from chec.finance.cash_flow import CashFlow
from chec.finance.flow_table import (
    FlowTable,
    Ints,
    arrays_of,
    blocks,
    netted_by_day,
    of_subjects,
    totals,
)

NO_DAY = -1
"""Stands in an array of days where there is none."""


def payback_on(flows: Sequence[CashFlow]) -> date | None:
    """The day from which the running total stays at or above zero, after money has gone out.

    None if it never does, or if no money goes out. Flows of one day are netted first.
    """
    day = int(payback_days(*arrays_of(flows))[0])
    return None if day == NO_DAY else date.fromordinal(day)


def payback_days(starts: ArrayLike, days: ArrayLike, pence: ArrayLike) -> Ints:
    """`payback_on` of every subject as an ordinal, `NO_DAY` where there is none.

    Arguments and errors as for `annual_irrs`.
    """
    parts = [_paybacks_of(netted_by_day(part)) for part in blocks(starts, days, pence)]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _paybacks_of(nets: FlowTable) -> Ints:
    paybacks = np.full(nets.counts.size, NO_DAY, np.int64)
    spent = np.flatnonzero(totals(nets.pence < 0, nets.starts) > 0)
    if spent.size == 0:
        return paybacks
    chosen = of_subjects(nets, spent)
    begins, place = chosen.starts[:-1], np.arange(chosen.pence.size)
    running = np.cumsum(chosen.pence)
    running -= np.repeat(running[begins] - chosen.pence[begins], chosen.counts)
    after_loss = np.maximum.reduceat(np.where(running < 0, place + 1, -1), begins)
    first_out = np.minimum.reduceat(np.where(chosen.pence < 0, place, place.size), begins)
    at = np.where(after_loss > 0, after_loss, first_out)
    paid = at < chosen.starts[1:]
    paybacks[spent[paid]] = chosen.days[at[paid]]
    return paybacks
