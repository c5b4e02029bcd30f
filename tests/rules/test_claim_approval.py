"""Who may decide a claim, and what a decision says."""

from datetime import UTC, date, datetime

import pytest

from chec.models import Claim, ClaimPart, PartState, RejectionReason
from chec.rules.claim_approval import (
    Decided,
    Rejection,
    faults_of_verdicts,
    propose,
    reasons_not_to_decide,
)


def a_claim(prepared_by: int | None, submitted_by: int | None) -> Claim:
    return Claim(
        id=42,
        centre_id=1,
        contract_id=1,
        venture_id=1,
        starts_on=date(2026, 4, 1),
        ends_before=date(2026, 7, 1),
        prepared_by_id=prepared_by,
        prepared_at=datetime(2026, 7, 6, tzinfo=UTC),
        submitted_by_id=submitted_by,
    )


CLAIM = a_claim(5, 6)


def a_part(state: PartState) -> ClaimPart:
    asked_on = date(2026, 7, 6)
    return ClaimPart(id=1, claim_id=42, payer_id=3, asked_pence=900, asked_on=asked_on, state=state)


WAITING = a_part(PartState.WAITING)
NO = Rejection(RejectionReason.OTHER, "Seen twice")


def test_somebody_else_decides_what_waits() -> None:
    assert reasons_not_to_decide(CLAIM, WAITING, 7, None) == []


@pytest.mark.parametrize(("user_id", "did"), [(5, "prepared"), (6, "submitted")])
def test_nobody_decides_their_own_claim(user_id: int, did: str) -> None:
    [reason] = reasons_not_to_decide(CLAIM, WAITING, user_id, None)
    assert reason.startswith(f"You {did} CL-0042")
    assert "Ask a colleague" in reason


def test_who_filled_in_a_claim_that_others_prepared_and_submitted_does_not_decide_it() -> None:
    [reason] = reasons_not_to_decide(CLAIM, WAITING, 7, None, filled_in_by=[8, 7])
    assert reason.startswith("You prepared CL-0042, and nobody decides a claim of their own")


def test_what_no_person_prepared_the_system_may_decide() -> None:
    assert reasons_not_to_decide(a_claim(None, None), WAITING, None, None) == []


def test_a_second_decision_hears_who_decided_and_when() -> None:
    before = Decided("Ana Reed", date(2026, 11, 3), PartState.PART_APPROVED)
    [reason] = reasons_not_to_decide(CLAIM, WAITING, 7, before)
    assert "Ana Reed decided this part of CL-0042 on 3 November 2026" in reason
    assert "part-approved" in reason


def test_what_was_withdrawn_is_not_decided() -> None:
    [reason] = reasons_not_to_decide(CLAIM, a_part(PartState.WITHDRAWN), 7, None)
    assert "withdrawn" in reason


def test_every_line_is_decided_and_no_other() -> None:
    lines = {1: "M01", 2: "M02"}
    assert faults_of_verdicts(lines, {1: None, 2: NO}) == []
    for wrong in ({1: None}, {1: None, 2: None, 3: None}):
        [reason] = faults_of_verdicts(lines, wrong)
        assert "every line" in reason


@pytest.mark.parametrize(
    ("words", "says"),
    [(" ", "Say why"), ("=1+1", "formula"), ("Of 943 476 5919", "NHS number"), ("x" * 301, "301")],
)
def test_a_rejection_says_why_in_words_that_can_be_kept(words: str, says: str) -> None:
    [reason] = faults_of_verdicts({1: "M01"}, {1: Rejection(RejectionReason.OTHER, words)})
    assert reason.startswith("M01: ")
    assert says in reason


def test_what_is_not_rejected_is_approved_as_it_was_asked() -> None:
    proposal = propose({1: 700, 2: 200}, {1: None, 2: NO})
    assert proposal.approved == {1: 700, 2: 0}
    assert (proposal.approved_pence, proposal.rejected_pence) == (700, 200)


@pytest.mark.parametrize(
    ("verdicts", "state"),
    [
        ([None, None], PartState.APPROVED),
        ([None, NO], PartState.PART_APPROVED),
        ([NO, NO], PartState.REJECTED),
    ],
)
def test_a_part_is_rejected_only_where_every_line_is(
    verdicts: list[Rejection | None], state: PartState
) -> None:
    assert propose({0: 700, 1: 200}, dict(enumerate(verdicts))).state is state
