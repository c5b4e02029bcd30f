"""What a returns run reads of a centre's ledger: whole numbers only, the same on every database."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chec.models import AccountKind, Cause

Int64s = NDArray[np.int64]

KINDS = tuple(AccountKind)
"""An account's kind is read as its place in here."""

CAUSES = (None, Cause.DISTRIBUTION, Cause.CLAWBACK, Cause.UNSPENT_RETURNED)
"""A transfer's cause is read as its place in here; the accounts tell of all the others."""

ID_SHIFT, DAY_SHIFT, DEBIT_SHIFT = 24, 2, 32
JULIAN_DAY_ZERO = 1_721_425
"""The Julian day number of the day before ordinal 1."""


@dataclass(frozen=True)
class Accounts:
    """The accounts that the transfers use, by key. 0 stands where there is no owner."""

    ids: Int64s
    kinds: Int64s
    ventures: Int64s
    investors: Int64s
    instruments: Int64s

    def are(self, *kinds: AccountKind) -> NDArray[np.bool_]:
        """Which accounts are of one of `kinds`."""
        return np.isin(self.kinds, [KINDS.index(kind) for kind in kinds])


@dataclass(frozen=True)
class Instruments:
    """The instruments of the centre, by key. Nothing is committed before it is agreed, or by a
    grant, which is not paid back."""

    ids: Int64s
    investors: Int64s
    are_loans: NDArray[np.bool_]
    committed: Int64s


@dataclass(frozen=True)
class Promises:
    """The funding agreements of the ventures that were not stopped, by key."""

    ids: Int64s
    ventures: Int64s
    pence: Int64s


@dataclass(frozen=True)
class LedgerExtract:
    """Transfers by key, three numbers each (a number costs more to read than to take apart):

    `heads` the key, the Julian day and the cause; `sides` the debit and the credit account;
    `pence`. `ventures` had started by the day of the run, or have a part in what was read.
    `undecided` is a single number: the pence that claims ask of payers who have not decided.
    """

    heads: Int64s
    sides: Int64s
    pence: Int64s
    accounts: Accounts
    instruments: Instruments
    promises: Promises
    ventures: Int64s
    undecided: Int64s

    @property
    def last_id(self) -> int:
        """The key of the last transfer; 0 where there is none."""
        return int(self.heads[-1] >> ID_SHIFT) if self.heads.size else 0

    @property
    def days(self) -> Int64s:
        """The ordinal of each transfer's day."""
        julian = (self.heads >> DAY_SHIFT) & (2 ** (ID_SHIFT - DAY_SHIFT) - 1)
        return np.asarray(julian - JULIAN_DAY_ZERO)

    @property
    def causes(self) -> Int64s:
        """The place in `CAUSES` of each transfer's cause."""
        return np.asarray(self.heads & (2**DAY_SHIFT - 1))

    @cached_property
    def debits(self) -> Int64s:
        """The place in `accounts` of each transfer's debit account."""
        return self._place_of(self.sides >> DEBIT_SHIFT)

    @cached_property
    def credits(self) -> Int64s:
        """The place in `accounts` of each transfer's credit account."""
        return self._place_of(self.sides & (2**DEBIT_SHIFT - 1))

    def _place_of(self, keys: Int64s) -> Int64s:
        # A table of every key is twenty times quicker than a search for each.
        places = np.zeros(self.accounts.ids.max(initial=0) + 1, np.int64)
        places[self.accounts.ids] = np.arange(self.accounts.ids.size)
        return np.asarray(places[keys])

    def fingerprint(self, *terms: str) -> str:
        """The SHA-256 of everything read and of `terms`, in hexadecimal."""
        digest = hashlib.sha256("\n".join(terms).encode())
        for column in self._columns():
            digest.update(f"\n{column.size}\n".encode())
            digest.update(np.ascontiguousarray(column, "<i8").data)
        return digest.hexdigest()

    def _columns(self) -> Iterable[NDArray[np.generic]]:
        yield from (self.heads, self.sides, self.pence, self.ventures, self.undecided)
        for part in (self.accounts, self.instruments, self.promises):
            yield from vars(part).values()


def extract_of(
    *,
    transfers: list[Int64s],
    accounts: list[Int64s],
    instruments: list[Int64s],
    promises: list[Int64s],
    ventures: Int64s,
    undecided: Int64s,
) -> LedgerExtract:
    """The extract of columns in any order of rows; what no transfer uses is left out.

    So the ledger as it was known at a moment reads the same whenever it is read.
    """
    heads, sides, pence = _by_first(transfers)
    columns = _by_first(accounts)
    debits, credits = sides >> DEBIT_SHIFT, sides & (2**DEBIT_SHIFT - 1)
    seen = np.zeros(columns[0].max(initial=0) + 1, np.bool_)
    seen[debits] = seen[credits] = True
    used = Accounts(*(column[seen[columns[0]]] for column in columns))
    promised = Promises(*_by_first(promises))
    own = np.concatenate([ventures, promised.ventures, used.ventures[used.ventures > 0]])
    return LedgerExtract(
        *(heads, sides, pence, used),
        instruments=_instruments_of(_by_first(instruments), used),
        promises=promised,
        ventures=np.unique(own),
        undecided=undecided,
    )


def _instruments_of(columns: list[Int64s], used: Accounts) -> Instruments:
    """Those that somebody had committed to, or whose accounts were used."""
    kept = (columns[3] > 0) | np.isin(columns[0], used.instruments)
    ids, investors, loans, committed = (column[kept] for column in columns)
    return Instruments(ids, investors, loans > 0, committed)


def _by_first(columns: list[Int64s]) -> list[Int64s]:
    """The columns in rising order of the first, whose numbers all differ."""
    first = columns[0]
    if np.all(first[1:] > first[:-1]):
        return columns
    order = np.argsort(first)
    return [column[order] for column in columns]
