"""A file of outcomes is read strictly, and everything wrong is named where it is."""

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.errors import RuleBroken
from chec.rules.claim_file import ClaimFile, Count, UnreadableClaimFile, read_claim_file
from chec.rules.claim_valuation import Record
from chec.rules.contract_terms import read_contract

DOCUMENT = Path(__file__).parents[1] / "cases" / "contracts" / "every_field.json"
CONTRACT = read_contract(DOCUMENT.read_bytes())
COUNTS = "measure,units,achieved_on"
RECORDS = "measure,person,achieved_on,evidence,value"


def read(*lines: str) -> ClaimFile:
    return read_claim_file("\n".join(lines).encode(), CONTRACT)


def faults(*lines: str) -> list[tuple[int, str, str]]:
    with pytest.raises(UnreadableClaimFile) as refused:
        read(*lines)
    assert refused.value.reasons[0].startswith(f"Line {refused.value.faults[0].line}, ")
    return [(each.line, each.column, each.reason) for each in refused.value.faults]


def test_counts_without_a_day_count_on_the_contracts_last() -> None:
    file = read("measure,units", "HBA1C-12,3")
    assert file.counts == (Count(2, "HBA1C-12", 3, date(2026, 3, 31)),)
    assert file.records == ()


def test_counts_are_valued_as_so_many_records_of_nobody() -> None:
    file = read(COUNTS, "HBA1C-12,2,2024-06-03", "HBA1C-24,1,")
    assert file.records_to_value == (
        *[Record(2, "HBA1C-12", None, date(2024, 6, 3), None)] * 2,
        Record(3, "HBA1C-24", None, date(2026, 3, 31), None),
    )


def test_records_keep_their_evidence_and_their_value() -> None:
    file = read(RECORDS, "STAR,p01,2024-06-03,,-0.5", "", "HBA1C-12, p02 ,2024-06-03,letter,")
    assert file.records == (
        Record(2, "STAR", "p01", date(2024, 6, 3), "", Decimal("-0.5")),
        Record(4, "HBA1C-12", "p02", date(2024, 6, 3), "letter", None),
    )
    assert file.records_to_value == file.records


def test_without_a_column_nothing_is_asked_about_evidence() -> None:
    [record] = read("person,achieved_on,measure", "p01,2024-06-03,HBA1C-12").records
    assert record.evidence is None


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("HBA1C-13,p1,2024-06-03,,", "measure", "Did you mean “HBA1C-12”?"),
        ("star,p1,2024-06-03,,1", "measure", "Did you mean “STAR”?"),
        ("???,p1,2024-06-03,,", "measure", "Write one of the contract's codes."),
        (",p1,2024-06-03,,", "measure", "Write the measure's code."),
        ("HBA1C-12,,2024-06-03,,", "person", "pseudonym"),
        ("HBA1C-12,Ann Other,2024-06-03,,", "person", "pseudonym"),
        (f"HBA1C-12,{'x' * 65},2024-06-03,,", "person", "1 to 64"),
        ("HBA1C-12,9434765919,2024-06-03,,", "person", "NHS number"),
        ("HBA1C-12,p1,3/6/2024,,", "achieved_on", "2026-10-31"),
        ("HBA1C-12,p1,,,", "achieved_on", "2026-10-31"),
        ("HBA1C-12,p1,2024-06-31,,", "achieved_on", "calendar"),
        ("HBA1C-12,p1,2024-06-03,=1,", "evidence", "formula"),
        (f"HBA1C-12,p1,2024-06-03,{'x' * 301},", "evidence", "300 or fewer"),
        ("HBA1C-12,p1,2024-06-03,943 476 5919,", "evidence", "NHS number"),
        ("STAR,p1,2024-06-03,x,high", "value", "decimal number"),
        ("STAR,p1,2024-06-03,x,NaN", "value", "decimal number"),
        ("STAR,p1,2024-06-03,x,1e9", "value", "decimal number"),
        ("STAR,p1,2024-06-03,x,", "value", "paid by each person's value"),
        ("HBA1C-12,p1,2024-06-03,", "cells", "4 cells, not 5"),
    ],
)
def test_a_record_that_is_wrong_says_how_to_mend_it(row: str, column: str, says: str) -> None:
    [(line, found, reason)] = faults(RECORDS, row)
    assert (line, found) == (2, column)
    assert says in reason
    assert "943" not in reason


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("HBA1C-12,0,", "units", "above zero"),
        ("HBA1C-12,-1,", "units", "above zero"),
        ("HBA1C-12,1.0,", "units", "above zero"),
        ("HBA1C-12,,", "units", "above zero"),
        ("HBA1C-12,1000001,", "units", "more than 1,000,000"),
        ("HBA1C-12,1,soon", "achieved_on", "2026-10-31"),
        ("STAR,1,", "measure", "Claim it by records"),
    ],
)
def test_a_count_that_is_wrong_says_how_to_mend_it(row: str, column: str, says: str) -> None:
    [(line, found, reason)] = faults(COUNTS, row)
    assert (line, found) == (2, column)
    assert says in reason


def test_units_together_have_an_end_too() -> None:
    [(_, column, reason)] = faults(COUNTS, "HBA1C-12,1000000,", "HBA1C-24,1,")
    assert column == "units"
    assert "add to more than 1,000,000" in reason


def test_what_is_there_twice_names_the_line_it_was_first_on() -> None:
    row = "HBA1C-12,p1,2024-06-03,a,"
    [(line, _, reason)] = faults(RECORDS, row, "HBA1C-12,p1,2024-06-04,a,", row)
    assert (line, reason) == (
        4, "Line 2 has the same measure, person and day. Take one of the two out.",
    )  # fmt: skip
    [(line, _, reason)] = faults(COUNTS, "HBA1C-12,1,", "HBA1C-12,1,2026-03-31")
    assert line == 3
    assert "Line 2 counts this measure on the same day" in reason


def test_everything_wrong_is_said_at_once() -> None:
    found = faults(RECORDS, "HBA1C-99,Ann Other,soon,,", "HBA1C-12,p1,2024-06-03,,", "STAR,p,x,,y")
    assert [(line, column) for line, column, _ in found] == [
        (2, "measure"),
        (2, "person"),
        (2, "achieved_on"),
        (4, "achieved_on"),
        (4, "value"),
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The first line is empty"),
        (b"\nmeasure,units\n", "The first line is empty"),
        (b"measure,units\n", "no line but its first"),
        (b"measure,person\na,b\n", "The column “achieved_on” is missing"),
        (b"measure,units,notes\n", "1 of the columns"),
        (b"measure;units\n", "parted by semicolons"),
        ("measure,units".encode("utf-16"), "UTF-16"),
    ],
    ids=range(7),
)
def test_a_file_that_is_none_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(RuleBroken, match=says):
        read_claim_file(data, CONTRACT)


def test_a_row_that_cannot_be_read_is_named_beside_the_others() -> None:
    data = f"{COUNTS}\nHBA1C-12,0,\nHBA1C-12,\xe9,".encode("latin-1")
    with pytest.raises(UnreadableClaimFile) as refused:
        read_claim_file(data, CONTRACT)
    assert [(each.line, each.column) for each in refused.value.faults] == [
        (2, "units"),
        (3, "cells"),
    ]


def test_a_measure_that_is_not_priced_yet_is_said_by_row() -> None:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    document["measures"][2]["term"] = {
        "kind": "shared_saving", "minimum_rate": "0.02", "share": "0.5",
    }  # fmt: skip
    with pytest.raises(UnreadableClaimFile, match=r"Line 2, measure: .* does not price yet"):
        read_claim_file(b"measure,units\nSTAR,1\n", read_contract(json.dumps(document)))


@given(st.sampled_from([RECORDS, COUNTS, ""]), st.binary(max_size=100))
def test_any_bytes_are_read_or_refused_in_words(header: str, content: bytes) -> None:
    with suppress(RuleBroken):
        assert read_claim_file(header.encode() + b"\n" + content, CONTRACT).records_to_value
