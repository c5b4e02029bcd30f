"""When a payer may claw an outcome back, and how much."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.rules.clawback import Approved, faults_of_clawback, reasons_not_to_claw_back

ACHIEVED_ON = date(2026, 6, 30)
LINE = Approved("M01", ACHIEVED_ON, 90, units=12, pence=10_000, units_left=12, pence_left=10_000)


def test_an_outcome_is_clawed_back_up_to_the_last_day() -> None:
    last_day = ACHIEVED_ON + timedelta(days=90)
    assert reasons_not_to_claw_back(LINE, last_day) == []
    [reason] = reasons_not_to_claw_back(LINE, last_day + timedelta(days=1))
    assert "The last day to claw this back was 28 September 2026" in reason


def test_a_contract_without_days_gives_no_right_to_it() -> None:
    [reason] = reasons_not_to_claw_back(replace(LINE, clawback_days=None), ACHIEVED_ON)
    assert "The contract gives no right to claw back M01" in reason


def test_nothing_is_clawed_back_twice() -> None:
    [reason] = reasons_not_to_claw_back(replace(LINE, back_on=date(2026, 8, 3)), ACHIEVED_ON)
    assert "You clawed this record back on 3 August 2026" in reason
    [reason] = reasons_not_to_claw_back(replace(LINE, pence_left=0), ACHIEVED_ON)
    assert "Nothing is left" in reason


@pytest.mark.parametrize(
    ("units", "pence", "field"),
    [(0, 1, "units"), (13, 1, "units"), (1, 0, "pounds"), (1, 10_001, "pounds")],
)
def test_no_more_goes_back_than_was_approved(units: int, pence: int, field: str) -> None:
    [fault] = faults_of_clawback(LINE, units=units, pence=pence, reason="Relapsed")
    assert fault.field == field


def test_with_the_last_outcomes_goes_all_that_is_left() -> None:
    rest = replace(LINE, units_left=2, pence_left=1_700)
    [fault] = faults_of_clawback(rest, units=2, pence=1_699, reason="Relapsed")
    assert fault.field == "pounds"
    assert "all that is left goes back: £17.00" in fault.reason
    assert faults_of_clawback(rest, units=2, pence=rest.suggested_pence(2), reason="Relapsed") == []


def test_a_clawback_has_a_reason() -> None:
    [fault] = faults_of_clawback(LINE, units=1, pence=1, reason=" ")
    assert (fault.field, fault.reason[:7]) == ("reason", "Say why")


def test_what_is_suggested_is_the_share_of_the_units_rounded_half_up() -> None:
    assert LINE.suggested_pence(1) == 833
    assert LINE.suggested_pence(12) == 10_000
    assert replace(LINE, units=8, pence=100).suggested_pence(1) == 13
    assert replace(LINE, pence_left=500).suggested_pence(12) == 500


@given(units=st.integers(1, 500), pence=st.integers(0, 10**9), taken=st.integers(0, 500))
def test_what_is_suggested_is_never_more_than_is_left(units: int, pence: int, taken: int) -> None:
    left = max(0, units - taken)
    line = replace(LINE, units=units, pence=pence, units_left=left, pence_left=pence // 2)
    assert 0 <= line.suggested_pence(min(taken, units)) <= pence // 2
