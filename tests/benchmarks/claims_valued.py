"""Valuing a claim with every cap against adding up the prices of its records in a plain loop.

The contract has 23 measures, each with a cap in units and in pence and times per person, the odd
ones in pairs of which one follows the other; caps for a person, each year and the contract; two
payers with commitments. Most of the caps are reached before the records end.
"""

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from statistics import median
from time import perf_counter

from chec.finance.money import Pence
from chec.rules.contract_terms import ContractTerms, read_contract
from chec.rules.outcome_payment import Record, value_claim

SIZES = (1_000, 10_000, 100_000)
MEASURES = 23
REPEATS = 7
STARTS_ON = date(2024, 4, 1)
DAYS = 3 * 365


def report() -> None:
    """Print a row for each number of records."""
    print(
        f"\nA claim on {MEASURES} measures with every cap: medians of {REPEATS}, in milliseconds\n"
    )
    print("   records  taken |    valued  prices added up | valued ÷ added up")
    for size in SIZES:
        contract, records = a_contract(size), some_records(size)
        taken = sum(each.taken for each in value_claim(contract, records).outcomes)
        turns = [_one_turn(contract, records) for _ in range(REPEATS)]
        valued, added = (median(each) for each in zip(*turns, strict=True))
        times = f"{valued:9.1f} {added:16.1f} | {valued / added:17.2f}"
        print(f"{size:10,} {taken / size:6.0%} | {times}", flush=True)


def _one_turn(contract: ContractTerms, records: list[Record]) -> tuple[float, float]:
    return (
        _milliseconds(lambda: value_claim(contract, records)),
        _milliseconds(lambda: prices_added_up(contract, records)),
    )


def prices_added_up(contract: ContractTerms, records: list[Record]) -> Pence:
    """The floor: what the records would be worth if nothing were ever removed."""
    total = 0
    for record in records:
        total += contract.measure(record.measure).price_on(record.achieved_on)
    return total


def a_contract(records: int) -> ContractTerms:
    """A contract whose caps suit so many records."""
    year = 10_000 * records // 4
    document = {
        "format": "chec-contract/1",
        "reference": "BENCH",
        "title": "Every cap",
        "starts_on": "2024-04-01",
        "ends_on": "2027-03-31",
        "cap_pence": 2 * year,
        "yearly_caps_pence": {"2024": year, "2025": year, "2026": year},
        "person_cap_pence": 60_000,
        "payers": [
            {"organisation": "First ICB", "share": "2/3", "commitment_pence": year},
            {"organisation": "Second Council", "share": "1/3", "commitment_pence": year},
        ],
        "measures": [_a_measure(number, records) for number in range(MEASURES)],
    }
    return read_contract(json.dumps(document))


def _a_measure(number: int, records: int) -> dict[str, object]:
    chain = {"follows": f"M{number - 1:02}", "after_days": 30, "within_days": 400}
    return {
        "code": f"M{number:02}",
        "name": f"Measure {number}",
        "unit": "person",
        "term": {
            "kind": "per_outcome",
            "prices": [
                {"from": "2024-04-01", "pence": 10_000 + 100 * number},
                {"from": "2025-10-01", "pence": 11_000 + 100 * number},
            ],
        },
        "cap_units": records // MEASURES * 9 // 10,
        "cap_pence": 10_000 * records // MEASURES * 9 // 10,
        "times_per_person": 2,
        "evidence": ["letter"],
    } | (chain if number % 2 else {})


def some_records(size: int) -> list[Record]:
    """Records of a third as many people, in no order; the same every time."""
    draw = random.Random(23)
    return [
        Record(
            number,
            f"M{draw.randrange(MEASURES):02}",
            f"p{draw.randrange(size // 3):06}",
            STARTS_ON + timedelta(draw.randrange(DAYS)),
            "letter" if draw.random() < 0.98 else "",
        )
        for number in range(size)
    ]


def _milliseconds(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return 1000 * (perf_counter() - begun)
