"""Backups and restores in processes that a test may kill at any moment."""

import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic, sleep

from chec import clock
from chec.backups.backup import back_up
from chec.backups.restore import restore
from chec.db import make_engine
from chec.permissions import system_actor
from tests.jobs.workers import PROCESSES

Act = Callable[[str, Path], None]


def back_up_to(url: str, file: Path) -> None:
    back_up(make_engine(url), system_actor(clock.now()), file)


def restore_from(url: str, file: Path) -> None:
    restore(make_engine(url), system_actor(clock.now()), file, agreed=lambda _: True)


def seconds_for(act: Act, url: str, file: Path) -> float:
    """How long the act takes if nobody kills it."""
    process, begun = _start(act, url, file)
    process.join()
    assert process.exitcode == 0
    return monotonic() - begun


def kill_after(seconds: float, act: Act, url: str, file: Path) -> bool:
    """Begin the act and kill it so many seconds later; whether it was still at it.

    The server may not have noticed yet that the one before was killed: then it is refused.
    """
    process, _ = _start(act, url, file)
    sleep(seconds)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _start(act: Act, url: str, file: Path) -> tuple[BaseProcess, float]:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_tell_and_do, args=[there, act, url, file], daemon=True)
    process.start()
    here.recv()
    return process, monotonic()


def _tell_and_do(there: Connection, act: Act, url: str, file: Path) -> None:
    there.send("begun")
    act(url, file)
