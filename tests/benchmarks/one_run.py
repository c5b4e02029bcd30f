"""One whole returns run of the benchmark's centre; by itself it prints the peak of its memory."""

import resource
import sys
from pathlib import Path

from sqlalchemy import Engine

from chec import clock
from chec.actions.returns_runs import store_returns_run
from chec.db import make_engine, open_session
from chec.jobs.returns import compute_run
from chec.permissions import system_actor
from tests.benchmarks.synthetic_ledger import LAST_DAY


def one_run(engine: Engine) -> None:
    """Load, compute, store."""
    computed = compute_run(engine, 1, as_of=LAST_DAY, known_at=clock.now())
    with open_session(engine, write=True) as session:
        store_returns_run(session, system_actor(clock.now()), computed)
        session.commit()


def peak_megabytes() -> int:
    """What this process, and one that it started, have ever held in memory at once.

    Not ru_maxrss for the first: it begins with what the process held that started this one. For the
    second it is therefore too much rather than too little.
    """
    status = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in status if line.startswith("VmHWM:")]
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (int(line.split()[1]) + started) // 1024


if __name__ == "__main__":
    one_run(make_engine(sys.argv[1]))
    print(peak_megabytes())
