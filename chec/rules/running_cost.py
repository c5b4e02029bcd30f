"""How a running cost is posted: what the centre itself spends, of no venture."""

from datetime import date

from chec.finance.money import Pence
from chec.models import BANK, AccountKey, AccountKind, Cause
from chec.rules.posting import Entry


def running_cost_entry(pence: Pence, on: date, memo: str) -> Entry:
    """The transfer that pays a running cost."""
    return Entry(
        on, AccountKey(AccountKind.OPERATING_COST), BANK, pence, Cause.RUNNING_COST, memo=memo
    )
