"""Engine and session.

SQLite and PostgreSQL behave alike here: foreign keys hold, and a writing transaction on SQLite
takes its lock when it begins (`BEGIN IMMEDIATE`), so that two writers cannot both read and then
both write.
"""

import sqlite3

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlmodel import Session

_LOCK_SECONDS = 20
"""How long one waits for another's lock: less than gunicorn, which ends a request after 30."""

_SQLITE_PRAGMAS = (
    "foreign_keys=ON",
    "journal_mode=WAL",
    "synchronous=FULL",  # with NORMAL a power cut loses acknowledged commits
    f"busy_timeout={_LOCK_SECONDS * 1000}",
    "recursive_triggers=ON",  # without it INSERT OR REPLACE slips past append-only triggers
)


def make_engine(url: str) -> Engine:
    """An engine for `url` with the connection settings that the invariants need.

    Its errors do not name the values of a statement, so that no personal data reaches a log.
    """
    if not url.startswith("sqlite"):
        wait = {"options": f"-c lock_timeout={_LOCK_SECONDS}s"}
        return create_engine(url, connect_args=wait, pool_pre_ping=True, hide_parameters=True)
    wait_and_begin_ourselves = {"timeout": _LOCK_SECONDS, "isolation_level": None}
    engine = create_engine(url, connect_args=wait_and_begin_ourselves, hide_parameters=True)
    return _as_sqlite_needs(engine)


def make_engine_on(connection: sqlite3.Connection) -> Engine:
    """An engine on this one connection, which begins no transaction by itself."""
    engine = create_engine(
        "sqlite://", creator=lambda: connection, poolclass=StaticPool, hide_parameters=True
    )
    return _as_sqlite_needs(engine)


def open_session(engine: Engine, *, write: bool) -> Session:
    """A session that has not begun.

    One that writes takes SQLite's write lock when it begins; one that reads sees the database as it
    was at its first question, so that figures of one page agree.
    """
    return Session(_bound(engine, write=write), expire_on_commit=False)


def write_from_here(session: Session, engine: Engine) -> None:
    """End what a reading session has read; what it does next is a transaction that writes."""
    session.commit()
    session.bind = _bound(engine, write=True)


def _bound(engine: Engine, *, write: bool) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_begin="IMMEDIATE" if write else "DEFERRED")
    return engine if write else engine.execution_options(isolation_level="REPEATABLE READ")


def _as_sqlite_needs(engine: Engine) -> Engine:
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # The driver's own transaction mode loses updates under concurrent writers; we begin ourselves.
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
