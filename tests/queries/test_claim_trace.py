"""From a transfer back to the claim, for those who may."""

from datetime import date

import pytest
from sqlmodel import Session, select

from chec.actions.claim_payments import return_payment, undo_payment
from chec.actions.clawbacks import claw_back
from chec.models import (
    Cause,
    Centre,
    Claim,
    ClaimPayment,
    ClaimRecord,
    Organisation,
    Role,
    Transfer,
    Venture,
)
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.claim_trace import trace_transfer
from tests import builders
from tests.claim_parts import TODAY, decide, line_of, part_of, pay, somebody_of

RECORDS = [("M01", f"p{number}", date(2025, 4, 7)) for number in range(3)]
RECORDS.append(("M02", "p1", date(2025, 5, 7)))


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre)


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def claim(session: Session, centre: Centre, venture: Venture, payers: list[Organisation]) -> Claim:
    """Three records at £100, of which the contract takes two, and one of another measure."""
    measures = (
        builders.a_measure(pence=10_000, cap_units=2, clawback_days=2_000),
        builders.a_measure("M02", pence=5_000),
    )
    contract = builders.a_contract(session, centre, *payers, measures=measures)
    claim = builders.a_claim(session, contract, venture, counts={}, records=RECORDS)
    decide(session, claim, payers[0], rejected=["M02"])
    pay(session, claim, payers[0], 10_000)
    return claim


def the(session: Session, cause: Cause) -> Transfer:
    return session.exec(select(Transfer).where(Transfer.cause == cause)).one()


def give_back(session: Session, claim: Claim, payer: Organisation) -> None:
    line = line_of(session, claim)
    records = session.exec(select(ClaimRecord).where(ClaimRecord.line_id == line.id)).all()
    taken = next(record for record in records if record.removed_at is None)
    part = part_of(session, claim, payer)
    actor = somebody_of(session, payer)
    claw_back(session, actor, part, line, record=taken, reason="Relapsed", idempotency_key="form:1")
    return_payment(
        session,
        builders.an_actor(),
        part,
        pence=5_000,
        returned_on=TODAY,
        idempotency_key="form:2",
    )


@pytest.mark.parametrize("cause", [Cause.APPROVAL, Cause.PAYMENT, Cause.REFUND])
def test_money_leads_to_the_decision_and_its_lines(
    session: Session, claim: Claim, payers: list[Organisation], cause: Cause
) -> None:
    give_back(session, claim, payers[0])
    trace = trace_transfer(session, SYSTEM, the(session, cause))

    assert trace
    assert (trace.claim.id, trace.payer.id) == (claim.id, payers[0].id)
    assert trace.decision.approved_pence == 10_000
    told = [(each.line.measure, each.pence, each.has_records) for each in trace.lines]
    assert told == [("M01", 10_000, True), ("M02", 0, True)]
    assert trace.lines[1].reason == "No letter of discharge"
    [removal] = trace.lines[0].removals
    assert removal.units == 1


def test_a_clawback_leads_to_its_line_only(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    give_back(session, claim, payers[0])
    trace = trace_transfer(session, SYSTEM, the(session, Cause.CLAWBACK))
    assert trace
    assert trace.clawback
    assert [each.line.measure for each in trace.lines] == ["M01"]


def test_a_reversal_leads_where_what_it_undid_does(session: Session, claim: Claim) -> None:
    payment = the(session, Cause.PAYMENT)
    from_payment = trace_transfer(session, SYSTEM, payment)
    recorded = session.exec(select(ClaimPayment)).one()
    undone = undo_payment(session, builders.an_actor(), recorded, "Meant for another centre")
    trace = trace_transfer(session, SYSTEM, undone)
    assert trace
    assert from_payment
    assert trace.claim.id == from_payment.claim.id == claim.id


def test_other_transfers_lead_nowhere(session: Session, centre: Centre) -> None:
    assert trace_transfer(session, SYSTEM, builders.a_transfer(session, centre)) is None


def test_records_are_for_the_director_and_the_payer(
    session: Session,
    centre: Centre,
    venture: Venture,
    claim: Claim,
    payers: list[Organisation],
) -> None:
    transfer = the(session, Cause.PAYMENT)

    def sees(grant: Grant) -> bool | None:
        trace = trace_transfer(session, Viewer(1, frozenset({grant})), transfer)
        return trace.sees_records if trace else None

    assert sees(Grant(Role.DIRECTOR, centre_id=centre.id)) is True
    assert sees(Grant(Role.COMMISSIONER, organisation_id=payers[0].id)) is True
    assert sees(Grant(Role.EVALUATOR, centre_id=centre.id)) is False
    assert sees(Grant(Role.PROVIDER, venture_id=venture.id)) is None
    assert sees(Grant(Role.INVESTOR, organisation_id=payers[1].id)) is None
