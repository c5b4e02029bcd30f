"""The worker: does what is due, each piece once, however many workers there are.

A job run is claimed by inserting it, held by a lease that is renewed while the work goes on, and
done in the transaction that stores its effect. Whoever finds a lease that is over takes over.
"""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from secrets import token_hex
from threading import Event, Thread

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from chec import clock
from chec.actions.job_runs import (
    LeaseLost,
    claim_period,
    fail_job_run,
    finish_job_run,
    give_up_job_run,
    renew_lease,
    take_job_run,
)
from chec.config import Settings
from chec.db import make_engine, open_session
from chec.jobs.job import Due, Job
from chec.jobs.returns import RETURNS_JOB
from chec.jobs.trail_mail import trail_mail_job
from chec.mail import send_mail
from chec.models import JobRun
from chec.models.references import reference
from chec.permissions import SYSTEM, system_actor
from chec.queries.job_runs import list_job_runs_to_take
from chec.rules.job_retries import reason_to_give_up

log = logging.getLogger(__name__)


def work(settings: Settings, stop: Event) -> None:
    """Work until `stop` is set; what is being done then is finished first."""
    engine = make_engine(settings.url)
    Worker(engine, [RETURNS_JOB, trail_mail_job(partial(send_mail, settings))]).work(stop)
    engine.dispose()


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"


def _what(run: JobRun) -> str:
    return f"{reference('job_run', run.id)}, {run.job} of {reference('centre', run.centre_id)}"


@dataclass(frozen=True)
class Worker:
    """One worker on a database. A lease is much longer than the work takes between renewals."""

    engine: Engine
    jobs: Sequence[Job]
    name: str = field(default_factory=_name)
    lease: timedelta = timedelta(minutes=1)
    pause: timedelta = timedelta(seconds=2)

    def work(self, stop: Event) -> None:
        """By the calendar and on demand, until `stop` is set."""
        scheduler = BackgroundScheduler(
            timezone=str(clock.LONDON),
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        now = clock.now()
        for job in self.jobs:
            scheduler.add_job(self.do_due, "cron", [job, stop], hour=job.hour, next_run_time=now)
        scheduler.add_job(
            self.do_waiting,
            "interval",
            [stop],
            seconds=self.pause.total_seconds(),
            next_run_time=now,
        )
        # That a pass is left out while the last one is still at work is nothing to warn of.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        scheduler.start()
        log.info("Worker %s is at work.", self.name)
        # Not from the handler of a signal, where shutting down waits for itself.
        stop.wait()
        scheduler.shutdown()
        log.info("Worker %s has stopped.", self.name)

    def do_due(self, job: Job, stop: Event) -> None:
        """What the job's latest hour asked for, unless a worker has begun it."""
        with open_session(self.engine, write=False) as session:
            every = job.list_due(session, clock.now())
        for due in every:
            if stop.is_set():
                return
            run = self._claim(job, due)
            if run:
                self._do(run)

    def do_waiting(self, stop: Event) -> None:
        """What was asked for, what failed and is to be tried again, and what a worker left."""
        with open_session(self.engine, write=False) as session:
            waiting = list_job_runs_to_take(session, SYSTEM, clock.now())
        for run in waiting:
            if stop.is_set():
                return
            reason = reason_to_give_up(run)
            if reason:
                self._give_up(run, reason)
            elif self._take(run):
                self._do(run)

    def _claim(self, job: Job, due: Due) -> JobRun | None:
        now = clock.now()
        with open_session(self.engine, write=True) as session:
            run = claim_period(
                session,
                system_actor(now),
                job=job.name,
                centre_id=due.centre_id,
                period=due.period,
                owner=self.name,
                lease_until=now + self.lease,
            )
            session.commit()
        return run

    def _take(self, seen: JobRun) -> bool:
        now = clock.now()
        with open_session(self.engine, write=True) as session:
            taken = take_job_run(
                session, system_actor(now), seen, owner=self.name, lease_until=now + self.lease
            )
            session.commit()
        return taken

    def _do(self, run: JobRun) -> None:
        what = _what(run)
        try:
            with self._lease_renewed(run):
                self._do_and_store(run)
            log.info("%s for %s: done.", what, run.period)
        except LeaseLost:
            log.warning("%s for %s: another worker has taken it over.", what, run.period)
        except Exception as error:
            log.exception("%s for %s: failed.", what, run.period)
            self._fail(run, error)

    def _do_and_store(self, run: JobRun) -> None:
        [job] = [each for each in self.jobs if each.name == run.job]
        store = job.do(self.engine, run)
        actor = system_actor(clock.now())
        with open_session(self.engine, write=True) as session:
            returns_run_id = store(session, actor)
            finish_job_run(session, actor, run.id, owner=self.name, returns_run_id=returns_run_id)
            session.commit()

    def _fail(self, run: JobRun, error: Exception) -> None:
        sentence = (
            f"The work stopped unexpectedly ({type(error).__name__}). The worker's log says more."
        )
        with open_session(self.engine, write=True) as session:
            fail_job_run(
                session, system_actor(clock.now()), run.id, owner=self.name, error=sentence
            )
            session.commit()

    def _give_up(self, run: JobRun, reason: str) -> None:
        with open_session(self.engine, write=True) as session:
            if give_up_job_run(session, system_actor(clock.now()), run, reason):
                log.error("%s for %s: %s", _what(run), run.period, reason)
            session.commit()

    def _renew(self, run: JobRun) -> None:
        with open_session(self.engine, write=True) as session:
            renew_lease(session, run.id, owner=self.name, lease_until=clock.now() + self.lease)
            session.commit()

    @contextmanager
    def _lease_renewed(self, run: JobRun) -> Iterator[None]:
        """While the work goes on, a thread renews its lease three times in its length."""
        finished = Event()

        def renew() -> None:
            while not finished.wait(self.lease.total_seconds() / 3):
                try:
                    self._renew(run)
                except SQLAlchemyError:
                    log.exception("The lease on %s was not renewed.", run.period)

        renewing = Thread(target=renew, name="lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            finished.set()
            renewing.join()
