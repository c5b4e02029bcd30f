"""A quarter is closed once it is over, and stays closed."""

from datetime import date

from chec.finance.periods import Quarter
from chec.rules.quarter_closing import reasons_not_to_close

Q1 = Quarter(2026, 1)
OPENED_ON = date(2025, 5, 1)


def reasons(quarter: Quarter, today: date, closed_before: date | None = None) -> list[str]:
    return reasons_not_to_close(
        quarter, today=today, opened_on=OPENED_ON, closed_before=closed_before
    )


def test_a_quarter_cannot_be_closed_on_its_last_day() -> None:
    [reason] = reasons(Q1, date(2026, 6, 30))
    assert "not over" in reason
    assert "from 1 July 2026" in reason


def test_a_quarter_can_be_closed_the_day_after() -> None:
    assert reasons(Q1, date(2026, 7, 1)) == []


def test_closing_a_quarter_closes_those_before_it() -> None:
    [reason] = reasons(Q1, date(2026, 11, 1), closed_before=date(2026, 10, 1))
    assert "closed already" in reason


def test_the_quarter_after_the_last_closed_one_can_be_closed() -> None:
    assert reasons(Q1, date(2026, 11, 1), closed_before=date(2026, 4, 1)) == []


def test_a_quarter_before_the_centre_opened_cannot_be_closed() -> None:
    [reason] = reasons(Quarter(2024, 4), date(2026, 11, 1))
    assert "before the centre opened" in reason
