"""What the books of a centre come to on prudent value; `residual_value.py` says what that is."""

from dataclasses import dataclass

import numpy as np

from chec.finance.money import Pence
from chec.models import AccountKind as Kind
from chec.models import Cause
from chec.rules.centre_books import CentreBooks
from chec.rules.ledger_extract import CAUSES, Int64s
from chec.rules.residual_value import bound_to_release, centre_value, expected_clawback


@dataclass(frozen=True)
class PrudentBooks:
    """Pence. `ventures` and `instruments` have an entry for each of the extract's.

    `approved_pence` and `clawed_back_pence` are all that payers ever did; `all_approved_pence` is
    the centre's value if payers approved all of `undecided_pence` as well.
    """

    ventures: Int64s
    instruments: Int64s
    value_pence: Pence
    approved_pence: Pence
    clawed_back_pence: Pence
    expected_clawback_pence: Pence
    promised_pence: Pence
    undecided_pence: Pence
    all_approved_pence: Pence


def prudent_books_of(books: CentreBooks) -> PrudentBooks:
    """The prudent value of a centre, of each of its ventures and of each instrument."""
    approved, clawed_back = _decided(books)

    def expected(unpaid: Pence) -> Pence:
        return expected_clawback(unpaid, clawed_back=clawed_back, approved=approved)

    unpaid = books.of_ventures(np.maximum(books.balances, 0), Kind.OUTCOME_RECEIVABLE)
    clawbacks = np.array([expected(pence) for pence in unpaid.tolist()], np.int64)
    promised, undecided = _promised(books), int(books.extract.undecided.sum())
    to_come = int((unpaid - clawbacks).sum()) - promised
    held = (books.bank_pence, books.surplus_reserve_pence, books.owed_to_payers_pence)
    value = centre_value(*held, to_come)
    return PrudentBooks(
        ventures=unpaid - clawbacks,
        instruments=books.values_of_instruments(value),
        value_pence=value,
        approved_pence=approved,
        clawed_back_pence=clawed_back,
        expected_clawback_pence=int(clawbacks.sum()),
        promised_pence=promised,
        undecided_pence=undecided,
        all_approved_pence=centre_value(*held, to_come + undecided - expected(undecided)),
    )


def _decided(books: CentreBooks) -> tuple[Pence, Pence]:
    """All that was approved, and all that was clawed back: what moved between a receivable and
    income."""
    extract = books.extract
    owed = extract.accounts.are(Kind.OUTCOME_RECEIVABLE)
    income = extract.accounts.are(Kind.OUTCOME_INCOME)
    debits, credits = extract.debits, extract.credits
    rows = np.flatnonzero(owed[debits] & income[credits] | income[debits] & owed[credits])
    pence = np.where(owed[debits[rows]], 1, -1) * extract.pence[rows]
    clawed = extract.causes[rows] == CAUSES.index(Cause.CLAWBACK)
    return int(pence[~clawed].sum()), -int(pence[clawed].sum())


def _promised(books: CentreBooks) -> Pence:
    """What ventures were promised and have not had, in all."""
    extract, promises = books.extract, books.extract.promises
    promised = np.zeros(extract.ventures.size, np.int64)
    np.add.at(promised, np.searchsorted(extract.ventures, promises.ventures), promises.pence)
    released = books.of_ventures(books.unspent - books.received, Kind.VENTURE_FUNDING)
    each = zip(promised.tolist(), released.tolist(), strict=True)
    return sum(bound_to_release(*pair) for pair in each)
