"""Where a contract stands."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chec.models import MeasureUse, PayerUse
from chec.rules.contract_position import ContractPosition, Use, position_of
from chec.rules.contract_terms import ContractTerms, read_contract
from tests.builders import a_contract_document, a_measure

PAYERS = {"ICB": 1, "Council": 2}


def terms(*measures: dict[str, Any], **fields: Any) -> ContractTerms:
    payers = [
        {"organisation": "ICB", "share": "2/3", "commitment_pence": 900},
        {"organisation": "Council", "share": "1/3"},
    ]
    return read_contract(a_contract_document(measures=measures, **{"payers": payers, **fields}))


def money(measure: str, year: int, payer_id: int, accepted: int, held: int) -> PayerUse:
    return PayerUse(
        contract_id=1,
        measure=measure,
        financial_year=year,
        payer_id=payer_id,
        accepted_pence=accepted,
        held_pence=held,
    )


def position(contract: ContractTerms, rows: Sequence[PayerUse]) -> ContractPosition:
    units = [MeasureUse(contract_id=1, measure="M01", accepted_units=3, held_units=1)]
    return position_of(contract, PAYERS, rows, units)


def test_every_cap_has_what_was_accepted_what_is_in_progress_and_what_is_left() -> None:
    contract = terms(
        a_measure("M01", cap_units=10),
        a_measure("M02", cap_pence=500),
        cap_pence=2_000,
        yearly_caps_pence={"2024": 700, "2026": 800},
    )
    rows = [
        money("M01", 2024, 1, 200, 100),
        money("M01", 2024, 2, 100, 50),
        money("M01", 2025, 1, 20, 0),
        money("M02", 2025, 1, 0, 10),
    ]
    found = position(contract, rows)
    assert found.pence == Use(2_000, 320, 160)
    assert found.pence.headroom == 1_520
    assert [(each.payer.organisation, each.payer_id, each.pence) for each in found.payers] == [
        ("ICB", 1, Use(900, 220, 110)),
        ("Council", 2, Use(None, 100, 50)),
    ]
    assert [(each.year.name, each.pence) for each in found.years] == [
        ("2024/25", Use(700, 300, 150)),
        ("2025/26", Use(None, 20, 10)),
        ("2026/27", Use(800)),
    ]
    assert [(each.units, each.pence) for each in found.measures] == [
        (Use(10, 3, 1), Use(None, 320, 150)),
        (Use(None), Use(500, 0, 10)),
    ]


def test_without_a_cap_headroom_is_not_known() -> None:
    assert Use(None, 100, 100).headroom is None


def test_a_measure_without_cap_and_claims_is_worth_no_line() -> None:
    found = position(terms(*map(a_measure, ("M01", "M02", "M03"))), [])
    assert [each.is_worth_a_line for each in found.measures] == [True, False, False]
    assert found.unused_count == 2
    assert found.years == []


@given(
    accepted=st.integers(0, 10**12), held=st.integers(0, 10**12), headroom=st.integers(0, 10**12)
)
def test_what_is_used_and_what_is_left_add_to_the_cap(
    accepted: int, held: int, headroom: int
) -> None:
    use = Use(accepted + held + headroom, accepted, held)
    assert use.headroom == headroom


@given(st.lists(st.tuples(st.sampled_from(["M01", "M02"]), st.integers(2022, 2026),
    st.sampled_from([1, 2]), st.integers(0, 10**9), st.integers(0, 10**9))))  # fmt: skip
def test_payers_years_and_measures_add_to_the_contract(
    uses: list[tuple[str, int, int, int, int]],
) -> None:
    found = position(terms(a_measure("M01"), a_measure("M02")), [money(*each) for each in uses])
    for parts in (found.payers, found.years, found.measures):
        assert sum(each.pence.accepted for each in parts) == found.pence.accepted
        assert sum(each.pence.in_progress for each in parts) == found.pence.in_progress
