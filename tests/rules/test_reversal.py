"""A mistake is mended by a reversal, once, with a reason."""

from datetime import date

from chec.rules.reversal import reasons_not_to_reverse, reversal_date

TODAY = date(2026, 11, 21)


def test_in_an_open_quarter_a_reversal_is_dated_as_what_it_reverses() -> None:
    on = date(2026, 8, 3)
    assert reversal_date(on, today=TODAY, closed_before=date(2026, 7, 1)) == (on, None)


def test_a_reversal_of_the_first_open_day_is_not_a_correction() -> None:
    on = date(2026, 7, 1)
    assert reversal_date(on, today=TODAY, closed_before=on) == (on, None)


def test_in_a_closed_quarter_it_is_dated_today_and_names_the_quarter() -> None:
    found = reversal_date(date(2026, 5, 20), today=TODAY, closed_before=date(2026, 7, 1))
    assert found == (TODAY, date(2026, 4, 1))


def test_nothing_is_reversed_twice() -> None:
    [reason] = reasons_not_to_reverse(91, "Paid to the wrong team")
    assert "already, by T-0091" in reason


def test_a_reversal_needs_a_reason() -> None:
    [reason] = reasons_not_to_reverse(None, "  ")
    assert reason.startswith("Say why")
    assert reasons_not_to_reverse(None, "Paid to the wrong team") == []
