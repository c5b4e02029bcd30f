"""A contract document is read strictly, and everything wrong is named where it is."""

import json
import time
from contextlib import suppress
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.errors import RuleBroken
from chec.rules.contract_document import UnreadableContract
from chec.rules.contract_terms import ContractTerms, read_contract
from chec.rules.priced_terms import Capitation, ContingentBlock, SharedSaving, SlidingScale

FOLDER = Path(__file__).parents[1] / "cases" / "contracts"
EVERY_FIELD = (FOLDER / "every_field.json").read_text("utf-8")
PUBLISHED = [each for each in FOLDER.glob("*.json") if "expected" not in each.name]


def changed(path: str, value: Any) -> str:
    """The document of every field with one value changed; `...` takes the field out."""
    document = json.loads(EVERY_FIELD)
    *outer, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    inside = document
    for step in outer:
        inside = inside[step]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return json.dumps(document)


def faults(text: str | bytes) -> dict[str, str]:
    with pytest.raises(UnreadableContract) as refused:
        read_contract(text)
    assert refused.value.reasons == [f"{where}: {why}" for where, why in refused.value.faults]
    return dict(refused.value.faults)


def with_term(**term: Any) -> ContractTerms:
    return read_contract(changed("measures/2/term", term))


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: str(file.stem))
def test_every_shared_document_is_read_as_text_and_as_bytes(file: Path) -> None:
    contract = read_contract(file.read_bytes())
    assert contract == read_contract(file.read_text("utf-8"))
    document = json.loads(file.read_text("utf-8"))
    assert [each.code for each in contract.measures] == [
        each["code"] for each in document["measures"]
    ]


def test_every_field_is_read_exactly() -> None:
    contract = read_contract(EVERY_FIELD)
    first, second, star = contract.measures
    assert [each.share for each in contract.payers] == [Fraction(2, 3), Fraction(1, 3)]
    assert (contract.form, contract.on_payer_exhausted) == ("alliance", "lapse")
    assert (contract.cap_pence, contract.yearly_cap_pence(2024)) == (360_000, 260_000)
    assert contract.yearly_cap_pence(2025) is None
    assert contract.sampling is not None
    assert contract.sampling.reduce_by_lower_bound
    assert (first.deadweight, first.cap_units, first.cap_pence) == (Fraction(3, 20), 6, None)
    assert first.achieved_when is not None
    assert first.achieved_when.tests[1].falls_by_share == Fraction(17, 200)
    assert first.saving_pence is not None
    assert first.saving_pence.non_cashable == 48_000
    assert (second.follows, second.after_days, second.within_days) == ("HBA1C-12", 300, 430)
    assert isinstance(star.term, SlidingScale)
    assert star.term.points[0] == (Fraction(1, 2), Fraction(0))
    assert [first.price_on(date(2025, 3, day)) for day in (1, 31)] == [50_000, 50_000]
    assert [first.price_on(date(year, 4, 1)) for year in (1999, 2025)] == [50_000, 52_500]
    assert [each.name for each in contract.financial_years] == ["2024/25", "2025/26"]


@pytest.mark.parametrize(
    "field", ["cap_pence", "form", "sampling", "on_silence", "person_cap_pence"]
)
def test_an_optional_field_that_is_null_or_missing_is_no_rule(field: str) -> None:
    null = read_contract(changed(field, None))
    assert getattr(null, field) is None
    if field in json.loads(EVERY_FIELD):
        assert null == read_contract(changed(field, ...))


def test_the_other_kinds_of_term_are_read() -> None:
    block = with_term(
        kind="contingent_block",
        years=[
            {"from": "2024-04-01", "value_pence": 100, "contingent_share": "0.1"},
            {"from": "2025-04-01", "value_pence": 200, "contingent_share": 0.25},
        ],
        indicators=[
            {"code": "A", "weight": "1/3", "rule": "all_or_nothing", "target": "0.8"},
            {"code": "B", "weight": "2/3", "rule": "linear", "floor": "-0.5", "target": 1},
        ],
    ).measure("STAR")
    assert isinstance(block.term, ContingentBlock)
    assert block.term.years[1].contingent_share == Fraction(1, 4)
    capitation = with_term(
        kind="capitation",
        prices=[{"from": "2024-04-01", "pence": 100}],
        corridor={"width": "0.02", "share": "0.5"},
    ).measure("STAR")
    assert isinstance(capitation.term, Capitation)
    assert capitation.price_on(date(2024, 5, 1)) == 100
    saving = with_term(kind="shared_saving", minimum_rate="0.02", share="0.5").measure("STAR")
    assert isinstance(saving.term, SharedSaving)
    assert saving.kind_in_words == "shared saving"
    with pytest.raises(RuleBroken, match="it has no price"):
        saving.price_on(date(2024, 5, 1))


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('{"a": 1,\n "b" 2}', "line 2, column 6", "This is not JSON: expecting ':' delimiter"),
        ("", "line 1, column 1", "not JSON"),
        (b'{\n"a": "\xe9"}', "line 2", "not in UTF-8"),
        ("{}".encode("utf-16"), "the document", "UTF-16"),
        ("[]", "the document", "one JSON object"),
        ("[" * 100_000, "the document", "too deep"),
        ('{"a": ' + "1" * 5_000 + "}", "the document", "far too long"),
        ('{"a": {"b": 1, "c": [], "b": 2}}', "a.b", "more than once"),
        ('{"a": [1, NaN]}', "a[1]", "no numbers"),
        ('{"a": -Infinity}', "a", "no numbers"),
    ],
    ids=range(10),
)
def test_what_is_no_sound_json_is_refused_with_its_place(
    text: str | bytes, place: str, says: str
) -> None:
    assert says in faults(text)[place]


def test_a_list_is_not_read_that_is_far_too_long() -> None:
    for path in ("payers", "measures", "measures/0/evidence", "measures/2/term/points"):
        found = faults(changed(path, [{}] * 251))
        assert list(found.values()) == ["This list has more than 250 entries. Shorten it."], path


def test_many_keys_of_which_one_is_repeated_are_read_at_once() -> None:
    begun = time.process_time()
    keys = ",".join(f'"{key}":1' for key in (*range(85_000), 0))
    assert list(faults(f"{{{keys}}}")) == ["0"]
    assert time.process_time() - begun < 5


def test_of_many_faults_a_hundred_are_named() -> None:
    with pytest.raises(UnreadableContract) as refused:
        read_contract(json.dumps({"a": 1} | {f"k{place}": 1 for place in range(150)}))
    *named, last = refused.value.reasons
    assert (len(named), last) == (100, f"And {len(refused.value.faults) - 100} more.")


@pytest.mark.parametrize(
    ("path", "value", "place", "says"),
    [
        ("format", "chec-contract/2", "format", "Write one of these: chec-contract/1."),
        ("form", "joint", "form", "direct, lead_provider or alliance"),
        ("title", ..., "title", "missing"),
        ("title", None, "title", "missing"),
        ("title", 5, "title", "a text"),
        ("title", "  ", "title", "empty"),
        ("title", " Title", "title", "spaces"),
        ("title", "=1+1", "title", "formula"),
        ("title", "x" * 301, "title", "301 characters"),
        ("colour", None, "colour", "no such field"),
        ("starts_on", "01/04/2024", "starts_on", "year-month-day"),
        ("starts_on", 20240401, "starts_on", "as a text"),
        ("starts_on", "2025-02-29", "starts_on", "not a day of the calendar"),
        ("starts_on", "0024-04-01", "starts_on", "Check the year"),
        ("ends_on", "2024-03-31", "ends_on", "before the contract starts, on 2024-04-01"),
        ("cap_pence", "5", "cap_pence", "whole pence"),
        ("cap_pence", 5.0, "cap_pence", "whole pence"),
        ("cap_pence", True, "cap_pence", "whole pence"),
        ("cap_pence", -1, "cap_pence", "below zero"),
        ("cap_pence", 10**15, "cap_pence", "above £10,000,000,000"),
        ("yearly_caps_pence", [], "yearly_caps_pence", "an object"),
        ("yearly_caps_pence", {"24": 5}, "yearly_caps_pence.24", "such as “2024”"),
        ("yearly_caps_pence", {"2026": 5}, "yearly_caps_pence.2026", "2024/25 to 2025/26"),
        ("yearly_caps_pence", {"2024": "5"}, "yearly_caps_pence.2024", "whole pence"),
        ("payers", [], "payers", "at least one"),
        ("payers", {}, "payers", "a list"),
        ("payers/0/share", "0.66", "payers", "149/150 (about 0.9933)"),
        ("payers/1/share", "0.3233333333", "payers", "exactly 1"),
        ("payers/0/share", "-1/3", "payers[0].share", "between 0 and 1"),
        ("payers/0/share", "1/0", "payers[0].share", "exact number"),
        ("payers/0/share", "two", "payers[0].share", "exact number"),
        ("payers/0/share", True, "payers[0].share", "exact number"),
        ("payers/1/organisation", "Mendip Integrated Care Board", "payers[1].organisation",
         "there already, at place 1"),
        ("payers/1/organisation", "A / B", "payers[1].organisation", "the ledger parts"),
        ("sampling/size", 0, "sampling.size", "1 or more"),
        ("sampling/reduce_by_lower_bound", 1, "sampling.reduce_by_lower_bound", "true or false"),
        ("measures", [], "measures", "at least one"),
        ("measures/0", None, "measures[0]", "an object"),
        ("measures/1/code", "HBA1C-12", "measures[1].code (HBA1C-12)", "there already"),
        ("measures/1/follows", "HBA1C-24", "measures[1].follows (HBA1C-24)", "follow itself"),
        ("measures/1/follows", "NONE", "measures[1].follows (HBA1C-24)", "no measure “NONE”"),
        ("measures/1/follows", None, "measures[1].after_days (HBA1C-24)", "nothing that this"),
        ("measures/1/after_days", 500, "measures[1].within_days (HBA1C-24)", "fewer than"),
        ("measures/0/times_per_person", 0, "measures[0].times_per_person (HBA1C-12)", "1 or more"),
        ("measures/0/cap_units", 1.5, "measures[0].cap_units (HBA1C-12)", "whole number"),
        ("measures/0/deadweight", "15%", "measures[0].deadweight (HBA1C-12)", "exact number"),
        ("measures/0/evidence/0", "", "measures[0].evidence[0] (HBA1C-12)", "empty"),
        ("measures/0/same_as", {"contract": "X"}, "measures[0].same_as.code (HBA1C-12)", "missing"),
        ("measures/0/term/kind", "fee", "measures[0].term.kind (HBA1C-12)", "sliding_scale"),
        ("measures/0/term/kind", ..., "measures[0].term.kind (HBA1C-12)", "missing"),
        ("measures/0/term/prices", [], "measures[0].term.prices (HBA1C-12)", "at least one"),
        ("measures/0/term/prices/1/from", "2024-04-01",
         "measures[0].term.prices[1].from (HBA1C-12)", "not after the one before it"),
        ("measures/0/term/prices/0/from", "2024-04-02",
         "measures[0].term.prices[0].from (HBA1C-12)", "The contract starts on 2024-04-01"),
        ("measures/2/term/points", [["1", "0"], ["1", "1"]],
         "measures[2].term.points[1][0] (STAR)", "not above the one before"),
        ("measures/2/term/points/0", ["1"], "measures[2].term.points[0][1] (STAR)", "missing"),
        ("measures/0/achieved_when/tests/0/at_least", "3",
         "measures[0].achieved_when.tests[0] (HBA1C-12)", "2 conditions (at_most, at_least)"),
        ("measures/0/achieved_when/tests/0", {"reading": "x"},
         "measures[0].achieved_when.tests[0] (HBA1C-12)", "has none"),
    ],
)  # fmt: skip
def test_a_fault_has_its_place_and_says_how_to_mend_it(
    path: str, value: Any, place: str, says: str
) -> None:
    found = faults(changed(path, value))
    assert says in found[place]


def test_weights_that_do_not_add_up_are_refused() -> None:
    term = {
        "kind": "contingent_block",
        "years": [{"from": "2025-04-01", "value_pence": 100, "contingent_share": "0.1"}],
        "indicators": [
            {"code": "A", "weight": "0.5", "rule": "linear", "floor": "1", "target": "1"},
            {"code": "A", "weight": "0.4", "rule": "linear", "target": "1"},
        ],
    }
    found = faults(changed("measures/2/term", term))
    assert found == {
        "measures[2].term.indicators[0].target (STAR)": "The target is the floor. Move one of them."
    }
    term["indicators"][0]["floor"] = "0"  # type: ignore[index]
    found = faults(changed("measures/2/term", term))
    assert "add to 0.9" in found["measures[2].term.indicators (STAR)"]
    assert "there already" in found["measures[2].term.indicators[1].code (STAR)"]


def test_a_circle_is_named() -> None:
    document = json.loads(EVERY_FIELD)
    for measure, follows in zip(
        document["measures"], ("STAR", "HBA1C-12", "HBA1C-24"), strict=True
    ):
        measure["follows"] = follows
    found = faults(json.dumps(document))
    assert found["measures[0].follows (HBA1C-12)"] == (
        "These follow each other in a circle: HBA1C-12 → STAR → HBA1C-24 → HBA1C-12. Open it."
    )
    assert len(found) == 3


def test_everything_wrong_is_said_at_once() -> None:
    document = json.loads(EVERY_FIELD)
    document["payers"][0]["share"] = "0.99"
    document["colour"] = "red"
    document["measures"][0]["term"]["prices"][1]["from"] = "2024-04-01"
    document["measures"][2]["cap_units"] = "3"
    document["yearly_caps_pence"]["2031"] = 5
    assert list(faults(json.dumps(document))) == [
        "yearly_caps_pence.2031",
        "payers",
        "measures[0].term.prices[1].from (HBA1C-12)",
        "measures[2].cap_units (STAR)",
        "colour",
    ]


@pytest.mark.parametrize(
    "path",
    ["reference", "title", "payers/0/organisation", "measures/0/code", "measures/0/name",
     "measures/0/unit", "measures/0/cohort", "measures/0/evidence/0", "943 476 5919"],
)  # fmt: skip
def test_an_nhs_number_is_refused_in_every_text_and_never_repeated(path: str) -> None:
    with pytest.raises(UnreadableContract) as refused:
        read_contract(changed(path, "943 476 5919"))
    assert "943" not in str(refused.value)


def test_an_unknown_measure_is_said_in_a_sentence() -> None:
    with pytest.raises(RuleBroken, match="has no measure “M99”"):
        read_contract(EVERY_FIELD).measure("M99")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner)
)
paths = st.sampled_from(
    ["payers", "payers/0", "payers/0/share", "measures", "measures/0", "measures/0/term",
     "measures/0/term/prices", "measures/0/term/prices/0", "measures/2/term/points", "starts_on",
     "measures/2/term/points/0", "measures/0/achieved_when", "yearly_caps_pence", "sampling",
     "measures/0/evidence", "measures/1/follows", "cap_pence", "measures/0/same_as"]
)  # fmt: skip


@given(paths, anything)
def test_anything_anywhere_is_read_or_refused_in_words(path: str, value: Any) -> None:
    with suppress(UnreadableContract):
        read_contract(changed(path, value))


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_document_is_read_or_refused_in_words(text: str | bytes) -> None:
    with pytest.raises(UnreadableContract):
        read_contract(text)
