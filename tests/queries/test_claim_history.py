"""What was accepted before: claims valued one after another come to what one of all would."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlmodel import Session, col

from chec.actions.claim_records import upload_records
from chec.actions.claims import discard_claim, enter_counts, prepare_claim, withdraw_claim
from chec.actions.clawbacks import claw_back
from chec.models import (
    Centre,
    Claim,
    ClaimLine,
    ClaimRecord,
    ClaimState,
    Contract,
    Organisation,
    Venture,
)
from chec.models import RemovalStep as Step
from chec.queries.claim_chains import list_broken_chains
from chec.queries.claim_history import already_accepted
from chec.queries.claim_values import value_of_draft
from chec.queries.contracts import newest_of
from chec.rules.outcome_payment import Record, value_claim
from tests import builders
from tests.claim_parts import decide, line_of, part_of, somebody_of

FIRST = date(2024, 2, 1)
LAST = date(2025, 6, 30)
EVERY_RULE: dict[str, Any] = {
    "measures": (
        builders.a_measure("M01", pence=10_001, cap_units=30, evidence=["letter"]),
        builders.a_measure("M02", pence=7_003, follows="M01", after_days=20, within_days=200),
        builders.a_measure("M03", pence=5_000, times_per_person=1, cap_pence=70_000),
    ),
    "person_cap_pence": 31_000,
    "yearly_caps_pence": {"2024": 260_000},
    "cap_pence": 400_000,
}
HEADER = "measure,person,achieved_on,evidence,value"


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def contract(session: Session, centre: Centre) -> Contract:
    payers = [builders.a_payer(session) for _ in range(2)]
    committed = {"organisation": payers[0].name, "share": "2/3", "commitment_pence": 190_000}
    rest = {"organisation": payers[1].name, "share": "1/3"}
    fields = EVERY_RULE | {"payers": [committed, rest]}
    return builders.a_contract(session, centre, **fields)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre)


def rows_by_chance(seed: int, count: int = 120) -> list[tuple[str, str, date, str]]:
    chance = random.Random(seed)
    days = (LAST - FIRST).days
    rows = {
        (
            chance.choice(["M01", "M01", "M02", "M03"]),
            f"p{chance.randrange(25):02}",
            FIRST + timedelta(days=chance.randint(0, days)),
        )
        for _ in range(count)
    }
    return [(*row, chance.choice(["letter", "letter", ""])) for row in sorted(rows)]


def a_draft(
    session: Session, contract: Contract, venture: Venture, first: date, ends_before: date
) -> Claim:
    return prepare_claim(
        session,
        builders.an_actor(),
        contract,
        venture,
        starts_on=first,
        ends_before=ends_before,
    )


def upload(session: Session, claim: Claim, rows: list[tuple[str, str, date, str]]) -> None:
    text = "\n".join([HEADER, *(",".join([*map(str, row), ""]) for row in rows)])
    upload_records(session, builders.an_actor(), claim, text.encode())


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_claims_one_after_another_come_to_what_one_of_all_would(
    session: Session, contract: Contract, venture: Venture, seed: int
) -> None:
    rows = rows_by_chance(seed)
    parts = sorted(random.Random(seed).sample(range(30, 400), 3))
    bounds = [FIRST, *(FIRST + timedelta(days=days) for days in parts), LAST + timedelta(days=1)]
    for first, ends_before in pairwise(bounds):
        claim = a_draft(session, contract, venture, first, ends_before)
        upload(session, claim, [row for row in rows if first <= row[2] < ends_before])
        builders.submit(session, claim)

    at_once = value_claim(
        newest_of(session, contract).terms,
        [Record(place, *row) for place, row in enumerate(rows)],
    )

    assert {each.step for each in at_once.removed} >= {Step.EVIDENCE, Step.CHAIN, Step.PERSON}
    assert at_once.payable_pence == sum(claim.payable_pence for claim in stored_claims(session))
    assert stored_outcomes(session) == {
        each.record[1:4]: (each.payable_pence, each.removed_at) for each in at_once.outcomes
    }


def test_a_count_meets_the_caps_that_records_have_used_until_they_are_withdrawn(
    session: Session, contract: Contract, venture: Venture
) -> None:
    records = a_draft(session, contract, venture, FIRST, date(2024, 4, 1))
    upload(
        session,
        records,
        [("M01", f"p{n:02}", FIRST + timedelta(days=n), "letter") for n in range(25)],
    )
    builders.submit(session, records)
    counted = a_draft(session, contract, venture, date(2024, 4, 1), date(2024, 7, 1))
    enter_counts(session, builders.an_actor(), counted, {"M01": 9})
    assert taken(session, contract, counted) == 30 - 25
    withdraw_claim(session, builders.an_actor(), records)
    assert taken(session, contract, counted) == 9


def test_a_person_is_paid_once_for_an_outcome_that_another_contract_calls_the_same(
    session: Session, centre: Centre, contract: Contract, venture: Venture
) -> None:
    same = {"contract": contract.reference, "code": "M03"}
    other = builders.a_contract(
        session, centre, measures=(builders.a_measure("X1", times_per_person=1, same_as=same),)
    )
    achieved = [("X1", "p1", FIRST), ("X1", "p2", FIRST)]
    first = a_claim_of(session, other, venture, achieved, state=ClaimState.SUBMITTED)
    second = a_claim_of(
        session, contract, venture, [("M03", person, FIRST) for person in ("p1", "p2", "p3")]
    )
    assert taken(session, contract, second) == 1
    withdraw_claim(session, builders.an_actor(), first)
    assert taken(session, contract, second) == 3
    builders.submit(session, second)
    third = a_claim_of(session, other, venture, achieved)
    assert taken(session, other, third) == 0


def test_a_record_is_accepted_by_those_who_have_not_rejected_it(
    session: Session, centre: Centre, venture: Venture
) -> None:
    payers = [builders.a_payer(session) for _ in range(2)]
    measures = (builders.a_measure("M01", times_per_person=1, clawback_days=2_000),)
    contract = builders.a_contract(session, centre, *payers, measures=measures)
    first = a_claim_of(
        session, contract, venture, [("M01", "p1", FIRST)], state=ClaimState.SUBMITTED
    )
    again = a_claim_of(session, contract, venture, [("M01", "p1", FIRST + timedelta(days=1))])

    assert accepted(session, contract, again) == [(1, {p.name: 5_000 for p in payers})]
    decide(session, first, payers[0], rejected=["M01"])
    assert accepted(session, contract, again) == [(1, {payers[1].name: 5_000})]
    decide(session, first, payers[1])
    assert accepted(session, contract, again) == [(1, {payers[1].name: 5_000})]
    assert taken(session, contract, again) == 0
    claw_back_all(session, first, payers[1])
    assert accepted(session, contract, again) == []
    assert taken(session, contract, again) == 1


def test_a_record_that_nobody_approved_is_not_accepted(
    session: Session, centre: Centre, venture: Venture
) -> None:
    payer = builders.a_payer(session)
    contract = builders.a_contract(session, centre, payer)
    first = a_claim_of(
        session, contract, venture, [("M01", "p1", FIRST)], state=ClaimState.SUBMITTED
    )
    decide(session, first, payer, rejected=["M01"])
    again = a_claim_of(session, contract, venture, [("M01", "p1", FIRST)])
    assert accepted(session, contract, again) == []


def test_what_its_payer_rejected_is_not_accepted_by_one_who_pays_nothing(
    session: Session, centre: Centre, venture: Venture
) -> None:
    """The first payer's commitment is used up by M01, so the second pays for M02 alone."""
    payers = [builders.a_payer(session) for _ in range(2)]
    named = [{"organisation": each.name, "share": "1/2"} for each in payers]
    named[0]["commitment_pence"] = 5_000  # type: ignore[assignment]
    codes: dict[str, dict[str, Any]] = {"M01": {}, "M02": {}, "M03": {"follows": "M02"}}
    measures = tuple(builders.a_measure(code, **rules) for code, rules in codes.items())
    contract = builders.a_contract(session, centre, measures=measures, payers=named)
    last = FIRST + timedelta(days=2)
    rows = [("M01", "p1", FIRST), *(("M02", p, FIRST + timedelta(days=1)) for p in ("p1", "p2"))]
    first = a_claim_of(session, contract, venture, rows, state=ClaimState.SUBMITTED)
    follow_on = a_claim_of(
        session, contract, venture, [("M03", "p1", last)], state=ClaimState.SUBMITTED
    )
    draft = a_claim_of(session, contract, venture, [("M03", "p2", last)])
    assert taken(session, contract, draft) == 1

    decide(session, first, payers[1], rejected=["M02"])
    assert taken(session, contract, draft) == 0
    decide(session, first, payers[0])
    assert taken(session, contract, draft) == 0
    [broken] = list_broken_chains(session, follow_on)
    assert broken.why == "was rejected by every payer"


def test_how_much_was_claimed_does_not_change_the_number_of_queries(
    session: Session, engine: Engine, contract: Contract, venture: Venture
) -> None:
    def queries() -> int:
        draft = a_draft(session, contract, venture, date(2025, 4, 1), date(2025, 7, 1))
        upload(session, draft, [("M01", f"p{n}", date(2025, 5, 1), "x") for n in range(3)])
        with counted_queries(engine) as asked:
            taken(session, contract, draft)
        discard_claim(session, builders.an_actor(), draft)
        return len(asked)

    before = queries()
    for month in (3, 4, 5):
        first, ends_before = date(2024, month, 1), date(2024, month + 1, 1)
        claim = a_draft(session, contract, venture, first, ends_before)
        upload(session, claim, [("M01", f"p{n}", first, "x") for n in range(5)])
        builders.submit(session, claim)
    assert queries() == before


def a_claim_of(
    session: Session,
    contract: Contract,
    venture: Venture,
    records: list[tuple[str, str, date]],
    *,
    state: ClaimState = ClaimState.DRAFT,
) -> Claim:
    return builders.a_claim(
        session,
        contract,
        venture,
        state=state,
        records=records,
        starts_on=FIRST,
        ends_before=date(2024, 4, 1),
    )


def accepted(session: Session, contract: Contract, draft: Claim) -> list[Any]:
    """Units and shares of everything that was accepted or is held, before the draft."""
    before = already_accepted(session, newest_of(session, contract), draft)
    return [(each.units, each.by_payer) for each in before]


def claw_back_all(session: Session, claim: Claim, payer: Organisation) -> None:
    claw_back(
        session,
        somebody_of(session, payer),
        part_of(session, claim, payer),
        line_of(session, claim),
        record=session.scalars(
            select(ClaimRecord).where(col(ClaimRecord.line_id) == line_of(session, claim).id)
        ).one(),
        reason="It did not last",
        idempotency_key="form:1",
    )


def taken(session: Session, contract: Contract, draft: Claim) -> int:
    """How many outcomes of the draft no step would remove whole."""
    value = value_of_draft(session, newest_of(session, contract), draft, builders.NOW.date())
    return sum(line.taken_units for line in value.lines)


def stored_claims(session: Session) -> Sequence[Any]:
    return session.scalars(select(Claim)).all()


def stored_outcomes(session: Session) -> dict[Any, Any]:
    """What was paid and what removed it, by measure, person and day."""
    query = select(
        col(ClaimLine.measure),
        col(ClaimRecord.person),
        col(ClaimRecord.achieved_on),
        col(ClaimRecord.payable_pence),
        col(ClaimRecord.removed_at),
    ).join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
    return {tuple(row[:3]): tuple(row[3:]) for row in session.execute(query)}


@contextmanager
def counted_queries(engine: Engine) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)
