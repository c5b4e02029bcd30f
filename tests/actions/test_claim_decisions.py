"""A payer decides its part of a claim once; what it approves is in the ledger."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from chec.actions.claim_decisions import decide_claim
from chec.actions.claim_records import remove_records, upload_records
from chec.actions.claims import enter_counts, withdraw_claim
from chec.actions.ledger import reverse_transfer
from chec.errors import RuleBroken
from chec.models import (
    AuditEvent,
    Cause,
    Centre,
    Claim,
    ClaimDecision,
    ClaimState,
    Contract,
    DecisionLine,
    Event,
    Organisation,
    PartState,
    RejectionReason,
    Transfer,
)
from chec.permissions import SYSTEM
from chec.queries.accounts import list_balances
from chec.queries.contract_use import list_contracts_that_differ, list_measure_use, list_payer_use
from chec.rules.claim_approval import Rejection
from tests import builders
from tests.claim_parts import REJECTION, decide, line_of, part_of, somebody_of, state_of, verdicts


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    measures = (builders.a_measure("M01", pence=10_000), builders.a_measure("M02", pence=4_000))
    return builders.a_contract(session, centre, *payers, measures=measures)


@pytest.fixture
def claim(session: Session, contract: Contract) -> Claim:
    """£300 for M01 and £80 for M02, half from each payer."""
    return builders.a_claim(session, contract, counts={"M01": 3, "M02": 2})


def approvals(session: Session) -> list[Transfer]:
    return list(session.exec(select(Transfer).where(Transfer.cause == Cause.APPROVAL)))


def test_a_payer_approves_its_part_and_owes_it(
    session: Session, centre: Centre, claim: Claim, payers: list[Organisation]
) -> None:
    decision = decide(session, claim, payers[0])

    part = part_of(session, claim, payers[0])
    assert (part.state, part.approved_pence, part.due_pence) == (PartState.APPROVED, 19_000, 19_000)
    [posted] = approvals(session)
    assert decision.transfer_id == posted.id
    assert (posted.pence, posted.on) == (19_000, builders.NOW.date())
    assert posted.idempotency_key == f"decision:{claim.id}:payer:{payers[0].id}"
    balances = {
        each.name.split(":")[0]: each.balance_pence
        for each in list_balances(session, SYSTEM, centre.id)
    }
    assert balances == {"outcome receivable": 19_000, "outcome income": -19_000}


def test_a_claim_is_decided_once_every_payer_has(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    decide(session, claim, payers[0])
    assert state_of(claim) is ClaimState.SUBMITTED
    decide(session, claim, payers[1], rejected=["M01", "M02"])
    assert state_of(claim) is ClaimState.APPROVED


def test_a_claim_that_every_payer_rejects_is_rejected_and_frees_what_it_held(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    for payer in payers:
        decide(session, claim, payer, rejected=["M01", "M02"])
    assert state_of(claim) is ClaimState.REJECTED
    assert approvals(session) == []
    assert not any(
        use.held_pence or use.accepted_pence for use in list_payer_use(session, claim.contract_id)
    )
    assert not any(
        use.held_units or use.accepted_units for use in list_measure_use(session, claim.contract_id)
    )


def test_a_payer_rejects_a_line_with_a_reason(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    decision = decide(session, claim, payers[0], rejected=["M02"])

    assert (decision.state, decision.approved_pence) == (PartState.PART_APPROVED, 15_000)
    told = session.exec(select(DecisionLine).order_by(col(DecisionLine.line_id))).all()
    assert [(line.pence, line.reason_code, line.reason) for line in told] == [
        (15_000, None, ""),
        (0, REJECTION.code, REJECTION.words),
    ]
    assert list_contracts_that_differ(session) == []


def test_the_same_decision_again_leads_to_the_first(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    actor = somebody_of(session, payers[0])
    first = decide(session, claim, payers[0], actor=actor, rejected=["M02"])
    assert decide(session, claim, payers[0], actor=actor, rejected=["M02"]) is first
    assert len(approvals(session)) == 1


def test_another_verdict_or_another_person_hears_who_decided(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    actor = somebody_of(session, payers[0], name="Ana Reed")
    decide(session, claim, payers[0], actor=actor)
    with pytest.raises(RuleBroken, match=r"part of CL-\d+ on 16 November 2026: it is"):
        decide(session, claim, payers[0], actor=actor, rejected=["M02"])
    with pytest.raises(RuleBroken, match="Ana Reed decided"):
        decide(session, claim, payers[0])
    assert len(session.exec(select(ClaimDecision)).all()) == 1


@pytest.mark.parametrize("fills_in", ["counts", "records", "nothing that is left"])
def test_nobody_decides_what_they_filled_in_in_another_role(
    session: Session, contract: Contract, payers: list[Organisation], fills_in: str
) -> None:
    both = somebody_of(session, payers[0])
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    if fills_in == "counts":
        enter_counts(session, both, draft, {"M01": 3})
    else:
        upload_records(session, both, draft, b"measure,person,achieved_on\nM01,p1,2025-05-06")
    if fills_in == "nothing that is left":
        remove_records(session, both, draft, line_of(session, draft))
        enter_counts(session, builders.an_actor(), draft, {"M02": 1})
    builders.submit(session, draft)
    session.commit()
    with pytest.raises(RuleBroken, match="nobody decides a claim of their own"):
        decide(session, draft, payers[0], actor=both)
    decide(session, draft, payers[0])


def test_nobody_decides_what_they_submitted_in_another_role(
    session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    actor = somebody_of(session, payers[0])
    claim = builders.a_claim(session, contract, actor=actor)
    with pytest.raises(RuleBroken, match="You submitted CL-"):
        decide(session, claim, payers[0], actor=actor)


def test_a_withdrawn_claim_is_not_decided_and_a_decided_one_not_withdrawn(
    session: Session, contract: Contract, claim: Claim, payers: list[Organisation]
) -> None:
    gone = builders.a_claim(session, contract, state=ClaimState.WITHDRAWN)
    with pytest.raises(RuleBroken, match="was withdrawn"):
        decide(session, gone, payers[0])
    decide(session, claim, payers[0])
    with pytest.raises(RuleBroken, match="decided"):
        withdraw_claim(session, builders.an_actor(), claim)


def test_a_decision_leaves_no_line_out(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    part = part_of(session, claim, payers[0])
    some = dict(list(verdicts(session, claim).items())[:1])
    with pytest.raises(RuleBroken, match="every line"):
        decide_claim(session, somebody_of(session, payers[0]), part, some)
    empty = {**verdicts(session, claim), next(iter(some)): Rejection(RejectionReason.OTHER, " ")}
    with pytest.raises(RuleBroken, match="M01: Say why"):
        decide_claim(session, somebody_of(session, payers[0]), part, empty)


def test_an_approval_is_not_reversed_by_hand(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    decide(session, claim, payers[0])
    [posted] = approvals(session)
    with pytest.raises(RuleBroken, match="A decision stands"):
        reverse_transfer(session, builders.an_actor(), posted, "A slip")


def test_who_decided_is_in_the_trail(
    session: Session, claim: Claim, payers: list[Organisation]
) -> None:
    actor = somebody_of(session, payers[0], at=builders.NOW + timedelta(hours=1))
    decide(session, claim, payers[0], actor=actor)
    session.commit()
    [event] = session.exec(select(AuditEvent).where(AuditEvent.event == Event.CLAIM_DECIDED))
    assert (event.user_id, event.subject) == (actor.user_id, f"CL-{claim.id:04d}")
