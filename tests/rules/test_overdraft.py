"""No payment out may take the bank below zero."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chec.rules.overdraft import Shortfall, first_shortfall, reasons_not_to_pay

MONDAY = date(2026, 3, 2)
TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)


def test_a_payment_that_leaves_nothing_is_allowed() -> None:
    assert first_shortfall(500, [(MONDAY, -500)]) is None


def test_a_penny_too_much_is_short_by_a_penny_on_its_own_day() -> None:
    assert first_shortfall(500, [(MONDAY, -501)]) == Shortfall(MONDAY, -1)


def test_a_payment_may_not_spend_what_a_later_payment_already_took() -> None:
    assert first_shortfall(500, [(MONDAY, -200), (WEDNESDAY, -400)]) == Shortfall(WEDNESDAY, -100)


def test_receipts_of_a_day_come_first() -> None:
    assert first_shortfall(0, [(MONDAY, -300), (MONDAY, 300)]) is None


def test_money_that_comes_later_does_not_pay_for_today() -> None:
    assert first_shortfall(0, [(TUESDAY, 900), (MONDAY, -300)]) == Shortfall(MONDAY, -300)


def test_the_reason_names_the_day_and_the_missing_amount() -> None:
    [reason] = reasons_not_to_pay(Shortfall(MONDAY, -123_456))
    assert reason.startswith("The bank would be £1,234.56 short at the end of 2 March 2026.")


days = st.integers(0, 5).map(lambda n: MONDAY + timedelta(days=n))


@given(st.integers(0, 50), st.lists(st.tuples(days, st.integers(-50, 50)), max_size=12))
def test_a_shortfall_is_the_first_day_that_ends_below_zero(
    opening: int, moves: list[tuple[date, int]]
) -> None:
    ends = {day: opening + sum(pence for on, pence in moves if on <= day) for day, _ in moves}
    below = sorted(day for day, end in ends.items() if end < 0)
    found = first_shortfall(opening, moves)
    assert found == (Shortfall(below[0], ends[below[0]]) if below else None)
