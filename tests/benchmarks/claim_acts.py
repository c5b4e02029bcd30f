"""Submitting and deciding a claim where many were claimed before, and claims of many records.

Times are of the act and its commit; the median of some, and of the large claims one each.
"""

from collections.abc import Callable
from datetime import date, timedelta
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

from sqlmodel import Session

from chec.actions.claim_records import upload_records
from chec.actions.claims import submit_claim
from chec.finance.money import Pence
from chec.models import Claim, ClaimState, Contract
from chec.queries.claim_values import value_of_draft
from chec.queries.contracts import newest_of
from tests import builders
from tests.benchmarks.claims_in_bulk import LINES, MEASURES, UNITS, Loaded, centre_with
from tests.claim_parts import decide, somebody_of

SIZES = (100, 10_000)
REPEATS = 7
RECORDS = (1_000, 20_000)

Given = TypeVar("Given")

_DRAFT: dict[str, Any] = {
    "state": ClaimState.DRAFT,
    "starts_on": date(2025, 4, 1),
    "ends_before": date(2026, 4, 1),
}


def report() -> None:
    """Print a table of each, on SQLite."""
    print("\nActs on a claim of three lines, SQLite, milliseconds, medians of", REPEATS)
    print("| claims before | submit | decide |")
    print("| ---: | ---: | ---: |")
    for claims in SIZES:
        with centre_with(claims) as loaded:
            turns = [_submit_and_decide(loaded) for _ in range(REPEATS)]
            submitting, deciding = (median(each) * 1e3 for each in zip(*turns, strict=True))
            print(f"| {claims:,} | {submitting:.0f} | {deciding:.0f} |", flush=True)
            if claims == SIZES[-1]:
                _report_records(loaded)


def _report_records(loaded: Loaded) -> None:
    print(f"\nA claim of records after {SIZES[-1]:,} others, seconds")
    print("| records | upload | value | submit | decide |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for records in RECORDS:
        cells = " | ".join(f"{each:.2f}" for each in _claim_records(loaded, records))
        print(f"| {records:,} | {cells} |", flush=True)


def _submit_and_decide(loaded: Loaded) -> tuple[float, float]:
    with loaded.writing() as session:
        counts = {f"M{place:02}": UNITS for place in range(LINES)}
        claim = builders.a_claim(session, loaded.contract, loaded.venture, counts=counts, **_DRAFT)
    pence, _ = _timed(loaded, lambda session: _worth(session, claim))
    return _submit(loaded, claim, pence), _decide(loaded, claim)


def _claim_records(loaded: Loaded, records: int) -> tuple[float, float, float, float]:
    with loaded.writing() as session:
        claim = builders.a_claim(session, loaded.contract, loaded.venture, counts={}, **_DRAFT)
    file, actor = _file(records), builders.an_actor()
    _, uploading = _timed(loaded, lambda session: upload_records(session, actor, claim, file))
    pence, valuing = _timed(loaded, lambda session: _worth(session, claim))
    return uploading, valuing, _submit(loaded, claim, pence), _decide(loaded, claim)


def _file(records: int) -> bytes:
    """Of so many records on every measure, some for each person."""
    days = (_DRAFT["ends_before"] - _DRAFT["starts_on"]).days
    rows = (
        f"M{n % MEASURES:02},p{records}x{n // 7},{_DRAFT['starts_on'] + timedelta(n % days)},letter"
        for n in range(records)
    )
    return "\n".join(["measure,person,achieved_on,evidence", *rows]).encode()


def _worth(session: Session, claim: Claim) -> Pence:
    contract = newest_of(session, session.get_one(Contract, claim.contract_id))
    return value_of_draft(session, contract, claim, builders.NOW.date()).payable_pence


def _submit(loaded: Loaded, claim: Claim, pence: Pence) -> float:
    actor = builders.an_actor()

    def submit(session: Session) -> None:
        submit_claim(session, actor, session.get_one(Claim, claim.id), pence)

    return _timed(loaded, submit)[1]


def _decide(loaded: Loaded, claim: Claim) -> float:
    payer = loaded.payers[0]
    with loaded.writing() as session:
        actor = somebody_of(session, payer)
    return _timed(loaded, lambda session: decide(session, claim, payer, actor=actor))[1]


def _timed(loaded: Loaded, act: Callable[[Session], Given]) -> tuple[Given, float]:
    """What the act gives, and the seconds that it and its commit take."""
    begun = perf_counter()
    with loaded.writing() as session:
        given = act(session)
    return given, perf_counter() - begun
