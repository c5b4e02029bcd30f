"""A returns run: read the ledger, compute, store; two short transactions and none between them."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session

from chec import clock
from chec.actions.returns_runs import ComputedRun, store_returns_run
from chec.db import open_session
from chec.errors import RuleBroken
from chec.jobs.bulk_read import bulk_read
from chec.jobs.job import Due, Job, Store
from chec.models import Centre, JobRun, ReturnsRun
from chec.permissions import SYSTEM, Action, system_actor
from chec.queries.centres import list_centres
from chec.queries.job_runs import find_job_run
from chec.queries.ledger_extracts import read_extract
from chec.rules.returns_method import METHOD_VERSION, compute_returns
from chec.rules.returns_schedule import (
    NIGHTLY_HOUR,
    RETURNS,
    as_of,
    last_nightly_day,
    nightly_period,
    reasons_not_to_run,
)


def run_returns_once(engine: Engine, centre: Centre, day: date) -> ReturnsRun:
    """A stored run of one centre as of `day`, from what is known now. Raises RuleBroken."""
    reasons = reasons_not_to_run(day, opened_on=centre.opened_on, today=clock.today())
    if reasons:
        raise RuleBroken(reasons)
    computed = compute_run(engine, centre.id, as_of=day, known_at=clock.now())
    with open_session(engine, write=True) as session:
        run = store_returns_run(session, system_actor(clock.now()), computed)
        session.commit()
    return run


def compute_run(engine: Engine, centre_id: int, *, as_of: date, known_at: datetime) -> ComputedRun:
    """The returns of one centre, from what was known at `known_at` of the days up to `as_of`."""
    with bulk_read(engine) as ask:
        extract = read_extract(ask, centre_id, as_of=as_of, known_at=known_at)
    return ComputedRun(
        centre_id=centre_id,
        as_of=as_of,
        known_at=known_at,
        fingerprint=extract.fingerprint(METHOD_VERSION, as_of.isoformat()),
        transfer_count=extract.pence.size,
        last_transfer_id=extract.last_id,
        returns=compute_returns(extract, as_of),
    )


def _list_due(session: Session, now: datetime) -> Sequence[Due]:
    day = last_nightly_day(now.astimezone(clock.LONDON))
    return [
        Due(centre.id, nightly_period(day))
        for centre in list_centres(session, SYSTEM, Action.RUN_RETURNS)
        if centre.opened_on <= day
        and not find_job_run(session, RETURNS, centre.id, nightly_period(day))
    ]


def _compute(engine: Engine, run: JobRun) -> Store:
    day = as_of(run, requested_on=clock.london_day(run.requested_at))
    computed = compute_run(engine, run.centre_id, as_of=day, known_at=clock.now())
    return lambda session, actor: store_returns_run(session, actor, computed).id


RETURNS_JOB = Job(RETURNS, NIGHTLY_HOUR, _list_due, _compute)
