"""The command as it is typed, in this process or in one of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from click.testing import Result

Chec = Callable[..., Result]


@contextmanager
def chec_process(*arguments: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`chec` in a process group of its own, all of which is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chec.cli", *map(str, arguments)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill_all_of(process)


def kill_all_of(process: subprocess.Popen[str]) -> None:
    """`kill -9` for a process and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.communicate()
