"""How a running cost is posted: what the centre itself spends, of no venture."""

from datetime import date

from chec.finance.money import Pence
from chec.models import BANK, AccountKey, AccountKind, Cause
from chec.rules.posting import Entry


def running_cost_entry(pence: Pence, on: date, memo: str, *, reference: str = "") -> Entry:
    """The transfer that pays a running cost."""
    cost = AccountKey(AccountKind.OPERATING_COST)
    return Entry(on, cost, BANK, pence, Cause.RUNNING_COST, reference, memo)
