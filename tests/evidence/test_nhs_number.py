import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers

CASES = json.loads((Path(__file__).parents[1] / "cases" / "numbers.json").read_text("utf-8"))
PUBLISHED = next(case for case in CASES if case["id"] == "NHS-01")["input"]
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@pytest.mark.parametrize("number", PUBLISHED["valid"])
def test_a_published_valid_number_is_refused(number: str) -> None:
    assert find_nhs_numbers(number) == ((0, 10),)


@pytest.mark.parametrize("number", PUBLISHED["invalid"])
def test_a_published_invalid_number_is_let_through(number: str) -> None:
    assert find_nhs_numbers(number) == ()


@pytest.mark.parametrize("ninth", range(10))
def test_a_stem_whose_check_digit_would_be_ten_makes_no_number(ninth: int) -> None:
    assert find_nhs_numbers(f"999000000{ninth}") == ()


@pytest.mark.parametrize(
    "text",
    [
        "943 476 5919",
        "943-476-5919",
        "943.476.5919",
        "943\u00a0476\u00a05919",
        "943\u202f476\u20095919",
        "943–476–5919",
        "943-476 5919",
        "943 - 476 - 5919",
        "943\u200b476\u200b5919",
        "9434765919".translate(FULL_WIDTH),
        "943 476 5919".translate(FULL_WIDTH),
        "9434765919".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        "(9434765919)",
        "9434765919.",
        "9434765919,1",
        "NHS:9434765919",
        "NHS-9434765919",
        "NHS 943 476 5919",
        "export_9434765919.csv",
        "patient-9434765919.xlsx",
        "seen on 1-9434765919",
        "Zoë 9434765919",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert len(find_nhs_numbers(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "19434765919",
        "94347659190",
        "x9434765919",
        "9434765919a",
        "é9434765919",
        "9434765919²",
        "943476591",
        "94 3476 5919",
        "9434-765-919",
        "943476-5919",
        "943\n476\n5919",
        "01234567890123456789",
        "b" * 64,
    ],
)
def test_digits_that_touch_others_or_are_grouped_otherwise_are_let_through(text: str) -> None:
    assert find_nhs_numbers(text) == ()


@pytest.mark.parametrize("text", ["PO-9434765919", "PO9434765919", "INV-943-476-5919"])
def test_another_number_passes_with_its_prefix_as_the_message_promises(text: str) -> None:
    assert find_nhs_numbers(text) == ()
    assert "PO-…" in REFUSAL


def test_a_scottish_number_is_refused_though_its_first_digits_are_no_date() -> None:
    assert find_nhs_numbers("9990000018") == ((0, 10),)
    assert find_nhs_numbers("3013010002") == ((0, 10),)


def test_every_number_of_a_text_is_found_in_its_place() -> None:
    text = "First 943 476 5919, then 9990000018; not 9876543211."
    assert [text[start:end] for start, end in find_nhs_numbers(text)] == [
        "943 476 5919",
        "9990000018",
    ]


@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_of_ten_numbers_with_one_stem_at_most_one_is_refused(stem: str) -> None:
    weighted = sum(
        int(digit) * weight for digit, weight in zip(stem, range(10, 1, -1), strict=True)
    )
    check = -weighted % 11
    refused = [last for last in range(10) if find_nhs_numbers(f"{stem}{last}")]
    assert refused == ([check] if check < 10 else [])


def test_the_message_repeats_no_digit() -> None:
    assert not any(character.isdecimal() for character in REFUSAL)
