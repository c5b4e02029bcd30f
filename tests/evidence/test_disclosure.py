"""What may be shown of people, and that nobody can work out what may not."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chec.evidence.disclosure import (
    Cell,
    ShownCut,
    ShownPart,
    publish,
    rounded_count,
    shown_cost,
    shown_count,
    shown_interval,
    shown_pence,
    shown_rate,
)
from tests.disclosure_attack import ENOUGH, at_the_price, left_possible

CASES = json.loads((Path(__file__).parents[1] / "cases" / "numbers.json").read_text("utf-8"))
SDC_01 = next(case for case in CASES if case["id"] == "SDC-01")
NAMES = "ABCDEFGHIJ"

counts = st.integers(min_value=0, max_value=500)
quarters = st.lists(
    st.tuples(st.one_of(st.integers(0, 9), st.integers(0, 30), counts), st.integers(0, 50_000_000)),
    max_size=len(NAMES),
).map(lambda told: [Cell(NAMES[n], *each) for n, each in enumerate(told)])
SMALL = st.lists(
    st.one_of(st.integers(0, 8), st.integers(1, 7), st.integers(8, 30)), min_size=1, max_size=8
)


def test_the_published_counts_come_out() -> None:
    shown = [shown_count(count) for count in SDC_01["input"]["values"]]
    assert shown == SDC_01["expected"]["shown"]


@given(counts)
def test_a_count_is_off_by_two_at_most_and_never_one_to_seven(count: int) -> None:
    rounded = rounded_count(count)
    if 1 <= count <= 7:
        assert rounded is None
        assert shown_count(count) == "*"
    else:
        assert rounded is not None
        assert abs(rounded - count) <= 2
        assert not 1 <= rounded <= 7
        assert shown_count(count) == str(rounded)


@pytest.mark.parametrize(
    ("part", "whole", "rate"),
    [(12, 41, 10 / 40), (0, 41, 0.0), (41, 42, 1.0), (5, 41, None), (0, 5, None), (0, 0, None)],
)
def test_a_rate_is_of_rounded_counts(part: int, whole: int, rate: float | None) -> None:
    assert shown_rate(part, whole) == rate
    assert (shown_interval(part, whole) is None) == (rate is None)


def test_an_interval_is_wilsons_of_the_rounded_counts() -> None:
    low, high = shown_interval(12, 41) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.1419, 0.4019)  # 10 of 40, at 95%
    assert shown_interval(13, 42) == shown_interval(15, 40)
    wider = shown_interval(12, 41, confidence=0.99)
    assert wider
    assert wider[0] < low < high < wider[1]


@given(st.integers(0, 300), st.integers(0, 300))
def test_an_interval_holds_its_rate_and_stays_between_nought_and_one(one: int, two: int) -> None:
    part, whole = sorted((one, two))
    rate, interval = shown_rate(part, whole), shown_interval(part, whole)
    if rate is not None and interval is not None:
        assert 0 <= interval[0] <= rate + 1e-12
        assert rate - 1e-12 <= interval[1] <= 1


@pytest.mark.parametrize(
    ("pence", "people", "shown"),
    [
        (1_449_999, 8, 1_400_000),
        (1_450_000, 8, 1_500_000),
        (49_999, 8, 0),
        (1_450_000, 7, None),
        (0, 3, None),
        (100, 0, None),
        (0, 0, 0),
    ],
)
def test_money_is_shown_to_a_thousand_pounds_where_eight_are_behind_it(
    pence: int, people: int, shown: int | None
) -> None:
    assert shown_pence(pence, people) == shown


@pytest.mark.parametrize(
    ("pence", "people", "cost"),
    [(1_231_000, 12, 120_000), (100_000, 17, 6_700), (1_231_000, 7, None), (0, 0, None)],
)
def test_a_cost_is_of_rounded_money_and_rounded_people(
    pence: int, people: int, cost: int | None
) -> None:
    assert shown_cost(pence, people) == cost


@pytest.mark.parametrize(
    "refused",
    [
        lambda: rounded_count(-1),
        lambda: shown_rate(3, 2),
        lambda: shown_pence(-1, 10),
        lambda: publish([Cell("A", 9, 0), Cell("A", 10, 0)]),
    ],
)
def test_what_cannot_be_is_refused(refused: object) -> None:
    assert callable(refused)
    with pytest.raises(ValueError, match=r"\.$"):
        refused()


def test_ventures_with_eight_people_stand_alone() -> None:
    cut = publish([Cell("B", 147, 7_350_000), Cell("A", 8, 412_000), Cell("C", 0, 0)])
    assert cut == ShownCut(
        (
            ShownPart(("A",), "10", 400_000, 40_000),
            ShownPart(("B",), "145", 7_400_000, 51_000),
            ShownPart(("C",), "0", 0, None),
        ),
        ShownPart(("A", "B", "C"), "155", 7_800_000, 50_300),
    )


def test_a_venture_with_fewer_is_joined_with_the_next_larger() -> None:
    cut = publish([Cell("A", 200, 0), Cell("B", 3, 300_000), Cell("C", 40, 2_000_000)])
    assert [part.names for part in cut.parts] == [("A",), ("B", "C")]
    assert cut.parts[1] == ShownPart(("B", "C"), "45", 2_300_000, 51_100)
    assert cut.total.people == "245"


def test_the_next_larger_is_joined_too_where_its_size_would_tell() -> None:
    """Without it: 7 and 8 together, and nothing between 8 and 8 that the second could be."""
    cut = publish([Cell("A", 7, 0), Cell("B", 8, 0), Cell("C", 8, 0), Cell("D", 23, 0)])
    assert [part.names for part in cut.parts] == [("D",), ("A", "B", "C")]


@pytest.mark.parametrize("people", [[7], [3, 4], [7, 0], [2, 2, 2], [1] * 8, [1] * 6 + [2, 2]])
def test_a_quarter_with_too_few_people_shows_no_number(people: list[int]) -> None:
    cut = publish(Cell(NAMES[n], each, 100_000 * each) for n, each in enumerate(people))
    assert {part.people for part in cut.parts} <= {"*", "0"}
    assert {part.pence for part in cut.parts if part.people == "*"} == {None}
    assert (cut.total.people, cut.total.pence) == ("*", None)


def test_money_with_nobody_behind_it_is_joined() -> None:
    cut = publish([Cell("A", 0, 500_000), Cell("B", 40, 400_000)])
    assert cut.parts == (ShownPart(("A", "B"), "40", 900_000, 22_500),)


@given(quarters)
def test_no_number_stands_for_one_to_seven_people(cells: list[Cell]) -> None:
    people = {cell.name: cell.people for cell in cells}
    cut = publish(cells)
    for part in (*cut.parts, cut.total):
        behind = sum(people[name] for name in part.names)
        if 1 <= behind <= 7:
            assert (part.people, part.pence, part.cost_pence) == ("*", None, None)
        if part.is_joined and part.pence is not None:
            assert behind == 0 or behind >= 8
    for part in cut.parts:
        if part.is_joined:
            assert any(people[name] < 8 for name in part.names)


@given(quarters)
def test_every_venture_is_in_one_part_and_the_total_is_of_the_true_one(cells: list[Cell]) -> None:
    cut = publish(cells)
    names = [name for part in cut.parts for name in part.names]
    assert sorted(names) == sorted(cell.name for cell in cells)
    assert sorted(cut.total.names) == sorted(names)
    if cut.total.pence is not None:
        people = sum(cell.people for cell in cells)
        assert cut.total.people == shown_count(people)
        assert cut.total.pence == shown_pence(sum(cell.pence for cell in cells), people)


@given(quarters, st.randoms())
def test_the_order_of_the_ventures_does_not_matter(cells: list[Cell], random: Random) -> None:
    shuffled = list(cells)
    random.shuffle(shuffled)
    assert publish(shuffled) == publish(cells)


@given(SMALL)
@example([7, 8, 8])
@example([6, 8, 8])
@example([7, 7])
@example([7, 7, 7])
@example([7, 7, 7, 8])
@example([1] * 8)
@example([2] + [1] * 7)
@example([7, 40])
@example([7, 101, 0])
def test_whoever_knows_the_rule_and_the_price_is_left_three_numbers(people: list[int]) -> None:
    told = dict(zip(NAMES, people, strict=False))
    cut = at_the_price(told)
    for name, each in told.items():
        if 1 <= each <= 7:
            assert len(left_possible(told, name, cut)) >= ENOUGH, (told, name)


def test_with_rounded_counts_beside_joined_money_a_number_could_be_worked_out() -> None:
    """Why a joined venture shows no rounded count of its own: this is what it would tell."""
    small, large = 1, 13
    together = small + large  # from the money, at a known price
    shown = rounded_count(large)
    assert shown == 15
    least_of_large = shown - 2
    assert {together - each for each in range(least_of_large, together)} == {small}
