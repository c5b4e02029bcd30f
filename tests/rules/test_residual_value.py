"""What a centre is worth, and whose that is."""

from hypothesis import given
from hypothesis import strategies as st

from chec.rules.residual_value import (
    Holding,
    bound_to_release,
    centre_value,
    expected_clawback,
    holding_values,
)

pence = st.integers(0, 10**12)
open_holdings = st.builds(Holding, pence)
loans = st.builds(Holding, pence, pence)
holdings = st.lists(open_holdings | loans, max_size=8)


def test_the_reserve_and_what_payers_are_owed_are_not_the_investors() -> None:
    assert centre_value(100_00, 30_00, 20_00) == 50_00


def test_a_centre_is_never_worth_less_than_nothing() -> None:
    assert centre_value(100_00, 90_00, 20_00) == 0


def test_what_is_to_come_makes_up_for_what_the_bank_has_not() -> None:
    assert centre_value(10_00, 30_00, 0, 25_00) == 5_00
    assert centre_value(100_00, 30_00, 20_00, -60_00) == 0


def test_expected_clawback_is_the_share_clawed_back_so_far() -> None:
    assert expected_clawback(200_00, clawed_back=3_00, approved=100_00) == 6_00


def test_half_a_penny_of_clawback_is_rounded_up() -> None:
    assert expected_clawback(1, clawed_back=1, approved=2) == 1
    assert expected_clawback(1, clawed_back=1, approved=3) == 0


def test_no_more_is_clawed_back_than_is_unpaid() -> None:
    assert expected_clawback(50_00, clawed_back=300_00, approved=100_00) == 50_00


def test_where_nothing_was_approved_no_clawback_is_expected() -> None:
    assert expected_clawback(50_00, clawed_back=0, approved=0) == 0
    assert expected_clawback(50_00, clawed_back=10_00, approved=0) == 0


def test_a_promise_that_was_more_than_kept_is_not_set_against_another() -> None:
    assert bound_to_release(100_00, 60_00) == 40_00
    assert bound_to_release(100_00, 130_00) == 0


@given(pence, pence, st.integers(0, 10**12))
def test_expected_clawback_is_a_part_of_what_is_unpaid(
    unpaid: int, clawed_back: int, approved: int
) -> None:
    expected = expected_clawback(unpaid, clawed_back=clawed_back, approved=approved)
    assert 0 <= expected <= unpaid


def test_value_is_shared_in_proportion_to_what_was_paid_in() -> None:
    assert holding_values(90_00, [Holding(200_00), Holding(100_00)]) == [60_00, 30_00]


def test_a_loan_has_its_principal_and_the_others_the_rest() -> None:
    shared = holding_values(90_00, [Holding(100_00, 10_00), Holding(60_00), Holding(20_00)])

    assert shared == [10_00, 60_00, 20_00]


def test_what_one_full_loan_leaves_may_fill_another() -> None:
    shared = holding_values(90_00, [Holding(100_00, 0), Holding(100_00, 40_00), Holding(100_00)])

    assert shared == [0, 40_00, 50_00]


def test_loans_alone_have_no_more_than_their_principal() -> None:
    assert holding_values(90_00, [Holding(100_00, 10_00), Holding(50_00, 50_00)]) == [10_00, 50_00]


def test_nobody_has_a_part_who_paid_nothing_in() -> None:
    assert holding_values(90_00, [Holding(0), Holding(0, 50_00)]) == [0, 0]


@given(pence, holdings, st.builds(Holding, st.integers(1, 10**12)))
def test_the_values_add_up_to_the_penny(
    value: int, others: list[Holding], unbounded: Holding
) -> None:
    assert sum(holding_values(value, [*others, unbounded])) == value


@given(pence, holdings)
def test_no_value_is_below_nothing_or_above_its_bound(value: int, held: list[Holding]) -> None:
    values = holding_values(value, held)

    assert sum(values) <= value
    assert all(
        0 <= part and (holding.most_pence is None or part <= holding.most_pence)
        for part, holding in zip(values, held, strict=True)
    )


@given(pence, st.lists(loans, min_size=1))
def test_loans_take_all_they_can(value: int, held: list[Holding]) -> None:
    able = sum(loan.most_pence or 0 for loan in held if loan.paid_in_pence)

    assert sum(holding_values(value, held)) == min(value, able)
