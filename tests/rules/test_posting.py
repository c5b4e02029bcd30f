"""What may be posted to the ledger."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chec.models import BANK, AccountKey, Cause
from chec.models.account import AccountKind as Kind
from chec.rules.posting import MOST_PENCE, MOVEMENTS, Entry, faults_of

TODAY = date(2026, 11, 21)
OPENED_ON = date(2022, 4, 1)
FUNDING = AccountKey(Kind.VENTURE_FUNDING, venture_id=1)
ENTRY = Entry(date(2026, 11, 2), FUNDING, BANK, 250_000, Cause.TRANCHE, "PO-77", "Second tranche")


def faults(entry: Entry, closed_before: date | None = None) -> dict[str, str]:
    found = faults_of(entry, today=TODAY, opened_on=OPENED_ON, closed_before=closed_before)
    return {fault.field: fault.reason for fault in found}


def test_a_sound_entry_has_no_fault() -> None:
    assert faults(ENTRY) == {}


def test_every_cause_says_what_it_moves() -> None:
    assert set(MOVEMENTS) == set(Cause)


@pytest.mark.parametrize("pence", [0, -1])
def test_an_amount_is_above_zero(pence: int) -> None:
    assert "above zero" in faults(replace(ENTRY, pence=pence))["pounds"]


def test_an_amount_that_must_be_a_slip_is_questioned() -> None:
    assert faults(replace(ENTRY, pence=MOST_PENCE)) == {}
    assert "may be in pence" in faults(replace(ENTRY, pence=MOST_PENCE + 1))["pounds"]


def test_a_cause_moves_money_only_between_its_own_accounts() -> None:
    swapped = replace(ENTRY, debit=BANK, credit=FUNDING)
    assert faults(swapped) == {
        "debit": "A tranche debits venture funding, not bank.",
        "credit": "A tranche credits bank, not venture funding.",
    }


def test_an_approval_is_of_one_venture() -> None:
    receivable = AccountKey(Kind.OUTCOME_RECEIVABLE, venture_id=1, payer_id=9)
    income = AccountKey(Kind.OUTCOME_INCOME, venture_id=2)
    approval = replace(ENTRY, debit=receivable, credit=income, cause=Cause.APPROVAL)
    assert faults(approval) == {"credit": "Both accounts must be of the same venture."}


def test_nothing_is_dated_in_the_future() -> None:
    assert faults(replace(ENTRY, on=TODAY)) == {}
    assert "in the future" in faults(replace(ENTRY, on=date(2026, 11, 22)))["on"]


def test_nothing_is_dated_before_the_centre_opened() -> None:
    assert faults(replace(ENTRY, on=OPENED_ON)) == {}
    assert "before the centre opened" in faults(replace(ENTRY, on=date(2022, 3, 31)))["on"]


def test_a_closed_quarter_takes_no_new_entry() -> None:
    reason = faults(ENTRY, closed_before=date(2027, 1, 1))["on"]
    assert reason.startswith("2 November 2026 lies in 2026/27 Q3 (Oct–Dec 2026), which is closed.")
    assert faults(ENTRY, closed_before=date(2026, 10, 1)) == {}


@pytest.mark.parametrize("field", ["reference", "memo"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("=SUM(A1:A9)", "spreadsheet formula"),
        ("about 943 476 5919", "NHS number"),
        ("x" * 1_000, "Shorten it"),
        ("two\nlines", "line break"),
        ("a NUL \0", "unprintable"),
        ("half a pair \ud83d", "unprintable"),
    ],
)
def test_words_are_fit_to_be_kept(field: str, text: str, says: str) -> None:
    changes: dict[str, Any] = {field: text}
    reason = faults(replace(ENTRY, **changes))[field]
    assert says in reason
    assert text not in reason
