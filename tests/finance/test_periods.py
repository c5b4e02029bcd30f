from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.finance.periods import FinancialYear, Quarter, financial_year_of, quarter_of

DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))


@pytest.mark.parametrize(
    ("day", "name", "code"),
    [
        (date(2026, 4, 1), "2026/27 Q1 (Apr–Jun 2026)", "2026-Q1"),
        (date(2026, 9, 30), "2026/27 Q2 (Jul–Sep 2026)", "2026-Q2"),
        (date(2026, 10, 1), "2026/27 Q3 (Oct–Dec 2026)", "2026-Q3"),
        (date(2027, 3, 31), "2026/27 Q4 (Jan–Mar 2027)", "2026-Q4"),
        (date(2000, 3, 31), "1999/00 Q4 (Jan–Mar 2000)", "1999-Q4"),
    ],
)
def test_a_quarter_is_named_by_its_financial_year(day: date, name: str, code: str) -> None:
    assert quarter_of(day).name == name
    assert quarter_of(day).code == code


def test_a_financial_year_runs_from_april_to_march() -> None:
    year = FinancialYear(2026)
    assert (year.starts_on, year.ends_before) == (date(2026, 4, 1), date(2027, 4, 1))
    assert date(2027, 3, 31) in year
    assert date(2027, 4, 1) not in year
    assert year.previous().next() == year


@given(DAYS)
def test_a_day_lies_in_exactly_its_quarter_and_its_year(day: date) -> None:
    quarter = quarter_of(day)
    assert day in quarter
    assert day not in quarter.previous()
    assert day not in quarter.next()
    assert day in financial_year_of(day)
    assert quarter in financial_year_of(day).quarters


@given(DAYS)
def test_quarters_follow_each_other_without_gap_or_overlap(day: date) -> None:
    quarter = quarter_of(day)
    assert quarter.next().starts_on == quarter.ends_before
    assert quarter.next().previous() == quarter
    assert quarter.previous() < quarter < quarter.next()


def test_a_financial_year_has_no_fifth_quarter() -> None:
    with pytest.raises(ValueError, match="1 to 4"):
        Quarter(2026, 5)
