"""When returns are computed, and as of which day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chec.clock import LONDON
from chec.models import JobRun, JobState
from chec.rules.job_retries import may_be_taken, reason_to_give_up, retry_at
from chec.rules.returns_schedule import (
    as_of,
    asked_period,
    last_nightly_day,
    nightly_period,
    reasons_not_to_run,
)
from chec.rules.trail_mail import TRAIL_MAIL

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
TODAY = NOON.date()


def a_job(state: JobState, **columns: Any) -> JobRun:
    return JobRun(
        **{"job": "returns", "centre_id": 1, "state": state, "requested_at": NOON, **columns}
    )


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 10, 1, 59, 59, tzinfo=UTC), date(2026, 1, 8)),
        (datetime(2026, 1, 10, 2, 0, tzinfo=UTC), date(2026, 1, 9)),
        (datetime(2026, 7, 10, 0, 59, 59, tzinfo=UTC), date(2026, 7, 8)),
        (datetime(2026, 7, 10, 1, 0, tzinfo=UTC), date(2026, 7, 9)),
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), date(2026, 3, 27)),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), date(2026, 3, 28)),  # the clocks go to 02:00
    ],
)
def test_a_night_begins_at_two_in_london(moment: datetime, day: date) -> None:
    assert last_nightly_day(moment.astimezone(LONDON)) == day


def test_a_nightly_run_is_as_of_its_period_however_late() -> None:
    job = a_job(JobState.QUEUED, period=nightly_period(date(2026, 10, 31)))

    assert as_of(job, requested_on=TODAY) == date(2026, 10, 31)


def test_a_run_asked_for_is_as_of_the_day_of_asking() -> None:
    job = a_job(JobState.QUEUED, period=asked_period("2026-10-31"))

    assert as_of(job, requested_on=TODAY) == TODAY


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 10)])
def test_the_wait_after_a_failure_grows(attempts: int, minutes: int) -> None:
    job = a_job(JobState.FAILED, attempt_count=attempts, finished_at=NOON)

    assert retry_at(job) == NOON + timedelta(minutes=minutes)
    assert not may_be_taken(job, NOON + timedelta(minutes=minutes, seconds=-1))
    assert may_be_taken(job, NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 10), (3, 60), (4, 240), (5, None)])
def test_a_mail_is_tried_for_longer(attempts: int, minutes: int | None) -> None:
    job = a_job(JobState.FAILED, job=TRAIL_MAIL, attempt_count=attempts, finished_at=NOON)

    assert retry_at(job) == (minutes and NOON + timedelta(minutes=minutes))


def test_after_three_attempts_there_is_no_other() -> None:
    job = a_job(JobState.FAILED, attempt_count=3, finished_at=NOON)

    assert retry_at(job) is None
    assert not may_be_taken(job, NOON + timedelta(days=365))


def test_the_fifth_worker_that_a_run_stops_is_the_last() -> None:
    fourth, fifth = (a_job(JobState.RUNNING, attempt_count=1, lost_count=n) for n in (3, 4))

    assert reason_to_give_up(fourth) is None
    assert "The worker stopped 5 times" in (reason_to_give_up(fifth) or "")


def test_a_run_given_up_is_not_tried_again() -> None:
    job = a_job(JobState.FAILED, attempt_count=1, lost_count=5, finished_at=NOON)

    assert retry_at(job) is None


def test_nobody_takes_what_is_done_or_held() -> None:
    held = a_job(JobState.RUNNING, lease_until=NOON + timedelta(seconds=1))

    assert not may_be_taken(a_job(JobState.DONE), NOON)
    assert not may_be_taken(held, NOON)
    assert may_be_taken(held, NOON + timedelta(seconds=1))


def test_there_are_no_returns_as_of_the_future() -> None:
    tomorrow = TODAY + timedelta(days=1)

    [reason] = reasons_not_to_run(tomorrow, opened_on=TODAY, today=TODAY)

    assert reason == "17 November 2026 is in the future. Returns are computed up to today."


def test_there_are_no_returns_before_the_centre_opened() -> None:
    [reason] = reasons_not_to_run(TODAY - timedelta(1), opened_on=TODAY, today=TODAY)

    assert reason == "15 November 2026 is before the centre opened on 16 November 2026."


def test_there_are_returns_on_the_first_day() -> None:
    assert reasons_not_to_run(TODAY, opened_on=TODAY, today=TODAY) == []
