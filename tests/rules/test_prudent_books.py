"""Prudent value from plain transfers, with numbers worked by hand."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from chec.models import AccountKind as Kind
from chec.models import Cause
from chec.rules.centre_books import bank_flows, books_of
from chec.rules.ledger_extract import (
    CAUSES,
    DAY_SHIFT,
    DEBIT_SHIFT,
    ID_SHIFT,
    JULIAN_DAY_ZERO,
    KINDS,
    LedgerExtract,
    extract_of,
)
from chec.rules.prudent_books import PrudentBooks, prudent_books_of
from chec.rules.returns_method import compute_returns

AS_OF = date(2026, 10, 31)
VENTURE, OTHER = 7, 8
BANK, CAPITAL, FUNDING, OWED, OWED_BY_ANOTHER, INCOME, RESERVE, OWED_OTHER = range(1, 9)
ACCOUNTS = {
    BANK: (Kind.BANK, 0),
    CAPITAL: (Kind.INVESTOR_CAPITAL, 0),
    FUNDING: (Kind.VENTURE_FUNDING, VENTURE),
    OWED: (Kind.OUTCOME_RECEIVABLE, VENTURE),
    OWED_BY_ANOTHER: (Kind.OUTCOME_RECEIVABLE, VENTURE),
    INCOME: (Kind.OUTCOME_INCOME, VENTURE),
    RESERVE: (Kind.SURPLUS_RESERVE, 0),
    OWED_OTHER: (Kind.OUTCOME_RECEIVABLE, OTHER),
}
Moved = tuple[Cause, int, int, int]
PAID_IN: Moved = (Cause.DRAWDOWN, BANK, CAPITAL, 1_000_00)


def extract(
    moved: Sequence[Moved], *, promised: Sequence[tuple[int, int]] = (), undecided: int = 0
) -> LedgerExtract:
    """Transfers (cause, debit, credit, pence) a day apart, and promises (venture, pence)."""
    told = {cause: place for place, cause in enumerate(CAUSES)}
    first = AS_OF.toordinal() - 400 + JULIAN_DAY_ZERO
    heads = [
        (key << ID_SHIFT) | ((first + key) << DAY_SHIFT) | told.get(cause, 0)
        for key, (cause, *_) in enumerate(moved, 1)
    ]
    sides = [(debit << DEBIT_SHIFT) | credit for _, debit, credit, _ in moved]
    accounts = [
        (key, KINDS.index(kind), venture, 5 * (key == CAPITAL), 6 * (key == CAPITAL))
        for key, (kind, venture) in ACCOUNTS.items()
    ]
    promises = [(key, *promise) for key, promise in enumerate(promised, 1)]
    return extract_of(
        transfers=[np.array(column, np.int64) for column in (heads, sides, [m[3] for m in moved])],
        accounts=[np.array(column, np.int64) for column in zip(*accounts, strict=True)],
        instruments=[np.array([number], np.int64) for number in (6, 5, 0, 1_000_00)],
        promises=list(np.array(promises, np.int64).reshape(-1, 3).T),
        ventures=np.array([VENTURE, OTHER], np.int64),
        undecided=np.array([undecided], np.int64),
    )


def books(
    moved: Sequence[Moved], *, promised: Sequence[tuple[int, int]] = (), undecided: int = 0
) -> PrudentBooks:
    read = extract(moved, promised=promised, undecided=undecided)
    return prudent_books_of(books_of(read, bank_flows(read)))


def test_what_is_unpaid_counts_payer_by_payer_less_expected_clawback() -> None:
    worth = books(
        [
            (Cause.APPROVAL, OWED, INCOME, 300_00),
            (Cause.APPROVAL, OWED_OTHER, INCOME, 100_00),
            (Cause.CLAWBACK, INCOME, OWED, 8_00),
            (Cause.PAYMENT, BANK, OWED, 92_00),
            (Cause.PAYMENT, BANK, OWED_BY_ANOTHER, 50_00),  # too early, and owed back
            (Cause.SURPLUS_KEPT, INCOME, RESERVE, 12_00),
        ]
    )

    assert (worth.approved_pence, worth.clawed_back_pence) == (400_00, 8_00)
    # 2% of 200 and of 100.
    assert worth.ventures.tolist() == [196_00, 98_00]
    assert worth.expected_clawback_pence == 6_00
    # In the bank 142, less 12 in reserve and 50 owed back; and 294 to come.
    assert worth.value_pence == 80_00 + 294_00


def test_a_clawback_that_was_reversed_is_not_expected_again() -> None:
    worth = books(
        [
            (Cause.APPROVAL, OWED, INCOME, 100_00),
            (Cause.CLAWBACK, INCOME, OWED, 40_00),
            (Cause.CLAWBACK, OWED, INCOME, 40_00),
            (Cause.APPROVAL, OWED, INCOME, 60_00),
            (Cause.APPROVAL, INCOME, OWED, 60_00),
        ]
    )

    assert (worth.approved_pence, worth.clawed_back_pence) == (100_00, 0)
    assert worth.ventures.tolist() == [100_00, 0]


def test_money_that_came_back_unspent_is_not_owed_again() -> None:
    worth = books(
        [
            PAID_IN,
            (Cause.TRANCHE, FUNDING, BANK, 300_00),
            (Cause.TRANCHE, BANK, FUNDING, 100_00),  # a reversal: it was never released
            (Cause.UNSPENT_RETURNED, BANK, FUNDING, 50_00),
        ],
        promised=[(VENTURE, 400_00), (VENTURE, 100_00), (OTHER, 70_00)],
    )

    assert worth.promised_pence == 300_00 + 70_00
    assert worth.value_pence == 850_00 - 370_00


def test_more_than_was_promised_to_one_is_not_taken_off_another_promise() -> None:
    worth = books(
        [PAID_IN, (Cause.TRANCHE, FUNDING, BANK, 300_00)],
        promised=[(VENTURE, 100_00), (OTHER, 70_00)],
    )

    assert worth.promised_pence == 70_00


def test_what_waits_for_a_decision_is_not_counted_but_told() -> None:
    worth = books(
        [
            PAID_IN,
            (Cause.APPROVAL, OWED, INCOME, 100_00),
            (Cause.CLAWBACK, INCOME, OWED, 10_00),
        ],
        undecided=50_00,
    )

    assert worth.value_pence == 1_000_00 + 81_00
    assert worth.all_approved_pence == worth.value_pence + 45_00


def test_what_is_promised_beyond_all_there_is_comes_first_once_more_is_approved() -> None:
    worth = books([PAID_IN], promised=[(VENTURE, 1_200_00)], undecided=300_00)

    assert worth.value_pence == 0
    assert worth.all_approved_pence == 100_00


def test_investors_share_the_prudent_value_to_the_penny() -> None:
    worth = books([PAID_IN, (Cause.APPROVAL, OWED, INCOME, 33_33)])

    assert worth.instruments.tolist() == [worth.value_pence] == [1_033_33]


def test_an_empty_ledger_is_worth_nothing_either_way() -> None:
    returns = compute_returns(extract([]), AS_OF)

    assert returns.realised.value.tolist() == returns.prudent.value.tolist() == [0] * 4
    assert [returns.prudent.irrs.irr(place).reason for place in range(4)] == ["no flows"] * 4
    assert returns.prudent_books.all_approved_pence == 0


def test_where_two_rates_fit_what_was_paid_one_may_fit_with_what_was_approved() -> None:
    """Out 100, in 230, out 132 a year apart: 10% and 20% fit; with 5 more to come one does not."""
    day = AS_OF.toordinal() - 1000 + JULIAN_DAY_ZERO
    read = extract(
        [
            (Cause.TRANCHE, FUNDING, BANK, 100_00),
            (Cause.PAYMENT, BANK, OWED, 230_00),
            (Cause.TRANCHE, FUNDING, BANK, 132_00),
            (Cause.APPROVAL, OWED, INCOME, 430_00),
        ]
    )
    keys = np.arange(1, 5) << ID_SHIFT
    days = day + np.array([0, 365, 730, 731])
    read = LedgerExtract(**{**vars(read), "heads": keys | (days << DAY_SHIFT)})
    returns = compute_returns(read, AS_OF)

    assert returns.realised.irrs.irr(0).reason == "2 rates fit"
    prudent = returns.prudent.irrs.irr(0)
    assert prudent.rate is not None
    with_value = [-100_00, 230_00, -132_00, 200_00]
    on = [0, 365, 730, 1000]
    worth = sum(p / (1 + prudent.rate) ** (d / 365) for p, d in zip(with_value, on, strict=True))
    assert worth == pytest.approx(0, abs=1e-3)
