"""What came of the money: annual rate of return, multiples, payback.

The names that other programs call. Those of one subject take plain values; those of many take
arrays, laid out as `flow_table.py` says, for the nightly run.
"""

from chec.finance.cash_flow import CashFlow
from chec.finance.flow_table import starts_of
from chec.finance.irr import Irr, IrrReason, IrrTable, annual_irr, annual_irrs
from chec.finance.multiples import Multiples, MultiplesTable, multiples, multiples_of_each
from chec.finance.payback import NO_DAY, payback_days, payback_on

__all__ = [
    "NO_DAY",
    "CashFlow",
    "Irr",
    "IrrReason",
    "IrrTable",
    "Multiples",
    "MultiplesTable",
    "annual_irr",
    "annual_irrs",
    "multiples",
    "multiples_of_each",
    "payback_days",
    "payback_on",
    "starts_of",
]
