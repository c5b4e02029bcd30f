"""The command as it is typed, in this process or in one of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from click.testing import Result

Chec = Callable[..., Result]


@contextmanager
def chec_process(*arguments: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`chec` in a process group of its own, all of which is killed at the end."""
    command = [sys.executable, "-m", "chec.cli", *map(str, arguments)]
    with subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            kill_all_of(process)


def kill_all_of(process: subprocess.Popen[str]) -> None:
    """`kill -9` for a process and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
