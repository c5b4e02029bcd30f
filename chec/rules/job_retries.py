"""When a piece of work that runs by itself is begun again.

Work that fails is tried three times in all, a minute and then ten minutes after it failed; a mail
also an hour and four hours after that, since a mail server may be away for a morning. Work whose
worker stopped (it was killed, or its machine went down) is taken over by another, until five have
stopped: then it may be the work that stops them.
"""

from datetime import datetime, timedelta

from chec.models import JobRun, JobState
from chec.rules.returns_schedule import RETURNS
from chec.rules.trail_mail import TRAIL_MAIL

MOST_LOST = 5
_WAITS = {
    job: tuple(timedelta(minutes=each) for each in minutes)
    for job, minutes in {RETURNS: (1, 10), TRAIL_MAIL: (1, 10, 60, 240)}.items()
}
MOST_ATTEMPTS = {job: len(waits) + 1 for job, waits in _WAITS.items()}


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
    most = MOST_ATTEMPTS[run.job]
    is_given_up = run.attempt_count >= most or run.lost_count >= MOST_LOST
    if run.finished_at is None or is_given_up:
        return None
    return run.finished_at + _WAITS[run.job][run.attempt_count - 1]


def reason_to_give_up(run: JobRun) -> str | None:
    """Why a run whose worker is gone is not taken over any more; None where it is."""
    lost_count = run.lost_count + 1
    if run.state is not JobState.RUNNING or lost_count < MOST_LOST:
        return None
    return (
        f"The worker stopped {lost_count} times while at this; it is not tried again."
        " The log of the worker's machine may say why."
    )
