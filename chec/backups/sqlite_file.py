"""Backups of SQLite: a file that is a database itself, made by SQLite's backup API."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from chec.backups.stand import stand_of
from chec.db import make_engine_on
from chec.errors import RuleBroken
from chec.rules.restoring import Stand

NAME = "SQLite"
BEGINS_WITH = b"SQLite format 3\0"

_CONNECTED = (
    "Somebody is connected to the database. Stop the web and every worker, and close every other"
    " program that has the file open."
)
_MILLISECONDS_TO_WAIT = 1000


def write(engine: Engine, part: Path) -> None:
    """Write the database as it is now, while others write, into the empty file `part`."""
    with engine.connect() as connection, closing(sqlite3.connect(part)) as copy:
        _driver(connection).backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


def read_stand(file: Path) -> Stand | None:
    """Where the backup stands, if SQLite finds nothing wrong with it. Raises RuleBroken."""
    reading = create_engine("sqlite://", creator=lambda: _opened(file), poolclass=NullPool)
    with reading.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        if found != ["ok"] or connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuleBroken(f"{file} is damaged. Take another backup.")
        return stand_of(connection)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """The database, while nobody else is connected to it or can be. Raises RuleBroken.

    SQLite itself refuses to leave write-ahead logging while there is another connection, however
    idle, and drops the locks of a process that was killed.
    """
    try:
        with engine.connect() as connection:
            driver = _driver(connection)
            driver.execute(f"PRAGMA busy_timeout={_MILLISECONDS_TO_WAIT}")
            driver.execute("PRAGMA locking_mode=EXCLUSIVE")
            driver.execute("PRAGMA journal_mode=DELETE")
            driver.execute("BEGIN EXCLUSIVE")
            driver.execute("COMMIT")  # the lock is kept
            yield connection
    except (sqlite3.OperationalError, OperationalError) as error:
        if "locked" in str(error):
            raise RuleBroken(_CONNECTED) from error
        raise


@contextmanager
def loaded(live: Connection, file: Path) -> Iterator[Connection]:
    """What the backup holds, to be changed still; at the end it is put into `live`.

    It waits in a temporary file without a name, which is gone with the process. Putting it into
    `live` is one transaction of SQLite's.
    """
    live.rollback()
    with closing(sqlite3.connect("", isolation_level=None)) as waiting:
        with closing(_opened(file)) as backup:
            backup.backup(waiting)
        with make_engine_on(waiting).begin() as connection:
            yield connection
        waiting.backup(_driver(live))


def _opened(file: Path) -> sqlite3.Connection:
    # As something that nobody changes, SQLite puts nothing beside it.
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)
