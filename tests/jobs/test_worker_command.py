"""`chec worker` as it is really started and stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.db import open_session
from chec.models import ReturnsRun
from tests.builders import a_centre
from tests.jobs.workers import wait_until


@contextmanager
def worker_command(url: str) -> Iterator[subprocess.Popen[str]]:
    program = "from chec.cli import main; main(['worker'])"
    environment = {**os.environ, "CHEC_DATABASE_URL": url}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_catches_up_says_so_and_stops_on_a_signal(
    database_url: str, engine: Engine, session: Session, signal_number: signal.Signals
) -> None:
    a_centre(session)
    session.commit()

    def caught_up() -> bool:
        with open_session(engine, write=False) as reading:
            return reading.exec(select(ReturnsRun)).first() is not None

    with worker_command(database_url) as worker:
        wait_until(caught_up)
        worker.send_signal(signal_number)
        _, told = worker.communicate(timeout=20)

    assert worker.returncode == 0
    begun, done, stopped = told.splitlines()
    assert "is at work" in begun
    assert "J-0001, returns of C-0001 for " in done
    assert done.endswith(": done.")
    assert "has stopped" in stopped
