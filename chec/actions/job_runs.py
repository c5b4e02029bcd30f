"""Who does a piece of work: claimed by one worker, held by a lease, finished once.

Every change asks in the same statement whether the row is still as it was seen: whoever comes
second changes nothing.
"""

from datetime import datetime

from sqlalchemy import CursorResult, Update, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from chec.models import JobRun, JobState
from chec.permissions import Actor


class LeaseLost(Exception):
    """Another worker has taken the work over. What this one did is not to be kept."""


def claim_period(
    session: Session,
    actor: Actor,
    *,
    job: str,
    centre_id: int,
    period: str,
    owner: str,
    lease_until: datetime,
) -> JobRun | None:
    """The job run of `period`, begun by `owner`; None if somebody has claimed it before.

    The session is rolled back then: nothing else may have been done in it.
    """
    run = JobRun(
        job=job,
        centre_id=centre_id,
        period=period,
        state=JobState.RUNNING,
        requested_at=actor.at,
        owner=owner,
        lease_until=lease_until,
        attempt_count=1,
        started_at=actor.at,
    )
    session.add(run)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        return None
    return run


def take_job_run(
    session: Session, actor: Actor, seen: JobRun, *, owner: str, lease_until: datetime
) -> bool:
    """Begin a run, or take it over; False if it is no longer as it was `seen`.

    Taking over goes on with the attempt of the worker that is gone, and counts that worker.
    """
    is_taken_over = seen.state is JobState.RUNNING
    return _changes_one(
        session,
        _still_as(seen).values(
            state=JobState.RUNNING,
            owner=owner,
            lease_until=lease_until,
            attempt_count=seen.attempt_count + (not is_taken_over),
            lost_count=seen.lost_count + is_taken_over,
            started_at=actor.at,
            finished_at=None,
            error=None,
        ),
    )


def give_up_job_run(session: Session, actor: Actor, seen: JobRun, reason: str) -> bool:
    """The run fails for `reason`, its worker being gone; False if it is no longer as `seen`."""
    return _changes_one(
        session,
        _still_as(seen).values(
            state=JobState.FAILED,
            lease_until=None,
            lost_count=seen.lost_count + 1,
            finished_at=actor.at,
            error=reason,
        ),
    )


def renew_lease(session: Session, run_id: int, *, owner: str, lease_until: datetime) -> bool:
    """Hold the run for longer; False if it is no longer the owner's."""
    return _changes_one(session, _held(run_id, owner).values(lease_until=lease_until))


def finish_job_run(
    session: Session, actor: Actor, run_id: int, *, owner: str, returns_run_id: int | None
) -> None:
    """The work is done, in the transaction that holds its effect. Raises LeaseLost."""
    done = _held(run_id, owner).values(
        state=JobState.DONE, lease_until=None, finished_at=actor.at, returns_run_id=returns_run_id
    )
    if not _changes_one(session, done):
        raise LeaseLost


def fail_job_run(session: Session, actor: Actor, run_id: int, *, owner: str, error: str) -> bool:
    """The work failed, and `error` is the sentence about it for a director.

    False if the run is no longer the owner's.
    """
    failed = _held(run_id, owner).values(
        state=JobState.FAILED, lease_until=None, finished_at=actor.at, error=error
    )
    return _changes_one(session, failed)


def _still_as(seen: JobRun) -> Update:
    return update(JobRun).where(
        col(JobRun.id) == seen.id,
        col(JobRun.state) == seen.state,
        col(JobRun.owner).is_not_distinct_from(seen.owner),
        col(JobRun.lease_until).is_not_distinct_from(seen.lease_until),
        col(JobRun.attempt_count) == seen.attempt_count,
    )


def _held(run_id: int, owner: str) -> Update:
    return update(JobRun).where(
        col(JobRun.id) == run_id,
        col(JobRun.owner) == owner,
        col(JobRun.state) == JobState.RUNNING,
    )


def _changes_one(session: Session, statement: Update) -> bool:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
