"""Job runs: the ones to be done, and the latest of a centre."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlmodel import Session, col, func, or_, select

from chec.clock import london_day
from chec.models import Centre, JobRun, JobState, ReturnsRun
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.queries.users import user_names
from chec.rules.job_retries import MOST_ATTEMPTS, may_be_taken
from chec.rules.returns_schedule import RETURNS, is_asked_for
from chec.rules.trail_mail import TRAIL_MAIL, recipient_in_period


def list_job_runs_to_take(session: Session, viewer: Viewer, now: datetime) -> list[JobRun]:
    """Runs that a worker may begin or take over at `now`; for the system.

    Those least often begun come first, then those first asked for: a run that stops every worker
    keeps none from the others.
    """
    if not viewer.sees_all:
        return []
    open_runs = or_(
        col(JobRun.state).in_([JobState.QUEUED, JobState.RUNNING]),
        *(
            (col(JobRun.state) == JobState.FAILED)
            & (col(JobRun.job) == job)
            & (col(JobRun.attempt_count) < most)
            for job, most in MOST_ATTEMPTS.items()
        ),
    )
    begun_count = col(JobRun.attempt_count) + col(JobRun.lost_count)
    order = (begun_count, col(JobRun.requested_at), col(JobRun.id))
    query = select(JobRun).where(open_runs).order_by(*order)
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


def list_unfinished_job_runs(
    session: Session, viewer: Viewer, centre_id: int, *, limit: int = 10
) -> Sequence[JobRun]:
    """The centre's job runs that wait, run or failed, the one asked for last first."""
    get_centre(session, viewer, Action.VIEW_RUNS, centre_id)
    query = select(JobRun).where(
        JobRun.job == RETURNS, JobRun.centre_id == centre_id, JobRun.state != JobState.DONE
    )
    newest_first = (col(JobRun.requested_at).desc(), col(JobRun.id).desc())
    return session.exec(query.order_by(*newest_first).limit(limit)).all()


def askers_of(
    session: Session, viewer: Viewer, centre_id: int, runs: Collection[ReturnsRun]
) -> dict[int, str]:
    """Who or what asked for each of these runs of the centre, by key."""
    query = select(JobRun.returns_run_id, JobRun.requested_by_id).where(
        col(JobRun.returns_run_id).in_([run.id for run in runs])
    )
    asked_by = dict(session.exec(query).all())
    names = {
        **user_names(session, viewer, centre_id, asked_by.values()),
        None: "the calendar",
    }
    asked = {run_id: names[user_id] for run_id, user_id in asked_by.items()}
    return {run.id: asked.get(run.id, "the command line") for run in runs}


def find_waiting_request(session: Session, centre_id: int, asked_on: date) -> JobRun | None:
    """What a director asked for on this day and no worker has begun; the caller holds the lock."""
    query = select(JobRun).where(
        JobRun.job == RETURNS, JobRun.centre_id == centre_id, JobRun.state == JobState.QUEUED
    )
    asked = (run for run in session.exec(query) if is_asked_for(run))
    return next((run for run in asked if london_day(run.requested_at) == asked_on), None)


def list_mails_not_sent(session: Session, viewer: Viewer) -> list[tuple[str, JobRun]]:
    """The viewer's latest mails with the head of the trail that failed, by name of the centre."""
    theirs = (
        col(JobRun.job) == TRAIL_MAIL,
        col(JobRun.centre_id).in_(viewer.centres(Action.VIEW_TRAIL)),
        col(JobRun.period).endswith(recipient_in_period(viewer.user_id or 0)),
    )
    latest = select(func.max(JobRun.period)).where(*theirs).scalar_subquery()
    query = (
        select(Centre.name, JobRun)
        .join(Centre, col(Centre.id) == JobRun.centre_id)
        .where(*theirs, col(JobRun.period) == latest, JobRun.state == JobState.FAILED)
    )
    return list(session.exec(query.order_by(Centre.name)).all())


def list_begun(session: Session, job: str, periods: Collection[str]) -> set[tuple[int, str]]:
    """Centre and period of each piece of this job that was begun, of these periods."""
    query = select(JobRun.centre_id, JobRun.period).where(
        JobRun.job == job, col(JobRun.period).in_(periods)
    )
    return set(session.exec(query).all())


def find_job_run(session: Session, job: str, centre_id: int, period: str) -> JobRun | None:
    """The centre's piece of this job with this key."""
    return session.exec(
        select(JobRun).where(
            JobRun.job == job, JobRun.centre_id == centre_id, JobRun.period == period
        )
    ).one_or_none()
