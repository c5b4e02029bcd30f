"""The totals of a centre, its ventures and its investors, from its transfers alone (methods, 1).

All are net: a reversal keeps its cause and takes away what it reverses.
"""

from dataclasses import dataclass

import numpy as np

from chec.finance.money import Pence
from chec.models import AccountKind as Kind
from chec.models import Cause
from chec.models.account import OF_AN_INSTRUMENT
from chec.rules.ledger_extract import CAUSES, Int64s, LedgerExtract
from chec.rules.residual_value import Holding, centre_value, holding_values


@dataclass(frozen=True)
class BankFlows:
    """The transfers with the bank on one side, by key.

    `accounts` the place of the other account, `pence` above zero where the bank received, `causes`
    as in the extract.
    """

    accounts: Int64s
    days: Int64s
    pence: Int64s
    causes: Int64s


def bank_flows(extract: LedgerExtract) -> BankFlows:
    """What went through the bank."""
    bank = int(np.flatnonzero(extract.accounts.are(Kind.BANK)).max(initial=-1))
    received, paid = extract.debits == bank, extract.credits == bank
    rows = np.flatnonzero(received | paid)
    received = received[rows]
    return BankFlows(
        np.where(received, extract.credits[rows], extract.debits[rows]),
        extract.days[rows],
        np.where(received, extract.pence[rows], -extract.pence[rows]),
        extract.causes[rows],
    )


@dataclass(frozen=True)
class CentreBooks:
    """Pence, for each account of `extract`: its balance (debits less credits), what the bank
    received from it (`unspent` a part of that), and what the bank distributed to it."""

    extract: LedgerExtract
    balances: Int64s
    received: Int64s
    unspent: Int64s
    distributed: Int64s

    @property
    def bank_pence(self) -> Pence:
        return self._total(self.balances, Kind.BANK)

    @property
    def raised_pence(self) -> Pence:
        """Drawdowns and grants."""
        return self._total(self.received, *OF_AN_INSTRUMENT, Kind.GRANT_INCOME)

    @property
    def funded_pence(self) -> Pence:
        """Tranches, less what ventures returned unspent."""
        return -self._total(self.received, Kind.VENTURE_FUNDING)

    @property
    def earned_pence(self) -> Pence:
        """Payments of payers, less refunds, and proceeds of spin-outs."""
        return self._total(self.received, Kind.OUTCOME_RECEIVABLE, Kind.SPIN_OUT_PROCEEDS)

    @property
    def paid_back_pence(self) -> Pence:
        """Distributions to investors."""
        return self._total(self.distributed, *OF_AN_INSTRUMENT)

    @property
    def running_cost_pence(self) -> Pence:
        return -self._total(self.received, Kind.OPERATING_COST)

    @property
    def receivable_pence(self) -> Pence:
        """Approved and unpaid; what is owed to one payer is not set against another's debt."""
        return self._total(np.maximum(self.balances, 0), Kind.OUTCOME_RECEIVABLE)

    @property
    def owed_to_payers_pence(self) -> Pence:
        return self._total(np.maximum(-self.balances, 0), Kind.OUTCOME_RECEIVABLE)

    @property
    def surplus_reserve_pence(self) -> Pence:
        return -self._total(self.balances, Kind.SURPLUS_RESERVE)

    @property
    def value_pence(self) -> Pence:
        """The realised value of the centre."""
        return centre_value(self.bank_pence, self.surplus_reserve_pence, self.owed_to_payers_pence)

    def of_ventures(self, amounts: Int64s, *kinds: Kind) -> Int64s:
        """The total of `amounts` over the accounts of `kinds` of each venture of the extract."""
        accounts = self.extract.accounts
        return self._by_owner(amounts, accounts.ventures, self.extract.ventures, kinds)

    def of_instruments(self, amounts: Int64s, *kinds: Kind) -> Int64s:
        """The total of `amounts` over the accounts of `kinds` of each instrument of the extract."""
        accounts, terms = self.extract.accounts, self.extract.instruments
        return self._by_owner(amounts, accounts.instruments, terms.ids, kinds)

    def values_of_instruments(self, value: Pence) -> Int64s:
        """What each instrument of the extract has of `value`."""
        paid_in = self.of_instruments(self.received, *OF_AN_INSTRUMENT).tolist()
        principal = (-self.of_instruments(self.balances, Kind.INVESTOR_CAPITAL)).tolist()
        loans = self.extract.instruments.are_loans.tolist()
        holdings = [
            Holding(paid, max(0, most) if is_loan else None)
            for paid, most, is_loan in zip(paid_in, principal, loans, strict=True)
        ]
        return np.array(holding_values(value, holdings), np.int64)

    def _total(self, amounts: Int64s, *kinds: Kind) -> Pence:
        return int(amounts[self.extract.accounts.are(*kinds)].sum())

    def _by_owner(
        self, amounts: Int64s, owners: Int64s, wanted: Int64s, kinds: tuple[Kind, ...]
    ) -> Int64s:
        rows = np.flatnonzero(self.extract.accounts.are(*kinds))
        totals = np.zeros(wanted.size, np.int64)
        np.add.at(totals, np.searchsorted(wanted, owners[rows]), amounts[rows])
        return totals


def books_of(extract: LedgerExtract, flows: BankFlows) -> CentreBooks:
    """The books of an extract and its bank flows, in whole pence."""
    count = extract.accounts.ids.size
    balances = _sums(count, extract.debits, extract.pence)
    balances -= _sums(count, extract.credits, extract.pence)

    def by(cause: Cause) -> Int64s:
        rows = np.flatnonzero(flows.causes == CAUSES.index(cause))
        return _sums(count, flows.accounts[rows], flows.pence[rows])

    distributed = -by(Cause.DISTRIBUTION)
    received = _sums(count, flows.accounts, flows.pence) + distributed
    return CentreBooks(extract, balances, received, by(Cause.UNSPENT_RETURNED), distributed)


def _sums(count: int, places: Int64s, amounts: Int64s) -> Int64s:
    # Not bincount, which adds up in floats.
    sums = np.zeros(count, np.int64)
    np.add.at(sums, places, amounts)
    return sums
