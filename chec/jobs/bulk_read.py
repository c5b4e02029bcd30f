"""Columns of a million rows, out of one read transaction.

A large SQLite file is not read by ADBC in this process. ADBC brings an SQLite of its own, and where
two of them have one file open in one process, closing it in one drops the locks of the other: the
file is corrupted. So another process reads it; for a small file that would take longer to start
than the driver takes to read. Of 1.2 million transfers a whole run takes 1.2 s so (530 MB in both
processes), and 1.8 s by the driver (350 MB): medians of seven, on two cores.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

Int64s = NDArray[np.int64]
LARGE_BYTES = 50_000_000


@contextmanager
def bulk_read(engine: Engine) -> Iterator[Callable[[Select[Any]], list[Int64s]]]:
    """Asks queries that choose whole numbers only, none NULL; answers with their columns.

    Everything is read in one transaction, and so agrees.
    """
    if engine.dialect.name == "postgresql":
        reading = _by_adbc(engine)
    elif Path(engine.url.database or "").stat().st_size > LARGE_BYTES:
        reading = by_another_process(engine)
    else:
        reading = by_the_driver(engine)
    with reading as ask:
        yield lambda query: ask(_written_out(query, engine))


@contextmanager
def by_the_driver(engine: Engine) -> Iterator[Callable[[str], list[Int64s]]]:
    """Reads a small SQLite file."""
    with engine.begin() as connection:
        yield partial(_ask_the_driver, connection)


def _ask_the_driver(connection: Connection, query: str) -> list[Int64s]:
    driver: Any = connection.connection.driver_connection
    rows = driver.execute(query)
    numbers = np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, len(rows.description))
    return [np.ascontiguousarray(column) for column in numbers.T]


@contextmanager
def by_another_process(engine: Engine) -> Iterator[Callable[[str], list[Int64s]]]:
    """Reads a large SQLite file."""
    command = [sys.executable, "-m", "chec.jobs.sqlite_reader", str(engine.url.database)]
    # A session of its own, or Ctrl-C would reach it while the worker finishes what it is at.
    with Popen(  # noqa: S603  (this program itself)
        command, stdin=PIPE, stdout=PIPE, start_new_session=True
    ) as process:
        queries, answers = cast(BufferedIOBase, process.stdin), cast(BufferedIOBase, process.stdout)
        yield partial(_ask_the_process, queries, pa.PythonFile(answers, "r"))


def _ask_the_process(queries: BufferedIOBase, answers: pa.PythonFile, query: str) -> list[Int64s]:
    queries.write(json.dumps(query).encode() + b"\n")
    queries.flush()
    with pa.ipc.open_stream(answers) as stream:
        return _columns(stream.read_all())


@contextmanager
def _by_adbc(engine: Engine) -> Iterator[Callable[[str], list[Int64s]]]:
    import adbc_driver_postgresql.dbapi  # noqa: PLC0415  half a second, which SQLite need not wait

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with adbc_driver_postgresql.dbapi.connect(address) as bulk, bulk.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield partial(_ask_adbc, cursor)


def _ask_adbc(cursor: "Cursor", query: str) -> list[Int64s]:
    cursor.execute(query)
    return _columns(cursor.fetch_arrow_table())


def _columns(table: pa.Table) -> list[Int64s]:
    return [column.to_numpy().astype(np.int64, copy=False) for column in table.columns]


def _written_out(query: Select[Any], engine: Engine) -> str:
    """The query with its values in it: with parameters, ADBC would not read by COPY."""
    return str(query.compile(engine, compile_kwargs={"literal_binds": True}))
