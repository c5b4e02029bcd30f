from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.finance.money import MOST_PENCE, UnreadableAmount, apportion, format_pounds, parse_pounds


@pytest.mark.parametrize(
    ("text", "pence"),
    [
        ("1250", 125000),
        ("1250.50", 125050),
        ("1,250.50", 125050),
        ("£1,250.50", 125050),
        ("  £1,250.50\t", 125050),
        ("\u00a01250\u00a0", 125000),
        ("£ 1250", 125000),
        ("0.01", 1),
        ("1,000,000", 100000000),
        ("007", 700),
        ("92233720368547758.07", MOST_PENCE),
    ],
)
def test_an_amount_in_pounds_is_read_as_whole_pence(text: str, pence: int) -> None:
    assert parse_pounds(text) == pence


@pytest.mark.parametrize(
    ("text", "what_to_do"),
    [
        ("", "Enter an amount in pounds"),
        ("   ", "Enter an amount in pounds"),
        ("1,250.5", "two digits or leave them out"),
        ("1250.", "two digits or leave them out"),
        ("1.234", "parts of a penny"),
        ("1250.500", "parts of a penny"),
        (".50", "before the point"),
        ("£1e3", "without letters"),
        ("1250 GBP", "without letters"),
        ("NaN", "without letters"),
        ("inf", "without letters"),
        ("Infinity", "without letters"),
        ("0x10", "without letters"),
        ("-5", "above zero"),
        ("−5", "above zero"),
        ("£-5", "above zero"),
        ("-£5", "above zero"),
        ("(5)", "above zero"),
        ("0", "above zero"),
        ("0.00", "above zero"),
        ("12,50", "comma"),
        ("1,25,000", "comma"),
        ("1250,000", "comma"),
        (",250", "comma"),
        ("=1+1", "formula"),
        ("+5", "formula"),
        ("@SUM(A1)", "formula"),
        ("１２５０", "ordinary digits"),
        ("١٢", "ordinary digits"),
        ("$5", "not an amount"),
        ("1 250", "not an amount"),
        ("1_250", "not an amount"),
        ("££5", "not an amount"),
        ("92233720368547758.08", "too large"),
        ("9" * 5000, "too large"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_how_to_mend_it(text: str, what_to_do: str) -> None:
    with pytest.raises(UnreadableAmount, match=what_to_do) as refusal:
        parse_pounds(text)
    assert str(refusal.value).endswith(".")


@given(st.text(alphabet="0123456789.,£ +-=eE٣１"))
def test_whatever_is_typed_is_read_as_an_amount_above_zero_or_refused(text: str) -> None:
    try:
        pence = parse_pounds(text)
    except UnreadableAmount:
        return
    assert 0 < pence <= MOST_PENCE


@pytest.mark.parametrize(
    ("pence", "text"),
    [(125050, "£1,250.50"), (-125050, "−£1,250.50"), (0, "£0.00"), (-1, "−£0.01"), (5, "£0.05")],
)
def test_pence_are_shown_as_pounds(pence: int, text: str) -> None:
    assert format_pounds(pence) == text


def test_only_an_amount_of_whole_pounds_goes_without_pence() -> None:
    assert format_pounds(125000, whole=True) == "£1,250"
    assert format_pounds(-125000, whole=True) == "−£1,250"
    assert format_pounds(125001, whole=True) == "£1,250.01"


@given(st.integers(1, MOST_PENCE), st.booleans())
def test_what_is_shown_reads_back_as_the_same_pence(pence: int, whole: bool) -> None:
    assert parse_pounds(format_pounds(pence, whole=whole)) == pence


def test_pennies_left_over_go_to_the_largest_remainder_and_ties_to_the_first_named() -> None:
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert apportion(-100, [1, 1, 1]) == [-34, -33, -33]
    assert apportion(10, [Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)]) == [2, 3, 5]
    assert apportion(1, [Decimal("0.3"), Decimal("0.7")]) == [0, 1]
    assert apportion(7, [0, 1]) == [0, 7]


WEIGHTS = st.lists(
    st.one_of(
        st.integers(0, 10**12),
        st.fractions(0, 1, max_denominator=1000),
        st.decimals(0, 100, places=4),
    ),
    min_size=1,
    max_size=12,
).filter(any)


@given(st.integers(-MOST_PENCE, MOST_PENCE), WEIGHTS)
def test_shares_add_back_and_lie_within_a_penny_of_exact(
    total: int, weights: list[int | Decimal | Fraction]
) -> None:
    parts, whole = apportion(total, weights), sum(Fraction(weight) for weight in weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * Fraction(weight) / whole) < 1


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_nothing_is_split_by_weights_that_are_not_shares(
    weights: list[int | Decimal | Fraction],
) -> None:
    with pytest.raises(ValueError, match="weights of zero or more"):
        apportion(100, weights)
