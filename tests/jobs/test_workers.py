"""Several workers on one database, as real processes: each period's effect exactly once."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from time import sleep

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from chec import clock
from chec.actions.returns_runs import request_returns_run
from chec.db import open_session
from chec.models import JobRun, JobState, ReturnsResult, ReturnsRun
from chec.rules.returns_schedule import RETURNS, last_nightly_day, nightly_period
from tests.benchmarks import synthetic_ledger
from tests.builders import a_centre, a_venture, an_actor
from tests.jobs.workers import several_workers, start_worker, wait_until


def unfinished(engine: Engine) -> int:
    with open_session(engine, write=False) as session:
        return session.exec(select(func.count()).where(JobRun.state != JobState.DONE)).one()


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
    synthetic_ledger.load(engine, ventures=100)
    days = [last_night() - timedelta(back) for back in range(15)]
    for day in days:
        queue(session, day)
    session.commit()
    chance, killed = Random(), 0

    with several_workers(database_url, 3) as workers:
        while unfinished(engine) and killed < 15:
            sleep(chance.uniform(0.02, 0.25))
            victim = chance.randrange(3)
            workers[victim].kill()
            workers[victim].join()
            workers[victim] = start_worker(database_url)
            killed += 1
        wait_until(lambda: unfinished(engine) == 0)

    assert killed > 3
    assert_each_once(session, job_count=15, results_each=102)
    as_of = session.exec(select(col(ReturnsRun.as_of))).all()
    assert sorted(as_of) == sorted(days)


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
