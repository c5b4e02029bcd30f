"""What counts in a return, for whom, and with which sign (methods, 4).

A flow is a transfer with the bank on one side. A venture's flows are gross: funding out, outcome
payments and spin-out proceeds in. An investor's are net: drawdowns out, distributions in; grants
are not paid back and count in no return. A centre's flows are those of all its investors together.

A reversal keeps the cause of what it reverses, with the opposite sign, so that all totals are net.
The value left on the day of the run is the last flow of an annual rate; payback counts only what
was really paid.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from chec.finance.flow_table import FlowTable, netted_by_day
from chec.finance.returns import (
    NO_DAY,
    IrrTable,
    MultiplesTable,
    annual_irrs,
    multiples_of_each,
    payback_days,
    starts_of,
)
from chec.models import AccountKind as Kind
from chec.models.account import OF_AN_INSTRUMENT
from chec.rules.centre_books import BankFlows, CentreBooks, bank_flows, books_of
from chec.rules.ledger_extract import Int64s, LedgerExtract

METHOD_VERSION = "1"
"""A changed method is a new version; a run says which was used."""

_DAY_BITS = 22


@dataclass(frozen=True)
class Amounts:
    """Pence of each subject. A venture has no commitment and no realised value."""

    committed: Int64s
    paid_in: Int64s
    distributed: Int64s
    value: Int64s


@dataclass(frozen=True)
class Returns:
    """The returns of each venture, then of each investor, then of the centre: an entry each.

    Days are ordinals, `NO_DAY` where there is none; flows that undo each other within a day still
    count in `flow_counts`.
    """

    ventures: Int64s
    investors: Int64s
    books: CentreBooks
    amounts: Amounts
    irrs: IrrTable
    multiples: MultiplesTable
    payback_days: Int64s
    first_days: Int64s
    flow_counts: Int64s


def compute_returns(extract: LedgerExtract, as_of: date) -> Returns:
    """The returns of a centre at `as_of` on realised value, from nothing but what was read."""
    through_bank = bank_flows(extract)
    books = books_of(extract, through_bank)
    investors = np.unique(extract.instruments.investors)
    amounts = _amounts(books, investors)
    flows = _flows(through_bank, extract, investors)
    valued = _with_last(flows, amounts.value, as_of)
    return Returns(
        ventures=extract.ventures,
        investors=investors,
        books=books,
        amounts=amounts,
        irrs=annual_irrs(valued.starts, valued.days, valued.pence),
        multiples=multiples_of_each(*vars(amounts).values()),
        payback_days=payback_days(flows.starts, flows.days, flows.pence),
        first_days=_first_days(netted_by_day(flows)),
        flow_counts=flows.counts,
    )


def _amounts(books: CentreBooks, investors: Int64s) -> Amounts:
    terms = books.extract.instruments
    funding = books.of_ventures(books.received, Kind.VENTURE_FUNDING)
    earned = books.of_ventures(books.received, Kind.OUTCOME_RECEIVABLE, Kind.SPIN_OUT_PROCEEDS)
    nothing = np.zeros_like(funding)
    paid_in = books.of_instruments(books.received, *OF_AN_INSTRUMENT)
    distributed = books.of_instruments(books.distributed, *OF_AN_INSTRUMENT)

    def joined(ventures: Int64s, instruments: Int64s, centre: int | None = None) -> Int64s:
        own = np.zeros(investors.size, np.int64)
        np.add.at(own, np.searchsorted(investors, terms.investors), instruments)
        return np.concatenate([ventures, own, [own.sum() if centre is None else centre]])

    return Amounts(
        committed=joined(nothing, terms.committed),
        paid_in=joined(-funding, paid_in),
        distributed=joined(earned, distributed),
        value=joined(nothing, books.values_of_instruments, books.value_pence),
    )


def _flows(through_bank: BankFlows, extract: LedgerExtract, investors: Int64s) -> FlowTable:
    """The flows of every subject: what the bank received is in for a venture, out for others."""
    count = extract.ventures.size
    subject = _subjects(extract, investors)[through_bank.accounts]
    of_centre = np.flatnonzero(subject >= count)  # those of its investors, once more
    rows = np.concatenate([np.flatnonzero(subject >= 0), of_centre])
    whose = subject[rows]
    whose[rows.size - of_centre.size :] = count + investors.size
    # One number to sort by is several times quicker than two columns.
    keys = (whose << _DAY_BITS) | through_bank.days[rows]
    order = np.argsort(keys)
    keys = keys[order]
    whose, pence = keys >> _DAY_BITS, through_bank.pence[rows[order]]
    np.negative(pence, out=pence, where=whose >= count)
    starts = starts_of(whose, count + investors.size + 1)
    return FlowTable(starts, keys & (2**_DAY_BITS - 1), pence)


def _subjects(extract: LedgerExtract, investors: Int64s) -> Int64s:
    """The place among the subjects of whoever owns each account; −1 where no return counts it."""
    accounts, ventures = extract.accounts, extract.ventures
    subjects = np.full(accounts.ids.size, -1)
    own = accounts.ventures > 0
    subjects[own] = np.searchsorted(ventures, accounts.ventures[own])
    own = accounts.are(*OF_AN_INSTRUMENT)
    subjects[own] = ventures.size + np.searchsorted(investors, accounts.investors[own])
    return subjects


def _with_last(flows: FlowTable, value: Int64s, as_of: date) -> FlowTable:
    """The flows with each subject's value, where it has any, as its last."""
    rows = np.flatnonzero(value)
    ends = flows.starts[1:][rows]
    starts = flows.starts + np.concatenate([[0], np.cumsum(value != 0)])
    days = np.insert(flows.days, ends, as_of.toordinal())
    return FlowTable(starts, days, np.insert(flows.pence, ends, value[rows]))


def _first_days(nets: FlowTable) -> Int64s:
    days = np.full(nets.counts.size, NO_DAY)
    some = nets.counts > 0
    days[some] = nets.days[nets.starts[:-1][some]]
    return days
