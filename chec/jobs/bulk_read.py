"""Columns of a million rows, out of one read transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

Int64s = NDArray[np.int64]


@contextmanager
def bulk_read(engine: Engine) -> Iterator[Callable[[Select[Any]], list[Int64s]]]:
    """Asks queries that choose whole numbers only, none NULL; answers with their columns.

    Everything is read in one transaction, and so agrees.
    """
    if engine.dialect.name == "sqlite":
        # Not by ADBC, which brings an SQLite of its own: where two of them have one file open in a
        # process, closing it in one drops the locks of the other, and the file is corrupted.
        with engine.begin() as connection:
            yield partial(_by_the_driver, connection)
        return
    import adbc_driver_postgresql.dbapi  # noqa: PLC0415  half a second, which SQLite need not wait

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with adbc_driver_postgresql.dbapi.connect(address) as bulk, bulk.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield partial(_by_adbc, engine, cursor)


def _by_the_driver(connection: Connection, query: Select[Any]) -> list[Int64s]:
    driver: Any = connection.connection.driver_connection
    rows = chain.from_iterable(driver.execute(_written_out(query, connection.engine)))
    numbers = np.fromiter(rows, np.int64).reshape(-1, len(query.selected_columns))
    return [np.ascontiguousarray(column) for column in numbers.T]


def _by_adbc(engine: Engine, cursor: "Cursor", query: Select[Any]) -> list[Int64s]:
    cursor.execute(_written_out(query, engine))
    table = cursor.fetch_arrow_table()
    return [column.to_numpy().astype(np.int64, copy=False) for column in table.columns]


def _written_out(query: Select[Any], engine: Engine) -> str:
    """The query with its values in it: with parameters, ADBC would not read by COPY."""
    return str(query.compile(engine, compile_kwargs={"literal_binds": True}))
