"""A director asks for the returns to be computed."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from chec.actions.job_runs import finish_job_run, take_job_run
from chec.actions.returns_runs import request_returns_run
from chec.models import AuditEvent, Centre, Event, JobRun, JobState, ReturnsRun
from tests.builders import NOW, a_centre, an_actor


def finish(session: Session, job: JobRun, centre: Centre) -> None:
    run = ReturnsRun(
        centre_id=centre.id,
        as_of=NOW.date(),
        known_at=NOW,
        method_version="1",
        fingerprint="",
        computed_at=NOW,
        transfer_count=0,
        last_transfer_id=0,
        raised_pence=0,
        funded_pence=0,
        earned_pence=0,
        paid_back_pence=0,
        running_cost_pence=0,
        receivable_pence=0,
        bank_pence=0,
    )
    session.add(run)
    session.flush()
    assert take_job_run(session, an_actor(), job, owner="worker", lease_until=NOW)
    finish_job_run(session, an_actor(), job.id, owner="worker", returns_run_id=run.id)


def test_a_run_asked_for_waits_for_a_worker(session: Session) -> None:
    centre = a_centre(session)

    job = request_returns_run(session, an_actor(), centre, "token")

    assert (job.centre_id, job.state, job.requested_at) == (centre.id, JobState.QUEUED, NOW)
    session.commit()
    [event] = session.exec(select(AuditEvent).where(AuditEvent.event == Event.RETURNS_REQUESTED))
    assert event.subject == f"J-{job.id:04d}"


def test_a_double_click_asks_once(session: Session) -> None:
    centre = a_centre(session)
    first = request_returns_run(session, an_actor(), centre, "token")
    finish(session, first, centre)

    assert request_returns_run(session, an_actor(), centre, "token").id == first.id


def test_nobody_asks_again_while_a_run_is_waiting(session: Session) -> None:
    centre = a_centre(session)
    first = request_returns_run(session, an_actor(), centre, "token")

    assert request_returns_run(session, an_actor(), centre, "another").id == first.id


def test_a_run_that_has_begun_may_have_missed_what_is_asked_for(session: Session) -> None:
    centre = a_centre(session)
    begun = request_returns_run(session, an_actor(), centre, "token")
    assert take_job_run(session, an_actor(), begun, owner="worker", lease_until=NOW)

    queued = request_returns_run(session, an_actor(), centre, "another")

    assert (queued.id != begun.id, queued.state) == (True, JobState.QUEUED)
    assert request_returns_run(session, an_actor(), centre, "a third").id == queued.id
    assert request_returns_run(session, an_actor(), centre, "token").id == begun.id


@pytest.mark.parametrize(
    ("asked_at", "is_the_same"),
    [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), False),  # midnight in London
    ],
)
def test_a_run_still_queued_from_yesterday_is_as_of_yesterday(
    session: Session, asked_at: datetime, is_the_same: bool
) -> None:
    centre = a_centre(session)
    before = an_actor(at=datetime(2026, 6, 30, 23, 0, tzinfo=UTC))
    first = request_returns_run(session, before, centre, "token")

    second = request_returns_run(session, an_actor(at=asked_at), centre, "another")

    assert (second.id == first.id) is is_the_same


def test_once_a_run_is_done_another_can_be_asked_for(session: Session) -> None:
    centre = a_centre(session)
    first = request_returns_run(session, an_actor(), centre, "token")
    finish(session, first, centre)

    assert request_returns_run(session, an_actor(), centre, "another").id != first.id


def test_each_centre_asks_for_itself(session: Session) -> None:
    ours, theirs = a_centre(session), a_centre(session)

    first = request_returns_run(session, an_actor(), ours, "token")

    assert request_returns_run(session, an_actor(), theirs, "token").id != first.id
