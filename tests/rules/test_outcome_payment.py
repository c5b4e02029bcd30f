"""Each of the seven steps removes what methods 2 says, and says so."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chec.errors import RuleBroken
from chec.models.claim import RemovalStep
from chec.rules.contract_terms import ContractTerms, read_contract
from chec.rules.outcome_payment import (
    Accepted,
    ClaimValuation,
    Reading,
    Record,
    value_claim,
)

DAY = date(2024, 6, 3)
LATER = date(2025, 6, 3)
ICB, COUNCIL = "Mendip ICB", "Mendip Council"


def a_measure(code: str = "M1", *, pence: int = 10_000, **rules: Any) -> dict[str, Any]:
    term = {"kind": "per_outcome", "prices": [{"from": "2024-04-01", "pence": pence}]}
    return {"code": code, "name": code, "unit": "person", "term": term, **rules}


def a_scale(*points: list[str], pence: int = 10_000) -> dict[str, Any]:
    prices = [{"from": "2024-04-01", "pence": pence}]
    return a_measure(term={"kind": "sliding_scale", "prices": prices, "points": points})


def a_contract(*measures: dict[str, Any], **fields: Any) -> ContractTerms:
    document = {
        "format": "chec-contract/1",
        "reference": "HERE",
        "title": "A contract",
        "starts_on": "2024-04-01",
        "ends_on": "2026-03-31",
        "payers": [{"organisation": ICB, "share": 1}],
        "measures": measures or [a_measure()],
    }
    return read_contract(json.dumps(document | fields))


def two_payers(**commitments: int) -> list[dict[str, Any]]:
    return [
        {"organisation": ICB, "share": "2/3", "commitment_pence": commitments.get("icb")},
        {"organisation": COUNCIL, "share": "1/3", "commitment_pence": commitments.get("council")},
    ]


def records(*told: tuple[str, str | None, date]) -> list[Record]:
    return [
        Record(number, measure, person, on, None)
        for number, (measure, person, on) in enumerate(told, start=1)
    ]


def steps(valuation: ClaimValuation) -> list[tuple[str, str | None, int, int]]:
    return [(each.step.value, each.measure, each.units, each.pence) for each in valuation.removed]


def only_why(valuation: ClaimValuation) -> str:
    [removal] = valuation.removed
    return removal.why


def test_a_claim_of_nothing_is_worth_nothing_and_names_every_payer() -> None:
    nothing = value_claim(a_contract(payers=two_payers()), [])
    assert (nothing.gross_pence, nothing.payable_pence, nothing.lines) == (0, 0, ())
    assert list(nothing.by_payer.items()) == [(ICB, 0), (COUNCIL, 0)]


def test_the_price_is_that_of_the_day_achieved() -> None:
    prices = [{"from": "2024-01-01", "pence": 100}, {"from": "2025-04-01", "pence": 300}]
    contract = a_contract(a_measure(term={"kind": "per_outcome", "prices": prices}))
    claim = value_claim(
        contract, records(("M1", "a", date(2025, 3, 31)), ("M1", "a", date(2025, 4, 1)))
    )
    assert [each.gross_pence for each in claim.outcomes] == [100, 300]


# 1 evidence


@pytest.mark.parametrize("on", [date(2024, 3, 31), date(2026, 4, 1), date(1999, 1, 1)])
def test_outcomes_outside_the_term_are_not_paid(on: date) -> None:
    claim = value_claim(a_contract(), records(("M1", "a", on)))
    assert steps(claim) == [("evidence", "M1", 1, 10_000)]
    assert only_why(claim) == (
        "Achieved outside the contract's term, 1 April 2024 to 31 March 2026: 1 record, £100.00."
    )


@pytest.mark.parametrize("on", [date(2024, 4, 1), date(2026, 3, 31)])
def test_the_first_and_the_last_day_are_in_the_term(on: date) -> None:
    assert value_claim(a_contract(), records(("M1", "a", on))).payable_pence == 10_000


def test_evidence_is_missing_only_where_it_is_asked_for_and_the_cell_is_empty() -> None:
    contract = a_contract(a_measure(evidence=["letter", "result"]), a_measure("M2"))
    claim = value_claim(
        contract,
        [
            Record(1, "M1", "a", DAY, ""),
            Record(2, "M1", "b", DAY, None),
            Record(3, "M1", "c", DAY, "letter of 3 June"),
            Record(4, "M2", "a", DAY, ""),
        ],
    )
    assert [each.taken for each in claim.outcomes] == [False, True, True, True]
    assert only_why(claim) == "Evidence is missing (letter, result): 1 record, £100.00."


def test_what_is_claimed_too_late_is_not_paid() -> None:
    contract = a_contract(claim_within_days=30)
    in_time, late = DAY + timedelta(30), DAY + timedelta(31)
    claim = records(("M1", "a", DAY))
    assert value_claim(contract, claim, claimed_on=in_time).payable_pence == 10_000
    assert value_claim(contract, claim).payable_pence == 10_000
    assert only_why(value_claim(contract, claim, claimed_on=late)) == (
        "Claimed on 4 July 2024, more than 30 days after it was achieved: 1 record, £100.00."
    )


# 2 chain

CHAINED = (a_measure(), a_measure("M2", pence=5_000, follows="M1", after_days=10, within_days=20))


@pytest.mark.parametrize(("days", "paid"), [(9, False), (10, True), (20, True), (21, False)])
def test_a_follow_on_is_paid_between_its_days(days: int, paid: bool) -> None:
    on = DAY + timedelta(days)
    claim = value_claim(a_contract(*CHAINED), records(("M1", "a", DAY), ("M2", "a", on)))
    assert claim.payable_pence == (15_000 if paid else 10_000)


def test_a_follow_on_names_the_record_that_it_follows() -> None:
    on = DAY + timedelta(12)
    claim = value_claim(a_contract(*CHAINED), records(("M1", "a", DAY), ("M2", "a", on)))
    assert [each.follows for each in claim.outcomes] == [None, 1]


def test_another_persons_record_cannot_be_followed_and_each_only_once() -> None:
    on = DAY + timedelta(12)
    claim = value_claim(
        a_contract(*CHAINED),
        records(("M1", "a", DAY), ("M2", "b", on), ("M2", "a", on), ("M2", "a", on)),
    )
    assert steps(claim) == [("chain", "M2", 2, 10_000)]


def test_the_earliest_record_that_fits_is_followed() -> None:
    told = [("M1", "a", DAY), ("M1", "a", DAY + timedelta(8)), ("M1", "a", DAY + timedelta(9))]
    on = DAY + timedelta(22)  # the first is too long ago
    claim = value_claim(a_contract(*CHAINED), records(*told, ("M2", "a", on)))
    assert claim.outcomes[-1].follows == 2


def test_the_earliest_is_followed_also_where_a_later_one_was_accepted_before() -> None:
    contract = a_contract(a_measure("M1"), a_measure("M2", follows="M1", within_days=200))
    later = Record("before", "M1", "a", DAY + timedelta(100), None)
    now = records(
        ("M1", "a", DAY), ("M2", "a", DAY + timedelta(150)), ("M2", "a", DAY + timedelta(250))
    )
    claim = value_claim(contract, now, value_claim(contract, [later]).accepted)
    assert [each.follows for each in claim.outcomes] == [None, 1, "before"]


def test_a_record_on_the_same_day_is_followed_only_if_its_measure_stands_earlier() -> None:
    both = records(("M1", "a", DAY), ("M2", "a", DAY))
    after, before = a_measure("M2", follows="M1"), a_measure()
    assert value_claim(a_contract(before, after), both).payable_pence == 20_000
    assert value_claim(a_contract(after, before), both).payable_pence == 10_000


def test_what_a_later_cap_removed_can_be_followed_and_what_evidence_removed_cannot() -> None:
    capped = (a_measure(cap_units=0, evidence=["letter"]), a_measure("M2", follows="M1"))
    for evidence, payable in (("letter", 10_000), ("", 0)):
        claim = value_claim(
            a_contract(*capped),
            [Record(1, "M1", "a", DAY, evidence), Record(2, "M2", "a", LATER, None)],
        )
        assert claim.payable_pence == payable


def test_a_follow_on_that_is_removed_whole_leaves_what_it_would_follow_to_another() -> None:
    contract = a_contract(
        a_measure(),
        a_measure("M2", follows="M1", cap_units=0),
        a_measure("M3", follows="M1"),
    )
    told = [("M1", "a", DAY), ("M2", "a", LATER), ("M3", "a", LATER)]
    claim = value_claim(contract, records(*told))
    assert steps(claim) == [("measure", "M2", 1, 10_000)]


def test_counts_have_neither_chain_nor_person() -> None:
    contract = a_contract(*CHAINED, person_cap_pence=1)
    claim = value_claim(contract, records(("M1", None, DAY), ("M2", None, DAY)))
    assert (claim.payable_pence, claim.warnings) == (15_000, ())


def test_a_follow_on_count_above_the_count_it_follows_is_a_warning() -> None:
    contract = a_contract(*CHAINED)
    two = records(("M1", None, DAY), ("M2", None, DAY), ("M2", None, DAY))
    assert value_claim(contract, two).warnings == (
        "M2: 2 are more than the 1 of M1 that they follow. Check both counts.",
    )
    before = [Accepted("M1", DAY, {ICB: 10_000})]
    assert value_claim(contract, two, before).warnings == ()


# 3 person


def test_a_person_achieves_a_measure_only_so_often() -> None:
    contract = a_contract(a_measure(times_per_person=2))
    thrice = records(*[("M1", "a", DAY)] * 3, ("M1", "b", DAY))
    claim = value_claim(contract, thrice)
    assert steps(claim) == [("person", "M1", 1, 10_000)]
    assert only_why(claim) == "M1 is paid at most twice for one person: 1 record, £100.00."
    before = [Accepted("M1", DAY, {ICB: 10_000}, person="a")] * 2
    assert value_claim(contract, thrice[:1], before).payable_pence == 0


def test_a_record_removed_whole_uses_up_nothing() -> None:
    contract = a_contract(a_measure(times_per_person=1, evidence=["letter"], cap_units=1))
    claim = value_claim(
        contract, [Record(1, "M1", "a", DAY, ""), Record(2, "M1", "a", DAY, "letter")]
    )
    assert [each.taken for each in claim.outcomes] == [False, True]


def test_the_same_outcome_in_another_contract_counts_for_the_person() -> None:
    same = {"contract": "THERE", "code": "X"}
    contract = a_contract(
        a_measure(times_per_person=1, same_as=same),
        a_measure("M2", times_per_person=1, same_as={"contract": "HERE", "code": "M1"}),
        a_measure("M3", times_per_person=1),
    )
    there = [Accepted("X", DAY, {"Another": 5}, person="a", contract="THERE")]
    told = [("M1", "a", LATER), ("M2", "a", LATER), ("M3", "a", LATER), ("M1", "b", LATER)]
    claim = value_claim(contract, [*records(*told)], there)
    assert steps(claim) == [("person", "M1", 1, 10_000), ("person", "M2", 1, 10_000)]
    assert "M1, counted with X of THERE, is paid at most once" in claim.removed[0].why
    elsewhere = [Accepted("M3", DAY, {}, person="a", contract="ELSEWHERE")]
    assert value_claim(contract, records(*told[2:3]), elsewhere).payable_pence == 10_000


def test_a_person_earns_no_more_than_the_cap_over_the_whole_contract() -> None:
    contract = a_contract(a_measure(), person_cap_pence=25_000)
    claim = value_claim(contract, records(*[("M1", "a", DAY)] * 4, ("M1", "b", DAY)))
    assert steps(claim) == [("person", "M1", 1, 15_000)]
    assert only_why(claim) == (
        "The cap of £250.00 for one person was reached; £150.00 lies above it."
    )


# 4 measure


def test_a_cap_in_units_takes_a_record_or_not() -> None:
    contract = a_contract(a_measure(cap_units=3))
    before = [Accepted("M1", DAY, {ICB: 20_000}, units=2)]
    claim = value_claim(contract, records(*[("M1", None, DAY)] * 3), before)
    assert steps(claim) == [("measure", "M1", 2, 20_000)]
    assert only_why(claim) == "The cap of 3 units of M1 was reached: 2 records, £200.00."


def test_a_cap_in_pence_pays_what_is_left_and_cuts_the_rest() -> None:
    contract = a_contract(a_measure(cap_pence=15_000))
    claim = value_claim(contract, records(*[("M1", None, DAY)] * 3))
    assert [each.payable_pence for each in claim.outcomes] == [10_000, 5_000, 0]
    assert steps(claim) == [("measure", "M1", 1, 15_000)]


# 5 period and 6 contract


def test_the_financial_years_cap_is_that_of_the_day_achieved() -> None:
    contract = a_contract(yearly_caps_pence={"2024": 5_000})
    claim = value_claim(
        contract, records(("M1", None, date(2025, 3, 31)), ("M1", None, date(2025, 4, 1)))
    )
    assert steps(claim) == [("period", "M1", 0, 5_000)]
    assert claim.payable_pence == 15_000


def test_the_contracts_cap_falls_on_the_latest_records() -> None:
    contract = a_contract(cap_pence=15_000)
    claim = value_claim(contract, records(("M1", "a", LATER), ("M1", "b", DAY)))
    assert {each.record.person: each.payable_pence for each in claim.outcomes} == {
        "a": 5_000,
        "b": 10_000,
    }


def test_a_cap_lowered_below_what_was_accepted_leaves_nothing() -> None:
    before = [Accepted("M1", DAY, {ICB: 20_000})]
    claim = value_claim(a_contract(cap_pence=15_000), records(("M1", "a", LATER)), before)
    assert claim.payable_pence == 0


# 7 payer


def test_an_amount_is_split_by_share_with_the_largest_remainder() -> None:
    contract = a_contract(a_measure(pence=100), payers=two_payers())
    claim = value_claim(contract, records(("M1", "a", DAY)))
    assert claim.by_payer == {ICB: 67, COUNCIL: 33}


def test_what_lies_above_a_commitment_lapses() -> None:
    contract = a_contract(a_measure(pence=300), payers=two_payers(icb=350))
    claim = value_claim(contract, records(*[("M1", "a", DAY)] * 3))
    assert claim.by_payer == {ICB: 350, COUNCIL: 300}
    assert steps(claim) == [("payer", None, 0, 250)]
    assert only_why(claim) == (
        "The commitment of £3.50 of Mendip ICB was reached; £2.50 lies above it."
    )


def test_what_lies_above_a_commitment_moves_to_a_payer_with_room() -> None:
    commitments = two_payers(icb=350, council=500)
    contract = a_contract(a_measure(pence=300), payers=commitments, on_payer_exhausted="move")
    claim = value_claim(contract, records(*[("M1", "a", DAY)] * 4))
    assert claim.by_payer == {ICB: 350, COUNCIL: 500}
    assert steps(claim) == [("payer", None, 1, 350)]


def test_what_was_accepted_before_uses_up_commitments() -> None:
    contract = a_contract(payers=two_payers(icb=10_000))
    before = [Accepted("M1", DAY, {ICB: 9_000, COUNCIL: 0})]
    claim = value_claim(contract, records(("M1", "a", LATER)), before)
    assert claim.by_payer == {ICB: 1_000, COUNCIL: 3_333}


# terms


@pytest.mark.parametrize(
    ("value", "pence"),
    [("-3", 0), ("0.5", 0), ("0.95", 5_000), ("1.4", 10_000), ("2", 10_000), ("0.71", 2_333)],
)
def test_a_sliding_scale_is_joined_linearly_and_flat_outside(value: str, pence: int) -> None:
    contract = a_contract(a_scale(["0.5", "0"], ["1.4", "1"]))
    claim = value_claim(contract, [Record(1, "M1", "a", DAY, None, Decimal(value))])
    assert (claim.gross_pence, claim.lines[0].taken_units) == (pence, 1)


def test_half_a_penny_is_rounded_up_per_record() -> None:
    contract = a_contract(a_scale(["0", "0.5"], pence=5))
    half = [Record(number, "M1", "a", DAY, None, Decimal(0)) for number in (1, 2)]
    assert value_claim(contract, half).payable_pence == 6


def test_a_sliding_scale_without_a_value_is_missing_its_evidence() -> None:
    claim = value_claim(a_contract(a_scale(["0", "1"])), records(("M1", "a", DAY)))
    assert steps(claim) == [("evidence", "M1", 1, 0)]
    assert "value that each person is paid by is missing" in only_why(claim)


OTHER_TERMS = [
    {
        "kind": "contingent_block",
        "years": [{"from": "2024-04-01", "value_pence": 100, "contingent_share": "0.1"}],
        "indicators": [{"code": "A", "weight": 1, "rule": "all_or_nothing", "target": "0.5"}],
    },
    {"kind": "capitation", "prices": [{"from": "2024-04-01", "pence": 100}]},
    {"kind": "shared_saving", "minimum_rate": "0.02", "share": "0.5"},
]


@pytest.mark.parametrize("term", OTHER_TERMS, ids=lambda term: str(term["kind"]))
def test_the_other_terms_are_read_and_their_pricing_says_it_is_not_there(
    term: dict[str, Any],
) -> None:
    contract = a_contract(a_measure(), a_measure("M2", term=term))
    assert value_claim(contract, records(("M1", "a", DAY))).payable_pence == 10_000
    with pytest.raises(RuleBroken, match=r"M2 is paid by .*, which CHEC does not price yet"):
        value_claim(contract, records(("M2", "a", DAY)))
    reading = Reading("M2", "A", "list", DAY, LATER, Decimal(1), Decimal(2))
    with pytest.raises(RuleBroken, match="does not price yet"):
        value_claim(contract, [], readings=[reading])


def test_an_unknown_measure_is_refused_and_so_is_a_reading_of_a_priced_one() -> None:
    with pytest.raises(RuleBroken, match="The contract HERE has no measure “M9”"):
        value_claim(a_contract(), records(("M9", "a", DAY)))
    reading = Reading("M1", "A", "list", DAY, LATER, Decimal(1), Decimal(2))
    with pytest.raises(RuleBroken, match="take its readings out"):
        value_claim(a_contract(), [], readings=[reading])


def test_an_outcome_says_why_it_was_removed_whole() -> None:
    contract = a_contract(a_measure(cap_units=1), payers=two_payers())
    [taken, removed] = value_claim(contract, records(*[("M1", "a", DAY)] * 2)).outcomes
    assert (taken.removed_at, taken.why_removed) == (None, "")
    assert taken.by_payer == {ICB: 6_667, COUNCIL: 3_333}
    assert removed.removed_at is RemovalStep.MEASURE
    assert removed.why_removed == "The cap of 1 unit of M1 was reached."
    assert (removed.passed, removed.payable_pence, removed.by_payer) == (True, 0, {})
