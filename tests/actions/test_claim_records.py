"""Records of a draft: a file of them is taken as a whole or not at all."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from sqlmodel import Session, col, func, select

from chec.actions.claim_records import remove_records, upload_records
from chec.actions.claims import enter_counts, withdraw_claim
from chec.errors import RuleBroken
from chec.models import (
    AuditEvent,
    Centre,
    Claim,
    ClaimLine,
    ClaimRecord,
    ClaimState,
    Contract,
    Event,
    LineBasis,
    Organisation,
    Venture,
)
from tests import builders
from tests.claim_parts import decide

HEADER = "measure,person,achieved_on,evidence,value"
MAY = date(2025, 5, 6)
IN_MAY = "M01,p1,2025-05-06,letter,"


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    measures = (builders.a_measure("M01", evidence=["letter"]), builders.a_measure("M02"))
    return builders.a_contract(session, centre, *payers, measures=measures)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre)


@pytest.fixture
def draft(session: Session, contract: Contract, venture: Venture) -> Claim:
    return builders.a_claim(session, contract, venture, state=ClaimState.DRAFT, counts={})


def upload(session: Session, draft: Claim, *rows: str, header: str = HEADER) -> int:
    data = "\n".join([header, *rows]).encode()
    return upload_records(session, builders.an_actor(), draft, data)


def refusals(act: Callable[[], object]) -> list[str]:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.reasons


def count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(ClaimRecord)).one()


def line(session: Session, measure: str) -> ClaimLine:
    return session.exec(select(ClaimLine).where(ClaimLine.measure == measure)).one()


def test_a_second_file_adds_to_the_first(session: Session, draft: Claim) -> None:
    assert upload(session, draft, IN_MAY, "M02,p1,2025-05-06,,") == 2
    assert upload(session, draft, "M01,p2,2025-05-07,letter,1.5") == 1
    assert (line(session, "M01").units, line(session, "M02").units) == (2, 1)
    assert {each.basis for each in session.exec(select(ClaimLine))} == {LineBasis.RECORDS}
    last = session.exec(select(ClaimRecord).order_by(col(ClaimRecord.id).desc())).first()
    assert last
    assert (last.person, last.evidence, last.value) == ("p2", "letter", "1.5")
    session.commit()
    told = session.exec(select(AuditEvent.row_count).where(AuditEvent.event == "records uploaded"))
    assert list(told) == [2, 1]


def test_everything_wrong_is_said_at_once_and_nothing_is_kept(
    session: Session, draft: Claim
) -> None:
    enter_counts(session, builders.an_actor(), draft, {"M02": 1})
    upload(session, draft, IN_MAY)
    reasons = refusals(
        partial(
            upload,
            session,
            draft,
            "M01,p9,2025-05-09,letter,",
            IN_MAY,
            "M01,p2,2025-07-01,letter,",
            "M02,p2,2025-05-06,,",
            "M9,p2,2025-05-06,,",
            "M01,943 476 5919,2025-05-06,,",
            "M01,p3,2025-05-06,letter,",
            "M01,p3,2025-05-06,other,",
        )
    )
    assert [reason.split(".")[0] for reason in reasons] == [
        "Line 3, person: This draft has the same measure, person and day already",
        "Line 4, achieved_on: This is outside the claim's period, 1 April 2025 to 30 June 2025",
        "Line 5, measure: M02 is priced from counts in this claim, for good",
        "Line 6, measure: The contract has no measure “M9”",
        "Line 7, person: This looks like an NHS number",
        "Line 9, person: Line 8 has the same measure, person and day",
    ]
    assert count(session) == 1


def test_a_fault_that_many_lines_share_is_said_once(session: Session, draft: Claim) -> None:
    rows = [f"M01,p{n},2024-05-0{n},letter," for n in (1, 2, 3, 5)]
    [reason] = refusals(
        partial(upload, session, draft, *rows[:3], "M01,p4,2025-05-04,letter,", rows[3])
    )
    assert reason.startswith("Lines 2 to 4, 6, achieved_on: This is outside")


def test_counts_do_not_take_a_measure_that_has_records(session: Session, draft: Claim) -> None:
    upload(session, draft, IN_MAY)
    act = partial(enter_counts, session, builders.an_actor(), draft, {"M01": 2})
    assert "M01 is priced from records in this claim, for good" in refusals(act)[0]


def test_a_line_whose_records_were_removed_still_takes_no_count(
    session: Session, draft: Claim
) -> None:
    upload(session, draft, IN_MAY)
    remove_records(session, builders.an_actor(), draft, line(session, "M01"))
    assert (count(session), line(session, "M01").units) == (0, 0)
    act = partial(enter_counts, session, builders.an_actor(), draft, {"M01": 2})
    assert "for good" in refusals(act)[0]
    assert upload(session, draft, IN_MAY) == 1
    session.commit()
    assert Event.RECORDS_REMOVED in session.exec(select(AuditEvent.event)).all()


def test_an_emptied_count_still_takes_no_records(session: Session, draft: Claim) -> None:
    enter_counts(session, builders.an_actor(), draft, {"M01": 2})
    enter_counts(session, builders.an_actor(), draft, {"M01": 0})
    assert "for good" in refusals(partial(upload, session, draft, IN_MAY))[0]


def test_a_file_without_the_evidence_that_a_measure_asks_for_is_refused(
    session: Session, draft: Claim
) -> None:
    header = "measure,person,achieved_on"
    bad = partial(upload, session, draft, "M01,p1,2025-05-06", header=header)
    [reason] = refusals(bad)
    assert "M01 asks for evidence (letter). Add the column" in reason
    assert upload(session, draft, "M02,p1,2025-05-06", header=header) == 1


def test_a_file_of_counts_is_no_file_of_records(session: Session, draft: Claim) -> None:
    bad = partial(upload, session, draft, "M01,12", header="measure,units")
    assert "This is a file of counts" in refusals(bad)[0]


def test_a_file_with_too_many_rows_is_refused_before_it_is_read(
    session: Session, draft: Claim
) -> None:
    [reason] = refusals(partial(upload, session, draft, *[IN_MAY] * 100_002))
    assert "The file has 100,003 lines" in reason


def test_an_outcome_of_another_live_claim_is_refused_with_its_name(
    session: Session, contract: Contract, draft: Claim
) -> None:
    other = builders.a_claim(session, contract, records=[("M01", "p1", MAY)])
    [reason] = refusals(partial(upload, session, draft, IN_MAY))
    assert f"CL-{other.id:04} claims the same measure, person and day" in reason
    withdraw_claim(session, builders.an_actor(), other)
    assert upload(session, draft, IN_MAY) == 1


def test_what_every_payer_rejected_can_be_claimed_again(
    session: Session, contract: Contract, payers: list[Organisation], draft: Claim
) -> None:
    other = builders.a_claim(session, contract, records=[("M01", "p1", MAY)])
    decide(session, other, payers[0], rejected=["M01"])
    assert refusals(partial(upload, session, draft, IN_MAY))
    decide(session, other, payers[1], rejected=["M01"])
    assert upload(session, draft, IN_MAY) == 1


def test_what_lacked_evidence_can_be_claimed_again_with_it(
    session: Session, contract: Contract, draft: Claim
) -> None:
    other = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    upload(session, other, "M01,p1,2025-05-06,,", "M01,p2,2025-05-06,letter,")
    builders.submit(session, other)
    assert upload(session, draft, IN_MAY) == 1


def test_nothing_is_added_to_a_submitted_claim(session: Session, draft: Claim) -> None:
    upload(session, draft, IN_MAY)
    builders.submit(session, draft)
    assert "can no longer be changed" in refusals(partial(upload, session, draft, IN_MAY))[0]
    act = partial(remove_records, session, builders.an_actor(), draft, line(session, "M01"))
    assert "can no longer be changed" in refusals(act)[0]


def test_a_large_claim_is_submitted_in_a_few_statements(session: Session, draft: Claim) -> None:
    rows = [f"M01,p{n},2025-05-{n % 30 + 1:02},letter," for n in range(2_000)]
    upload(session, draft, *rows)
    builders.submit(session, draft)
    assert draft.payable_pence == 2_000 * 10_000
