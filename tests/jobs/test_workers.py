"""Several workers on one database, as real processes: each period's effect exactly once."""

from collections import Counter
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from random import Random
from time import sleep

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec import clock
from chec.actions.returns_runs import request_returns_run
from chec.db import open_session
from chec.models import JobRun, JobState, ReturnsResult, ReturnsRun
from chec.rules.returns_schedule import RETURNS, last_nightly_day, nightly_period
from tests.benchmarks import synthetic_ledger
from tests.builders import a_centre, a_venture, an_actor
from tests.jobs.workers import several_workers, start_worker, wait_until


def assert_each_once(session: Session, job_count: int, results_each: int) -> None:
    jobs = session.exec(select(JobRun)).all()
    runs = session.exec(select(ReturnsRun.id)).all()
    results = Counter(session.exec(select(ReturnsResult.run_id)).all())
    assert len(jobs) == job_count
    assert sorted(job.returns_run_id or 0 for job in jobs) == sorted(runs)
    assert set(results.values()) == {results_each}


def test_three_workers_do_each_run_once(
    database_url: str, engine: Engine, session: Session
) -> None:
    """Those of last night, which each of the workers catches up on, and those asked for."""
    centres = [a_centre(session) for _ in range(4)]
    for centre in centres:
        a_venture(session, centre)
        request_returns_run(session, an_actor(at=clock.now()), centre, f"token {centre.id}")
    session.commit()

    with several_workers(database_url, 3):
        wait_until(lambda: len(done(engine)) == 8)
        sleep(0.5)

    assert_each_once(session, job_count=8, results_each=2)
    assert [job.period for job in done(engine)].count(nightly_period(last_night())) == 4


def last_night() -> date:
    return last_nightly_day(clock.now().astimezone(clock.LONDON))


def done(engine: Engine) -> list[JobRun]:
    with open_session(engine, write=False) as session:
        return list(session.exec(select(JobRun).where(JobRun.state == JobState.DONE)))


def test_workers_killed_at_random_leave_each_period_done_once(
    database_url: str, engine: Engine, session: Session
) -> None:
    """Whoever begins a run is killed soon after, until ten were killed in the middle of one."""
    synthetic_ledger.load(engine, ventures=500)
    chance, killed_at_work, day = Random(2026), 0, last_night()

    with several_workers(database_url, 3) as workers:
        while killed_at_work < 10:
            day -= timedelta(days=1)
            queue(session, day)
            session.commit()
            owner = wait_for_owner(engine, day)
            sleep(chance.uniform(0, 0.2))
            kill(workers, owner, database_url)
            killed_at_work += job_of(engine, day).state is JobState.RUNNING
        days = [day + timedelta(n) for n in range((last_night() - day).days + 1)]
        wait_until(lambda: len(done(engine)) == len(days))

    assert_each_once(session, job_count=len(days), results_each=502)
    assert sorted(session.exec(select(col(ReturnsRun.as_of))).all()) == days


def job_of(engine: Engine, day: date) -> JobRun:
    with open_session(engine, write=False) as session:
        return session.exec(select(JobRun).where(JobRun.period == nightly_period(day))).one()


def wait_for_owner(engine: Engine, day: date) -> str:
    """The name of the worker that has begun the run."""
    wait_until(lambda: job_of(engine, day).owner is not None)
    return job_of(engine, day).owner or ""


def kill(workers: list[BaseProcess], owner: str, url: str) -> None:
    """Kill the worker of this name, and put another in its place."""
    [place] = [n for n, each in enumerate(workers) if f":{each.pid}:" in owner]
    workers[place].kill()
    workers[place].join()
    workers[place] = start_worker(url)


def queue(session: Session, day: date) -> None:
    session.add(
        JobRun(
            job=RETURNS,
            centre_id=1,
            period=nightly_period(day),
            state=JobState.QUEUED,
            requested_at=clock.now(),
        )
    )
