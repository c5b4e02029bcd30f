"""When the returns of a centre are computed, and as of which day.

Every night at 02:00 in London, as of the day before; and whenever a director asks, as of the day on
which they asked. No run is as of a day before the centre opened, or in the future. A run that fails
is tried three times in all, a minute and then ten minutes after it failed. A run whose worker
stopped (it was killed, or its machine went down) is taken over by another, until five have stopped:
then it may be the run that stops them.
"""

from datetime import date, datetime, timedelta

from chec.models import JobRun, JobState

RETURNS = "returns"
"""The name of the job."""
NIGHTLY_HOUR = 2
MOST_ATTEMPTS = 3
MOST_LOST = 5
_WAITS = (timedelta(minutes=1), timedelta(minutes=10))
_ASKED = "asked:"


def last_nightly_day(london: datetime) -> date:
    """The day as of which the latest nightly run is that is due at this moment in London."""
    return london.date() - timedelta(days=1 if london.hour >= NIGHTLY_HOUR else 2)


def nightly_period(day: date) -> str:
    """The key of the nightly run as of `day`."""
    return day.isoformat()


def asked_period(token: str) -> str:
    """The key of a run that somebody asked for with the token of a form."""
    return f"{_ASKED}{token}"


def is_asked_for(run: JobRun) -> bool:
    """Whether somebody asked for it, rather than the calendar."""
    return run.period.startswith(_ASKED)


def as_of(run: JobRun, *, requested_on: date) -> date:
    """The day as of which the returns are computed; however late, the same."""
    return requested_on if is_asked_for(run) else date.fromisoformat(run.period)


def may_be_taken(run: JobRun, now: datetime) -> bool:
    """Whether a worker may begin the run, or decide about one whose worker is gone."""
    if run.state is JobState.RUNNING:
        return run.lease_until is None or run.lease_until <= now
    if run.state is JobState.FAILED:
        again = retry_at(run)
        return again is not None and again <= now
    return run.state is JobState.QUEUED


def retry_at(run: JobRun) -> datetime | None:
    """When a failed run is tried again; None if it is not."""
    is_given_up = run.attempt_count >= MOST_ATTEMPTS or run.lost_count >= MOST_LOST
    if run.finished_at is None or is_given_up:
        return None
    return run.finished_at + _WAITS[run.attempt_count - 1]


def reason_to_give_up(run: JobRun) -> str | None:
    """Why a run whose worker is gone is not taken over any more; None where it is."""
    lost_count = run.lost_count + 1
    if run.state is not JobState.RUNNING or lost_count < MOST_LOST:
        return None
    return (
        f"The worker stopped {lost_count} times while computing this; it is not tried again."
        " The log of the worker's machine may say why."
    )


def reasons_not_to_run(as_of: date, *, opened_on: date, today: date) -> list[str]:
    """Why there are no returns as of this day; empty where there are."""
    if as_of > today:
        return [f"{as_of:%-d %B %Y} is in the future. Returns are computed up to today."]
    if as_of < opened_on:
        return [f"{as_of:%-d %B %Y} is before the centre opened on {opened_on:%-d %B %Y}."]
    return []
