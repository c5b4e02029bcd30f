"""What each act tells the audit trail: at which centre, about what, and what changed."""

import json
from datetime import date
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.actions.claim_records import remove_records
from chec.actions.claims import discard_claim, enter_counts, withdraw_claim
from chec.actions.clawbacks import claw_back
from chec.actions.contracts import import_contract
from chec.actions.ledger import reverse_transfer
from chec.actions.ledger_imports import import_ledger
from chec.actions.quarters import close_quarter
from chec.finance.periods import Quarter
from chec.models import (
    AuditEvent,
    AuditSubject,
    Cause,
    Centre,
    Claim,
    ClaimState,
    Event,
    Organisation,
)
from chec.models.references import reference
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.jobs.ledgers import run_of

pytestmark = pytest.mark.backend("sqlite")
RECORD = ("M01", "p" * 64, date(2025, 5, 6))


class Told(NamedTuple):
    """An event as the trail has it."""

    event: AuditEvent
    changes: dict[str, list[Any]]
    about: set[str]


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session)


@pytest.fixture
def claim(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Three units, submitted."""
    measure = builders.a_measure(pence=10_000, clawback_days=1_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    return builders.a_claim(session, contract, counts={"M01": 3})


def last(session: Session, kind: Event, centre: Centre | None = None) -> Told:
    """The last event of that kind, which is of the centre."""
    session.commit()
    query = select(AuditEvent).where(AuditEvent.event == kind).order_by(col(AuditEvent.id).desc())
    event = session.exec(query).first()
    assert event
    assert centre is None or event.centre_id == centre.id
    about = session.exec(select(AuditSubject.subject).where(AuditSubject.event_id == event.id))
    return Told(event, json.loads(event.changes or "{}"), set(about))


def of_claim(claim: Claim, *others: str) -> set[str]:
    keys = {"claim": claim.id, "contract": claim.contract_id, "venture": claim.venture_id}
    return {reference(noun, key) for noun, key in keys.items()} | set(others)


def test_a_transfer(session: Session, centre: Centre) -> None:
    venture = builders.a_venture(session, centre)
    transfer = builders.a_transfer(
        session, centre, Cause.TRANCHE, venture=venture, pence=500, memo="For Sam"
    )
    told = last(session, Event.TRANSFER_POSTED, centre)
    assert told.event.subject == reference("transfer", transfer.id)
    named = reference("venture", venture.id)
    assert told.about == {told.event.subject, named}
    assert told.changes == {
        "on": [None, "2022-04-01"],
        "pence": [None, 500],
        "cause": [None, "tranche"],
        "debit": [None, f"venture funding {named}"],
        "credit": [None, "bank"],
    }


def test_a_reversal_is_an_act_on_what_it_reverses(session: Session, centre: Centre) -> None:
    transfer = builders.a_transfer(session, centre, Cause.GRANT, pence=500)
    reversal = reverse_transfer(session, builders.an_actor(), transfer, "Paid in twice")
    told = last(session, Event.TRANSFER_REVERSED, centre)
    assert told.event.subject == reference("transfer", transfer.id)
    assert {told.event.subject, reference("transfer", reversal.id)} < told.about
    assert told.changes["reversal"] == [None, reference("transfer", reversal.id)]
    assert told.changes["debit"][1].startswith("grant income O-")


def test_an_import_is_one_event_with_a_hash_of_what_was_posted(
    session: Session, centre: Centre
) -> None:
    builders.an_instrument(session, centre, builders.an_investor(session, name="Fund"))
    line = "2026-03-02,bank,grant income: Fund,1000.00,grant,,From Sam"
    rows = ["on,debit,credit,pounds,cause,reference,memo", line]
    hashes = []
    for more in ([], [line], []):
        rows += more
        file = "\n".join(rows).encode().splitlines(keepends=True)
        import_ledger(session, builders.an_actor(), centre, file)
        told = last(session, Event.LEDGER_IMPORTED, centre)
        hashes.append((told.event.row_count, told.event.content_hash))
    assert [count for count, _ in hashes] == [1, 1, 0]
    assert len({content for _, content in hashes}) == 3
    assert told.event.detail == "2 lines were in the ledger before"


def test_a_closed_quarter(session: Session, centre: Centre) -> None:
    for number, until in ((1, "2022-04-01"), (3, "2022-07-01")):
        close_quarter(session, builders.an_actor(), centre, Quarter(2022, number))
        told = last(session, Event.QUARTER_CLOSED, centre)
        assert told.changes["open_from"][0] == until
    assert told.changes["open_from"][1] == "2023-01-01"


def test_a_contract_and_its_next_version(
    session: Session, centre: Centre, payer: Organisation
) -> None:
    hashes = set()
    for number, title in enumerate(("First", "Second"), 1):
        document = builders.a_contract_document(payer, reference="WREN", title=title)
        contract = import_contract(session, builders.an_actor(), centre, document).contract
        told = last(session, Event.CONTRACT_IMPORTED, centre)
        assert told.changes == {"version": [number - 1 or None, number]}
        hashes.add(told.event.content_hash)
    assert told.about == {reference("contract", contract.id), reference("organisation", payer.id)}
    assert len(hashes) == 2


def test_a_claim_from_draft_to_its_payers_and_back(session: Session, claim: Claim) -> None:
    told = last(session, Event.CLAIM_PREPARED)
    assert told.about == of_claim(claim)
    assert told.changes["state"] == [None, "draft"]
    assert told.changes["last_day"] == [None, "2025-06-30"]
    assert last(session, Event.COUNTS_ENTERED).changes == {"M01 units": [None, 3]}
    submitted = last(session, Event.CLAIM_SUBMITTED).changes
    assert submitted["state"] == ["draft", "submitted"]
    assert submitted["payable_pence"] == [None, 30_000]
    withdraw_claim(session, builders.an_actor(), claim)
    told = last(session, Event.CLAIM_WITHDRAWN)
    assert (told.changes, told.about) == ({"state": ["submitted", "withdrawn"]}, of_claim(claim))


def test_a_draft_that_is_changed_and_discarded(
    session: Session, centre: Centre, payer: Organisation
) -> None:
    contract = builders.a_contract(session, centre, payer)
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={"M01": 3})
    enter_counts(session, builders.an_actor(), draft, {"M01": 5})
    assert last(session, Event.COUNTS_ENTERED, centre).changes == {"M01 units": [3, 5]}
    about = of_claim(draft)
    discard_claim(session, builders.an_actor(), draft)
    told = last(session, Event.CLAIM_DISCARDED, centre)
    assert (told.changes, told.about) == ({"state": ["draft", None]}, about)


def test_records_are_counted_and_hashed_and_never_told(
    session: Session, centre: Centre, payer: Organisation
) -> None:
    contract = builders.a_contract(session, centre, payer)
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, records=[RECORD])
    told = last(session, Event.RECORDS_UPLOADED, centre)
    assert (told.event.row_count, told.changes) == (1, {})
    assert len(told.event.content_hash) == 64
    assert told.about == of_claim(draft)
    remove_records(session, builders.an_actor(), draft, line_of(session, draft))
    assert last(session, Event.RECORDS_REMOVED).changes == {"M01 units": [1, 0]}
    kept = " ".join(str(row.model_dump()) for row in session.exec(select(AuditEvent)))
    assert "p" * 64 not in kept
    assert "letter" not in kept


def test_a_decision_and_what_came_after_it(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    named = reference("organisation", payer.id)
    decide(session, claim, payer)
    told = last(session, Event.CLAIM_DECIDED)
    assert told.about == of_claim(claim, named)
    assert told.changes["part"] == ["waiting", "approved"]
    assert told.changes["approved_pence"] == [None, 30_000]
    assert told.changes["lines_approved"] == [None, 1]
    posted = last(session, Event.TRANSFER_POSTED)
    assert {named, reference("claim", claim.id)} < posted.about

    payment = pay(session, claim, payer, 30_000)
    told = last(session, Event.PAYMENT_RECORDED)
    transfer = reference("transfer", payment.transfer_id)
    assert told.about == of_claim(claim, named, transfer)
    assert told.changes == {
        "paid_pence": [0, 30_000],
        "state": ["approved", "paid"],
        "payer": [None, named],
        "transfer": [None, transfer],
    }

    claw_back(
        session,
        somebody_of(session, payer),
        part_of(session, claim, payer),
        line_of(session, claim),
        units=2,
        reason="Sam is back in hospital",
        idempotency_key="form:1",
    )
    told = last(session, Event.OUTCOME_CLAWED_BACK)
    assert told.about == of_claim(claim, named)
    assert told.changes["clawed_back_pence"] == [0, 20_000]
    assert told.changes["units"] == [None, 2]
    kept = " ".join(str(row.model_dump()) for row in session.exec(select(AuditEvent)))
    assert "Sam" not in kept


def test_returns_that_were_computed(engine: Engine, session: Session, centre: Centre) -> None:
    builders.a_venture(session, centre)
    session.commit()
    hashes = set()
    for pence in (500, 700):
        builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=pence)
        session.commit()
        run = run_of(engine, centre, as_of=builders.NOW.date())
        told = last(session, Event.RETURNS_COMPUTED, centre)
        assert told.event.subject == reference("returns_run", run.id)
        assert told.changes["as_of"] == [None, "2026-11-16"]
        hashes.add(told.event.content_hash)
    assert told.event.row_count == 4
    assert len(hashes) == 2
