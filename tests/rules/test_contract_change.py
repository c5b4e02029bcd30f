"""A new version of a contract keeps room for what was accepted, and says what it changes."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chec.rules.contract_change import Used, changes_between, reasons_not_to_change
from chec.rules.contract_terms import ContractTerms, read_contract

TEXT = (Path(__file__).parents[1] / "cases/contracts/every_field.json").read_text("utf-8")
OLD = read_contract(TEXT)
ICB, COUNCIL = "Mendip Integrated Care Board", "Mendip Council"
USED = Used(
    by_payer={ICB: 200_000, COUNCIL: 100_000},
    by_year={2024: 250_000, 2025: 50_000},
    by_measure={"HBA1C-12": (5, 270_000), "STAR": (2, 30_000)},
    first_on=date(2024, 6, 3),
    last_on=date(2025, 9, 1),
)


def new(change: Callable[[Any], object]) -> ContractTerms:
    document = json.loads(TEXT)
    change(document)
    return read_contract(json.dumps(document))


def test_the_same_document_changes_nothing() -> None:
    assert reasons_not_to_change(OLD, OLD, USED) == []
    assert changes_between(OLD, OLD) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda new: new.update(cap_pence=299_999), "Set it to £3,000.00 or more"),
        (lambda new: new.update(yearly_caps_pence={"2024": 1}), "The cap for 2024/25, £0.01"),
        (lambda new: new.update(ends_on="2025-08-31"), "An outcome of 1 September 2025"),
        (lambda new: new.update(ends_on="2025-03-31"), "£500.00 is accepted or claimed already"),
        (lambda new: new.update(starts_on="2024-06-04"), "An outcome of 3 June 2024"),
        (lambda new: new["payers"][0].update(commitment_pence=5), f"The commitment of {ICB}"),
        (lambda new: new["payers"][1].update(organisation="Other"), "Keep it, under the same name"),
        (lambda new: new["measures"].pop(), "2 of STAR, for £300.00, are accepted"),
        (lambda new: new["measures"][2].update(cap_pence=9), "The cap of STAR, £0.09, is below"),
        (lambda new: new["measures"][0].update(cap_units=4), "4 units, is below the 5"),
        (lambda new: new.update(reference="OTHER"), "This document is of OTHER"),
    ],
    ids=range(11),
)
def test_nothing_accepted_or_held_is_left_without_room(
    change: Callable[[Any], object], says: str
) -> None:
    reasons = reasons_not_to_change(OLD, new(change), USED)
    assert says in reasons[0] or says in reasons[-1]


def test_what_nobody_used_may_go_and_caps_may_be_just_enough() -> None:
    def change(document: Any) -> None:
        del document["measures"][1]
        document["cap_pence"] = 300_000
        document["measures"][0]["cap_units"] = 5
        document["payers"][0]["share"] = document["payers"][1]["share"] = "0.5"

    assert reasons_not_to_change(OLD, new(change), USED) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda new: new.update(cap_pence=400_000),
            "The contract: cap changes from £3,600.00 to £4,000.00.",
        ),
        (
            lambda new: new.update(person_cap_pence=None),
            "The contract: person cap is taken away; it was £850.00.",
        ),
        (
            lambda new: new.update(claim_within_days=90),
            "The contract: claim within days is added, 90.",
        ),
        (
            lambda new: new.update(ends_on="2027-03-31"),
            "The contract: ends changes from 31 March 2026 to 31 March 2027.",
        ),
        (
            lambda new: new.update(yearly_caps_pence={"2024": 260_000, "2025": 5}),
            "The contract: yearly caps changes from £2,600.00 for 2024/25 to £2,600.00 for 2024/25,"
            " £0.05 for 2025/26.",
        ),
        (
            lambda new: new["sampling"].update(reduce_by_lower_bound=False),
            "The contract: sampling changes from size 30, reduce by lower bound yes to size 30,"
            " reduce by lower bound no.",
        ),
        (
            lambda new: new["measures"][0].update(deadweight="1/3"),
            "Measure HBA1C-12: deadweight changes from 0.15 to 1/3 (about 0.3333).",
        ),
        (
            lambda new: new["measures"][1]["term"]["prices"][0].update(pence=5),
            "Measure HBA1C-24: term changes from kind per_outcome, prices £300.00 from 1 April 2024"
            " to kind per_outcome, prices £0.05 from 1 April 2024.",
        ),
        (
            lambda new: new["measures"].pop(),
            "Measure STAR (Wellbeing Star, average change) is taken out.",
        ),
        (
            lambda new: new["payers"].reverse(),
            f"The payers stand in another order: {COUNCIL}, {ICB}.",
        ),
    ],
    ids=range(10),
)
def test_what_differs_is_said_in_a_sentence(change: Callable[[Any], object], sentence: str) -> None:
    assert changes_between(OLD, new(change)) == [sentence]


def test_a_person_cap_may_go_below_what_was_accepted_and_counts_for_later_claims() -> None:
    lower = new(lambda document: document.update(person_cap_pence=1))
    assert reasons_not_to_change(OLD, lower, USED) == []
    assert changes_between(OLD, lower) == [
        "The contract: person cap changes from £850.00 to £0.01.",
        "The person cap counts for later claims; what claims have of a person already stays.",
    ]


def test_a_new_measure_and_a_new_payer_are_named() -> None:
    def change(document: Any) -> None:
        document["payers"].append({"organisation": "Third", "share": 0})
        document["measures"].append(document["measures"][2] | {"code": "STAR-2"})

    assert changes_between(OLD, new(change)) == [
        "Payer Third is added.",
        "Measure STAR-2 (Wellbeing Star, average change) is added.",
    ]
