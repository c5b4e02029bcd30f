"""What one worker does: every night, when asked, and when something goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread
from time import sleep

import pytest
import time_machine
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from chec import clock
from chec.actions.job_runs import LeaseLost, finish_job_run, take_job_run
from chec.actions.returns_runs import request_returns_run
from chec.db import open_session
from chec.jobs.returns import RETURNS_JOB
from chec.jobs.worker import Worker
from chec.models import Centre, JobRun, JobState, ReturnsRun
from chec.permissions import SYSTEM
from chec.queries.job_runs import latest_job_run, list_job_runs_to_take
from chec.queries.returns import latest_run
from tests.builders import a_centre, an_actor

BEFORE_TWO = datetime(2026, 11, 16, 1, 59, tzinfo=UTC)
AT_TWO = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
GOES_ON = Event()


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = a_centre(session)
    session.commit()
    return centre


@pytest.fixture
def worker(engine: Engine) -> Worker:
    return Worker(engine, [RETURNS_JOB])


@contextmanager
def nowhere_to_store(engine: Engine) -> Iterator[None]:
    """The database cannot take the results, as when its disk is full."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE returns_result RENAME TO elsewhere"))
    yield
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO returns_result"))


def ask(engine: Engine, centre: Centre, token: str, at: datetime) -> JobRun:
    with open_session(engine, write=True) as session:
        job = request_returns_run(session, an_actor(at=at), centre, token)
        session.commit()
    return job


def jobs(engine: Engine) -> list[JobRun]:
    with open_session(engine, write=False) as session:
        return list(session.exec(select(JobRun).order_by(JobRun.period)))


def runs(engine: Engine) -> list[ReturnsRun]:
    with open_session(engine, write=False) as session:
        return list(session.exec(select(ReturnsRun)))


@pytest.mark.parametrize(
    ("now", "day"), [(BEFORE_TWO, date(2026, 11, 14)), (AT_TWO, date(2026, 11, 15))]
)
def test_a_night_is_as_of_the_day_before(
    worker: Worker, engine: Engine, centre: Centre, now: datetime, day: date
) -> None:
    with time_machine.travel(now, tick=False):
        worker.do_due(RETURNS_JOB, GOES_ON)

    [job], [run] = jobs(engine), runs(engine)
    assert (job.centre_id, job.period, job.state) == (centre.id, day.isoformat(), JobState.DONE)
    assert (run.as_of, run.known_at, job.returns_run_id) == (day, now, run.id)


def test_a_night_is_done_once(worker: Worker, engine: Engine, centre: Centre) -> None:
    with time_machine.travel(AT_TWO, tick=False):
        worker.do_due(RETURNS_JOB, GOES_ON)
        Worker(engine, [RETURNS_JOB]).do_due(RETURNS_JOB, GOES_ON)

    assert [run.centre_id for run in runs(engine)] == [centre.id]


def test_a_night_leaves_out_a_centre_that_was_not_open(
    worker: Worker, engine: Engine, session: Session
) -> None:
    a_centre(session, opened_on=AT_TWO.date())
    session.commit()

    with time_machine.travel(AT_TWO, tick=False):
        worker.do_due(RETURNS_JOB, GOES_ON)

    assert jobs(engine) == []


def test_what_was_asked_for_is_as_of_the_day_of_asking(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    ask(engine, centre, "token", AT_TWO)

    with time_machine.travel(AT_TWO + timedelta(days=1), tick=False):
        worker.do_waiting(GOES_ON)

    assert [run.as_of for run in runs(engine)] == [date(2026, 11, 16)]


def test_a_failed_run_leaves_the_last_good_one_and_says_so(
    worker: Worker, engine: Engine, session: Session, centre: Centre
) -> None:
    with time_machine.travel(AT_TWO, tick=False):
        worker.do_due(RETURNS_JOB, GOES_ON)
    [good] = runs(engine)

    with nowhere_to_store(engine), time_machine.travel(AT_TWO + timedelta(days=1), tick=False):
        worker.do_due(RETURNS_JOB, GOES_ON)

    assert latest_run(session, SYSTEM, centre.id) == good
    failed = latest_job_run(session, SYSTEM, centre.id)
    assert failed
    assert (failed.state, failed.returns_run_id) == (JobState.FAILED, None)
    assert "stopped unexpectedly" in (failed.error or "")


def test_a_failed_run_is_tried_again_after_a_minute(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    ask(engine, centre, "token", AT_TWO)
    with nowhere_to_store(engine), time_machine.travel(AT_TWO, tick=False):
        worker.do_waiting(GOES_ON)

    with time_machine.travel(AT_TWO + timedelta(seconds=59), tick=False):
        worker.do_waiting(GOES_ON)
    assert runs(engine) == []

    with time_machine.travel(AT_TWO + timedelta(seconds=60), tick=False):
        worker.do_waiting(GOES_ON)
    [job] = jobs(engine)
    assert (job.state, job.attempt_count, job.error) == (JobState.DONE, 2, None)
    assert len(runs(engine)) == 1


def test_a_run_that_keeps_failing_is_given_up(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    ask(engine, centre, "token", AT_TWO)

    with nowhere_to_store(engine):
        for hours in range(5):
            with time_machine.travel(AT_TWO + timedelta(hours=hours), tick=False):
                worker.do_waiting(GOES_ON)

    [job] = jobs(engine)
    assert (job.state, job.attempt_count) == (JobState.FAILED, 3)
    assert job.finished_at == AT_TWO + timedelta(hours=2)


def test_a_run_whose_worker_is_gone_is_taken_over_once_its_lease_is_over(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    seen = ask(engine, centre, "token", AT_TWO)
    until = AT_TWO + timedelta(minutes=1)
    with open_session(engine, write=True) as session:
        assert take_job_run(session, an_actor(at=AT_TWO), seen, owner="gone", lease_until=until)
        session.commit()

    with time_machine.travel(until - timedelta(seconds=1), tick=False):
        worker.do_waiting(GOES_ON)
    assert runs(engine) == []

    with time_machine.travel(until, tick=False):
        worker.do_waiting(GOES_ON)
    [job] = jobs(engine)
    assert (job.state, job.owner, job.attempt_count) == (JobState.DONE, worker.name, 1)


def test_a_run_that_stops_every_worker_is_given_up(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    ask(engine, centre, "token", AT_TWO)
    for minutes in range(5):
        begin_and_die(engine, AT_TWO + timedelta(minutes=minutes))

    for hours in (1, 2):
        with time_machine.travel(AT_TWO + timedelta(hours=hours), tick=False):
            worker.do_waiting(GOES_ON)

    [job] = jobs(engine)
    assert (job.state, job.lost_count, job.attempt_count) == (JobState.FAILED, 5, 1)
    assert job.finished_at == AT_TWO + timedelta(hours=1)
    assert (job.error or "").startswith("The worker stopped 5 times while at this;")
    assert runs(engine) == []


def test_four_workers_lost_to_something_else_leave_the_run_to_a_fifth(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    ask(engine, centre, "token", AT_TWO)
    for minutes in range(4):
        begin_and_die(engine, AT_TWO + timedelta(minutes=minutes))

    with time_machine.travel(AT_TWO + timedelta(minutes=4), tick=False):
        worker.do_waiting(GOES_ON)

    [job] = jobs(engine)
    assert (job.state, job.lost_count, job.attempt_count) == (JobState.DONE, 4, 1)


def test_a_run_that_stopped_a_worker_lets_the_others_go_first(
    engine: Engine, session: Session, centre: Centre
) -> None:
    other = a_centre(session)
    session.commit()
    poison = ask(engine, centre, "poison", AT_TWO)
    begin_and_die(engine, AT_TWO)
    harmless = ask(engine, other, "harmless", AT_TWO + timedelta(seconds=30))

    waiting = list_job_runs_to_take(session, SYSTEM, AT_TWO + timedelta(minutes=1))

    assert [job.id for job in waiting] == [harmless.id, poison.id]


def begin_and_die(engine: Engine, at: datetime) -> None:
    with open_session(engine, write=True) as session:
        [seen] = list_job_runs_to_take(session, SYSTEM, at)
        until = at + timedelta(minutes=1)
        assert take_job_run(session, an_actor(at=at), seen, owner=f"gone {at}", lease_until=until)
        session.commit()


def test_of_two_who_see_the_same_run_one_takes_it(engine: Engine, centre: Centre) -> None:
    seen = ask(engine, centre, "token", AT_TWO)

    with open_session(engine, write=True) as session:
        taken = [
            take_job_run(session, an_actor(), seen, owner=owner, lease_until=AT_TWO)
            for owner in ("first", "second")
        ]

    assert taken == [True, False]


def test_a_worker_that_was_too_slow_stores_nothing(engine: Engine, centre: Centre) -> None:
    seen = ask(engine, centre, "token", AT_TWO)

    with open_session(engine, write=True) as session:
        take_job_run(session, an_actor(), seen, owner="slow", lease_until=AT_TWO)
        [late] = list_job_runs_to_take(session, SYSTEM, AT_TWO)
        take_job_run(session, an_actor(), late, owner="quick", lease_until=AT_TWO)
        with pytest.raises(LeaseLost):
            finish_job_run(session, an_actor(), late.id or 0, owner="slow", returns_run_id=1)


@pytest.mark.backend("postgresql")  # where the results can be held up and the lease not
def test_a_lease_is_renewed_while_the_work_goes_on(engine: Engine, centre: Centre) -> None:
    ask(engine, centre, "token", clock.now())
    working = Thread(
        target=Worker(engine, [RETURNS_JOB], lease=timedelta(seconds=0.3)).do_waiting,
        args=[GOES_ON],
    )

    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE returns_result IN EXCLUSIVE MODE"))
        working.start()
        sleep(1)
        [job] = jobs(engine)
        with open_session(engine, write=False) as session:
            assert list_job_runs_to_take(session, SYSTEM, clock.now()) == []
    working.join()

    assert job.state is JobState.RUNNING
    assert [job.state for job in jobs(engine)] == [JobState.DONE]


def test_a_worker_told_to_stop_begins_nothing(
    worker: Worker, engine: Engine, centre: Centre
) -> None:
    ask(engine, centre, "token", AT_TWO)
    stop = Event()
    stop.set()

    worker.do_waiting(stop)
    worker.do_due(RETURNS_JOB, stop)

    assert [job.state for job in jobs(engine)] == [JobState.QUEUED]
