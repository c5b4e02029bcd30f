"""What counts in a return, for whom, and with which sign (methods, 4).

A flow is a transfer with the bank on one side. A venture's flows are gross: funding out, outcome
payments and spin-out proceeds in. An investor's are net: drawdowns out, distributions in; grants
are not paid back and count in no return. A centre's flows are those of all its investors together.

A reversal keeps the cause of what it reverses, with the opposite sign, so that all totals are net.
The value left on the day of the run is the last flow of an annual rate, realised or prudent;
payback counts only what was really paid.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from chec.finance.flow_table import FlowTable, netted_by_day, of_subjects
from chec.finance.money import Pence
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
from chec.rules.prudent_books import PrudentBooks, prudent_books_of

METHOD_VERSION = "2"
"""A changed method is a new version; a run says which was used. From 2 on there is prudent value
beside realised."""

_DAY_BITS = 22


@dataclass(frozen=True)
class Subjects:
    """Whoever has a return: each venture, then each investor, then the centre."""

    extract: LedgerExtract
    ventures: Int64s
    investors: Int64s

    @property
    def count(self) -> int:
        return self.ventures.size + self.investors.size + 1

    def of_accounts(self) -> Int64s:
        """The place of whoever owns each account; −1 where no return counts it."""
        accounts = self.extract.accounts
        places = np.full(accounts.ids.size, -1)
        own = accounts.ventures > 0
        places[own] = np.searchsorted(self.ventures, accounts.ventures[own])
        own = accounts.are(*OF_AN_INSTRUMENT)
        of_investors = np.searchsorted(self.investors, accounts.investors[own])
        places[own] = self.ventures.size + of_investors
        return places

    def joined(self, ventures: Int64s, instruments: Int64s, centre: Pence | None = None) -> Int64s:
        """Amounts of all subjects from those of ventures and of instruments; the centre's is that
        of all investors, if it is not another."""
        own = np.zeros(self.investors.size, np.int64)
        whose = np.searchsorted(self.investors, self.extract.instruments.investors)
        np.add.at(own, whose, instruments)
        return np.concatenate([ventures, own, [own.sum() if centre is None else centre]])


@dataclass(frozen=True)
class Amounts:
    """Pence of each subject. A venture has no commitment."""

    committed: Int64s
    paid_in: Int64s
    distributed: Int64s

    def of(self, subjects: Int64s) -> "Amounts":
        """Those of the subjects at these places alone."""
        return Amounts(*(amounts[subjects] for amounts in vars(self).values()))

    def multiples_with(self, value: Int64s) -> MultiplesTable:
        """The multiples of each subject with this value left."""
        return multiples_of_each(self.committed, self.paid_in, self.distributed, value)


@dataclass(frozen=True)
class Valued:
    """What is left of each subject, in pence, and its return with that."""

    value: Int64s
    irrs: IrrTable
    multiples: MultiplesTable


@dataclass(frozen=True)
class Returns:
    """The returns of all subjects, in their order: an entry each.

    `all_approved` is the centre's alone: on prudent value, as it would be if payers approved all
    that waits for a decision. Days are ordinals, `NO_DAY` where there is none; flows that undo each
    other within a day still count in `flow_counts`.
    """

    subjects: Subjects
    books: CentreBooks
    prudent_books: PrudentBooks
    amounts: Amounts
    realised: Valued
    prudent: Valued
    all_approved: Valued
    payback_days: Int64s
    first_days: Int64s
    flow_counts: Int64s


def compute_returns(extract: LedgerExtract, as_of: date) -> Returns:
    """The returns of a centre at `as_of`, from nothing but what was read."""
    through_bank = bank_flows(extract)
    books = books_of(extract, through_bank)
    worth = prudent_books_of(books)
    subjects = Subjects(extract, extract.ventures, np.unique(extract.instruments.investors))
    amounts, flows = _amounts(books, subjects), _flows(through_bank, subjects)
    realised = _valued(flows, amounts, _realised_values(books, subjects), as_of)
    prudent = subjects.joined(worth.ventures, worth.instruments, worth.value_pence)
    centre, if_approved = np.array([subjects.count - 1]), np.array([worth.all_approved_pence])
    return Returns(
        *(subjects, books, worth, amounts, realised),
        prudent=_revalued(realised, flows, amounts, prudent, as_of=as_of),
        all_approved=_valued(of_subjects(flows, centre), amounts.of(centre), if_approved, as_of),
        payback_days=payback_days(flows.starts, flows.days, flows.pence),
        first_days=_first_days(netted_by_day(flows)),
        flow_counts=flows.counts,
    )


def _amounts(books: CentreBooks, subjects: Subjects) -> Amounts:
    funding = books.of_ventures(books.received, Kind.VENTURE_FUNDING)
    earned = books.of_ventures(books.received, Kind.OUTCOME_RECEIVABLE, Kind.SPIN_OUT_PROCEEDS)
    paid_in = books.of_instruments(books.received, *OF_AN_INSTRUMENT)
    distributed = books.of_instruments(books.distributed, *OF_AN_INSTRUMENT)
    return Amounts(
        committed=subjects.joined(np.zeros_like(funding), books.extract.instruments.committed),
        paid_in=subjects.joined(-funding, paid_in),
        distributed=subjects.joined(earned, distributed),
    )


def _realised_values(books: CentreBooks, subjects: Subjects) -> Int64s:
    of_instruments = books.values_of_instruments(books.value_pence)
    return subjects.joined(np.zeros_like(subjects.ventures), of_instruments, books.value_pence)


def _valued(flows: FlowTable, amounts: Amounts, value: Int64s, as_of: date) -> Valued:
    return Valued(value, _irrs(flows, value, as_of), amounts.multiples_with(value))


def _revalued(
    before: Valued, flows: FlowTable, amounts: Amounts, value: Int64s, *, as_of: date
) -> Valued:
    """The same with another value; a rate is looked for only where the value is not as before."""
    rows = np.flatnonzero(value != before.value)
    found = vars(_irrs(of_subjects(flows, rows), value[rows], as_of))
    columns = {name: column.copy() for name, column in vars(before.irrs).items()}
    for name, column in columns.items():
        column[rows] = found[name]
    return Valued(value, IrrTable(**columns), amounts.multiples_with(value))


def _flows(through_bank: BankFlows, subjects: Subjects) -> FlowTable:
    """The flows of every subject: what the bank received is in for a venture, out for others."""
    count, centre = subjects.ventures.size, subjects.count - 1
    subject = subjects.of_accounts()[through_bank.accounts]
    of_centre = np.flatnonzero(subject >= count)  # those of its investors, once more
    rows = np.concatenate([np.flatnonzero(subject >= 0), of_centre])
    whose = subject[rows]
    whose[rows.size - of_centre.size :] = centre
    # One number to sort by is several times quicker than two columns.
    keys = (whose << _DAY_BITS) | through_bank.days[rows]
    order = np.argsort(keys)
    keys = keys[order]
    whose, pence = keys >> _DAY_BITS, through_bank.pence[rows[order]]
    np.negative(pence, out=pence, where=whose >= count)
    return FlowTable(starts_of(whose, subjects.count), keys & (2**_DAY_BITS - 1), pence)


def _irrs(flows: FlowTable, value: Int64s, as_of: date) -> IrrTable:
    valued = _with_last(flows, value, as_of)
    return annual_irrs(valued.starts, valued.days, valued.pence)


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
