"""Job runs: the ones to be done, and the latest of a centre."""

from datetime import datetime

from sqlmodel import Session, col, or_, select

from chec.models import JobRun, JobState
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.rules.returns_schedule import MOST_ATTEMPTS, RETURNS, is_asked_for, may_be_taken


def list_job_runs_to_take(session: Session, viewer: Viewer, now: datetime) -> list[JobRun]:
    """Runs that a worker may begin or take over at `now`, first asked first; for the system."""
    if not viewer.sees_all:
        return []
    open_runs = or_(
        col(JobRun.state).in_([JobState.QUEUED, JobState.RUNNING]),
        (col(JobRun.state) == JobState.FAILED) & (col(JobRun.attempt_count) < MOST_ATTEMPTS),
    )
    query = select(JobRun).where(open_runs).order_by(col(JobRun.requested_at), col(JobRun.id))
    return [run for run in session.exec(query) if may_be_taken(run, now)]


def latest_job_run(session: Session, viewer: Viewer, centre_id: int) -> JobRun | None:
    """The centre's job run that was asked for last, whatever became of it.

    If it failed, its `error` says why, and an earlier returns run stays on show.
    """
    get_centre(session, viewer, Action.VIEW_PORTFOLIO, centre_id)
    return session.exec(
        select(JobRun)
        .where(JobRun.job == RETURNS, JobRun.centre_id == centre_id)
        .order_by(col(JobRun.requested_at).desc(), col(JobRun.id).desc())
        .limit(1)
    ).one_or_none()


def find_waiting_request(session: Session, centre_id: int) -> JobRun | None:
    """What a director has asked for and no worker has finished; the caller holds the lock."""
    query = select(JobRun).where(
        JobRun.job == RETURNS,
        JobRun.centre_id == centre_id,
        col(JobRun.state).in_([JobState.QUEUED, JobState.RUNNING]),
    )
    return next((run for run in session.exec(query) if is_asked_for(run)), None)


def find_job_run(session: Session, centre_id: int, period: str) -> JobRun | None:
    """The returns job of the centre for this period."""
    return session.exec(
        select(JobRun).where(
            JobRun.job == RETURNS, JobRun.centre_id == centre_id, JobRun.period == period
        )
    ).one_or_none()
