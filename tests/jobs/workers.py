"""Real worker processes, which a test may kill."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from threading import Event
from time import monotonic, sleep

from chec.db import make_engine
from chec.jobs.job import Job
from chec.jobs.returns import RETURNS_JOB
from chec.jobs.worker import Worker

LEASE = timedelta(seconds=0.6)
"""Short, for a test that waits until it is over."""

# A server that has imported everything and holds nothing forks each process, in milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["chec.jobs.worker", "chec.backups.restore", "adbc_driver_postgresql.dbapi"]
)


def start_worker(
    url: str, jobs: Sequence[Job] = (RETURNS_JOB,), *, lease: timedelta = LEASE
) -> BaseProcess:
    process = PROCESSES.Process(target=_work, args=[url, jobs, lease], daemon=True)
    process.start()
    return process


@contextmanager
def several_workers(
    url: str, count: int, jobs: Sequence[Job] = (RETURNS_JOB,), *, lease: timedelta = LEASE
) -> Iterator[list[BaseProcess]]:
    """As many at once; a test may kill and replace those in the list."""
    workers = [start_worker(url, jobs, lease=lease) for _ in range(count)]
    try:
        yield workers
    finally:
        for each in workers:
            each.kill()
            each.join()


def wait_until(done: Callable[[], bool], *, seconds: float = 60) -> None:
    ends = monotonic() + seconds
    while not done():
        assert monotonic() < ends, "Waited in vain."
        sleep(0.02)


def _work(url: str, jobs: Sequence[Job], lease: timedelta) -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    pause = timedelta(seconds=0.1)
    Worker(make_engine(url), jobs, lease=lease, pause=pause).work(stop)
