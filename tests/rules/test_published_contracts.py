"""The published rate cards give the published pounds, and the invented one its worked answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from chec.rules.claim_file import read_claim_file
from chec.rules.contract_terms import ContractTerms, read_contract
from chec.rules.outcome_payment import ClaimValuation, value_claim
from chec.rules.valuation_report import valuation_document

FOLDER = Path(__file__).parents[1] / "cases" / "contracts"
WITH_UNITS = ("reboot_west", "i_aspire_lewisham", "fair_chance_ambition")


def contract_of(case: str) -> ContractTerms:
    return read_contract((FOLDER / f"{case}.json").read_bytes())


def expected_of(case: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((FOLDER / f"{case}_expected.json").read_text("utf-8"))
    return expected


def valued(case: str, file: str) -> ClaimValuation:
    contract = contract_of(case)
    outcomes = read_claim_file((FOLDER / file).read_bytes(), contract)
    return value_claim(contract, outcomes.records_to_value)


def test_our_copies_of_the_contracts_are_the_shared_ones() -> None:
    shared = FOLDER.parents[3] / "shared" / "cases" / "contracts"
    if shared.exists():
        ours, theirs = (
            {each.name: each.read_bytes() for each in folder.iterdir()}
            for folder in (FOLDER, shared)
        )
        assert ours == theirs


@pytest.mark.parametrize("case", WITH_UNITS)
def test_a_published_contract_with_units_gives_the_published_pounds(case: str) -> None:
    document = valuation_document(valued(case, f"{case}_units.csv"))
    expected = expected_of(case)
    assert {key: document[key] for key in expected if key != "source"} == {
        key: value for key, value in expected.items() if key != "source"
    }
    assert (document["removed"], document["warnings"]) == ([], [])


@pytest.mark.parametrize(
    ("case", "pounds"),
    [("reboot_west", 1_871_540), ("i_aspire_lewisham", 2_165_460)],
)
def test_the_pounds_are_those_of_the_readme(case: str, pounds: int) -> None:
    assert valued(case, f"{case}_units.csv").payable_pence == pounds * 100


def test_every_field_gives_its_expected_file_where_each_step_removes_something() -> None:
    document = valuation_document(valued("every_field", "every_field_records.csv"))
    steps = dict.fromkeys(each["step"] for each in document["removed"])
    assert list(steps) == [
        "evidence", "chain", "person", "measure", "period", "contract", "payer",
    ]  # fmt: skip
    assert all(each.pop("why").endswith(".") for each in document["removed"])
    assert document.pop("warnings") == []
    assert document == expected_of("every_field")
    assert list(document["by_payer"]) == list(expected_of("every_field")["by_payer"])


def test_the_sentences_of_every_field_name_amounts_and_dates() -> None:
    why = {
        (each.step.value, each.measure): each.why
        for each in valued("every_field", "every_field_records.csv").removed
    }
    assert why["evidence", "HBA1C-12"] == (
        "Achieved outside the contract's term, 1 April 2024 to 31 March 2026: 1 record, £500.00."
        " Evidence is missing (laboratory result): 1 record, £500.00."
    )
    assert why["chain", "HBA1C-24"] == (
        "No record of HBA1C-12 for the same person, 300 to 430 days before, was left to follow:"
        " 2 records, £600.00."
    )
    assert why["period", "HBA1C-12"] == (
        "The cap of £2,600.00 for 2024/25 was reached; £200.00 lies above it."
    )
    assert why["payer", None] == (
        "The commitment of £2,300.00 of Mendip Integrated Care Board was reached; £99.99 lies"
        " above it."
    )
