"""What holds for every contract and every claim (methods, 2)."""

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chec.finance.periods import financial_year_of
from chec.rules.contract_terms import ContractTerms, read_contract
from chec.rules.outcome_payment import (
    ClaimValuation,
    Outcome,
    Record,
    Removal,
    value_claim,
)

STARTS_ON, ENDS_ON = date(2024, 4, 1), date(2026, 3, 31)
CODES = ("M1", "M2", "M3", "M4")
PAYERS = ("First ICB", "Second ICB", "Third Council")
SHARES = (["1"], ["1/3", "2/3"], ["0.5", "0", "0.5"])
DWP_CARD = Path(__file__).parents[1] / "cases/contracts/dwp_innovation_fund_round_1.json"

pence = st.integers(0, 1_000)
few = st.integers(0, 8)
days = st.integers(0, 300)


def rarely(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | values


def a_measure(draw: st.DrawFn, code: str, before: tuple[str, ...]) -> dict[str, Any]:
    prices = [
        {"from": "2024-04-01", "pence": draw(pence)},
        {"from": "2025-01-15", "pence": draw(pence)},
    ]
    term: dict[str, Any] = {"kind": "per_outcome", "prices": prices}
    if draw(st.integers(0, 3)) == 0:
        term = {"kind": "sliding_scale", "prices": prices, "points": [["0", "0"], ["3", "1"]]}
    rules: dict[str, Any] = {
        "cap_units": draw(rarely(few)),
        "cap_pence": draw(rarely(st.integers(0, 4_000))),
        "times_per_person": draw(rarely(st.integers(1, 3))),
        "evidence": draw(st.sampled_from([[], ["letter"]])),
    }
    if bool(before) and draw(st.booleans()):
        after = draw(days)
        rules |= {"follows": draw(st.sampled_from(before)), "after_days": after}
        rules["within_days"] = draw(rarely(st.integers(after, 700)))
    if bool(before) and draw(st.integers(0, 3)) == 0:
        rules["same_as"] = {"contract": "ANY", "code": draw(st.sampled_from(before))}
    return {"code": code, "name": code, "unit": "person", "term": term} | rules


@st.composite
def contracts(draw: st.DrawFn) -> ContractTerms:
    shares = draw(st.sampled_from(SHARES))
    capped = rarely(st.integers(0, 5_000))
    document = {
        "format": "chec-contract/1",
        "reference": "ANY",
        "title": "Any contract",
        "starts_on": f"{STARTS_ON}",
        "ends_on": f"{ENDS_ON}",
        "cap_pence": draw(rarely(st.integers(0, 8_000))),
        "yearly_caps_pence": draw(
            st.dictionaries(st.sampled_from(["2024", "2025"]), st.integers(0, 5_000))
        ),
        "person_cap_pence": draw(rarely(st.integers(0, 2_500))),
        "on_payer_exhausted": draw(st.sampled_from([None, "lapse", "move"])),
        "payers": [
            {"organisation": name, "share": share, "commitment_pence": draw(capped)}
            for name, share in zip(PAYERS, shares, strict=False)
        ],
        "measures": [a_measure(draw, code, CODES[:place]) for place, code in enumerate(CODES)],
    }
    return read_contract(json.dumps(document))


# The days are few, so that records meet: on one day, at a year's end, outside the term.
achieved = st.sampled_from(
    [STARTS_ON - timedelta(1), ENDS_ON + timedelta(1), date(2025, 3, 31), date(2025, 4, 1)]
) | st.integers(0, 24).map(lambda month: STARTS_ON + timedelta(30 * month))
values = st.none() | st.integers(-1, 40).map(lambda tenths: Decimal(tenths) / 10)


@st.composite
def claims(draw: st.DrawFn) -> list[Record]:
    told = draw(
        st.lists(
            st.tuples(
                st.sampled_from(CODES),
                st.sampled_from(["p1", "p1", "p2", "p3", None]),
                achieved,
                st.sampled_from(["letter", "letter", None, ""]),
                values,
            ),
            max_size=40,
        )
    )
    return [Record(number, *each) for number, each in enumerate(told)]


def removed_pence(removed: tuple[Removal, ...], *measures: str | None) -> int:
    return sum(each.pence for each in removed if not measures or each.measure in measures)


@given(contracts(), claims())
@settings(max_examples=200)
def test_shares_add_back_and_payable_is_gross_less_what_was_removed(
    contract: ContractTerms, claim: list[Record]
) -> None:
    valued = value_claim(contract, claim)
    assert list(valued.by_payer) == list(contract.payer_names)
    assert sum(valued.by_payer.values()) == valued.payable_pence
    assert valued.payable_pence == sum(each.payable_pence for each in valued.lines)
    assert valued.payable_pence == valued.gross_pence - removed_pence(valued.removed)
    to_payers = {
        each.measure: each.gross_pence - removed_pence(valued.removed, each.measure)
        for each in valued.lines
    }
    assert all(to_payers[each.measure] >= each.payable_pence for each in valued.lines)
    lost = sum(to_payers.values()) - valued.payable_pence
    assert lost == removed_pence(valued.removed, None)


@given(contracts(), claims())
def test_each_record_adds_up_and_so_do_the_units(
    contract: ContractTerms, claim: list[Record]
) -> None:
    valued = value_claim(contract, claim)
    assert sorted(each.record for each in valued.outcomes) == sorted(claim)
    for each in valued.outcomes:
        assert sum(each.by_payer.values()) == each.payable_pence <= each.gross_pence
        assert each.taken or (each.payable_pence == 0 and each.why_removed)
        assert each.passed or not each.taken
    units = sum(each.units for each in valued.removed)
    assert units == len(claim) - sum(each.taken for each in valued.outcomes)
    assert units == sum(each.units - each.taken_units for each in valued.lines)


@given(contracts(), claims(), claims())
@settings(max_examples=200)
def test_no_cap_is_ever_exceeded_whatever_was_accepted_before(
    contract: ContractTerms, before: list[Record], after: list[Record]
) -> None:
    first = value_claim(contract, before)
    second = value_claim(
        contract,
        [each._replace(id=1_000 + number) for number, each in enumerate(after)],
        first.accepted,
    )
    taken = [each for each in (*first.outcomes, *second.outcomes) if each.taken]
    _check_caps_in_pence(contract, taken)
    _check_counts(contract, taken)


def _check_caps_in_pence(contract: ContractTerms, taken: list[Outcome]) -> None:
    by_year: Counter[int] = Counter()
    by_person: Counter[str | None] = Counter()
    by_measure: Counter[str] = Counter()
    by_payer: Counter[str] = Counter()
    for each in taken:
        by_year[financial_year_of(each.record.achieved_on).year] += each.payable_pence
        by_person[each.record.person] += each.payable_pence
        by_measure[each.record.measure] += each.payable_pence
        by_payer.update(each.by_payer)
    del by_person[None]
    within(sum(by_payer.values()), contract.cap_pence)
    for year, paid in by_year.items():
        within(paid, contract.yearly_cap_pence(year))
    for paid in by_person.values():
        within(paid, contract.person_cap_pence)
    for measure in contract.measures:
        within(by_measure[measure.code], measure.cap_pence)
    for payer in contract.payers:
        within(by_payer[payer.organisation], payer.commitment_pence)


def within(used: int, cap: int | None) -> None:
    assert cap is None or used <= cap


def _check_counts(contract: ContractTerms, taken: list[Outcome]) -> None:
    units = Counter(each.record.measure for each in taken)
    of_persons = Counter((each.record.measure, each.record.person) for each in taken)
    for measure in contract.measures:
        within(units[measure.code], measure.cap_units)
        for person in ("p1", "p2", "p3"):
            within(of_persons[measure.code, person], measure.times_per_person)
    followed = [each.follows for each in taken if each.follows is not None]
    assert len(followed) == len(set(followed))


@given(contracts(), claims())
def test_a_follow_on_follows_an_earlier_record_of_the_same_person_in_its_days(
    contract: ContractTerms, claim: list[Record]
) -> None:
    by_id = {each.id: each for each in claim}
    for each in value_claim(contract, claim).outcomes:
        measure = contract.measure(each.record.measure)
        if each.taken and measure.follows and each.record.person:
            assert each.follows is not None
            before = by_id[each.follows]
            apart = (each.record.achieved_on - before.achieved_on).days
            assert (before.measure, before.person) == (measure.follows, each.record.person)
            assert (measure.after_days or 0) <= apart
            within(apart, measure.within_days)


@given(contracts(), claims(), st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(
    contract: ContractTerms, claim: list[Record], random: Any
) -> None:
    shuffled = random.sample(claim, len(claim))
    one, other = value_claim(contract, claim), value_claim(contract, shuffled)
    assert summed(one) == summed(other)
    assert [said(each) for each in one.outcomes] == [said(each) for each in other.outcomes]


def said(outcome: Outcome) -> tuple[Any, ...]:
    return (*outcome[:5], outcome.why_removed, outcome.follows)


def summed(*valuations: ClaimValuation) -> tuple[Any, ...]:
    """What claims say together, without sentences."""
    removed: Counter[tuple[Any, ...]] = Counter()
    lines: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    by_payer: Counter[str] = Counter()
    for valuation in valuations:
        by_payer.update(valuation.by_payer)
        for each in valuation.removed:
            removed[each.step, each.measure, "units"] += each.units
            removed[each.step, each.measure, "pence"] += each.pence
        for line in valuation.lines:
            said = (line.units, line.taken_units, line.gross_pence, line.payable_pence)
            lines[line.measure] = [a + b for a, b in zip(lines[line.measure], said, strict=True)]
    return (+removed, dict(lines), +by_payer)


@given(contracts(), claims(), achieved)
@settings(max_examples=200)
def test_two_claims_parted_by_date_are_worth_what_one_is(
    contract: ContractTerms, claim: list[Record], day: date
) -> None:
    whole = value_claim(contract, claim)
    first = value_claim(contract, [each for each in claim if each.achieved_on < day])
    second = value_claim(
        contract, [each for each in claim if each.achieved_on >= day], first.accepted
    )
    assert summed(first, second) == summed(whole)
    assert [said(each) for each in (*first.outcomes, *second.outcomes)] == [
        said(each) for each in whole.outcomes
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([f"M0{number}" for number in range(1, 10)]),
            st.sampled_from(["p1", "p1", "p1", "p2"]),
            st.integers(0, 1_400).map(lambda days: date(2012, 2, 1) + timedelta(days)),
        ),
        max_size=60,
    )
)
@settings(max_examples=200)
def test_nobody_on_the_dwp_card_earns_more_than_8200_pounds(
    told: list[tuple[str, str, date]],
) -> None:
    contract = read_contract(DWP_CARD.read_bytes())
    claim = [Record(number, *each, None) for number, each in enumerate(told)]
    earned: Counter[str | None] = Counter()
    for each in value_claim(contract, claim).outcomes:
        earned[each.record.person] += each.payable_pence
    assert all(pence <= 820_000 for pence in earned.values())


def test_everything_on_the_dwp_card_once_earns_exactly_8200_pounds() -> None:
    contract = read_contract(DWP_CARD.read_bytes())
    start = date(2013, 1, 1)
    claim = [
        Record(place, each.code, "p1", start + timedelta(100 * place), None)
        for place, each in enumerate(contract.measures)
    ]
    assert value_claim(contract, claim).payable_pence == 820_000


def test_26_weeks_on_the_dwp_card_follow_13() -> None:
    contract = read_contract(DWP_CARD.read_bytes())
    day = date(2013, 1, 1)
    for days_later, payable in ((90, 260_000), (91, 360_000)):
        claim = [
            Record(1, "M08", "p1", day, None),
            Record(2, "M09", "p1", day + timedelta(days_later), None),
        ]
        assert value_claim(contract, claim).payable_pence == payable
