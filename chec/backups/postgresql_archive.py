"""Backups of PostgreSQL: an archive that pg_dump writes and pg_restore reads.

pg_restore only turns the archive into statements. They are run here, in one transaction with what
is to be looked at and changed before it is kept: psql would keep the half of a script that broke.
"""

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from chec.errors import RuleBroken
from chec.rules.restoring import Head, Stand

NAME = "PostgreSQL"
BEGINS_WITH = b"PGDMP"

_CONNECTED = (
    "Somebody else is connected to the database. Stop the web and every worker, and close every"
    " other program that is connected; pg_stat_activity lists them."
)
_SECONDS_TO_WAIT = 2
_OTHERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"  # without one: the server's own
)
_OURS = """
SELECT format('DROP TABLE %I.%I CASCADE', nspname, relname)
FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname = current_schema() AND relkind IN ('r', 'p')
UNION ALL
SELECT format('DROP FUNCTION %s CASCADE', p.oid::regprocedure)
FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname = current_schema() AND prorettype = 'trigger'::regtype
"""
_INSTALL = (
    "Install the client programs of PostgreSQL, on Debian or Ubuntu with: sudo apt-get install"
    " postgresql-client{}"
)
_NO_OWNERS = ("--no-owner", "--no-privileges")
_SETS = re.compile(r"^(SET |SELECT pg_catalog\.set_config\(|\\).*\n", re.MULTILINE)
"""What a script sets for psql; older servers do not know all of it, and only psql `\\restrict`."""
_ROWS_OF = re.compile(r"COPY \S+\.(\w+) \((.*)\) FROM stdin;\n")
_END_OF_ROWS = b"\\.\n"


def write(engine: Engine, part: Path) -> None:
    """Write the database as it is now, while others write, into the empty file `part`."""
    with engine.connect() as connection:
        schema = _schema(connection)
        program = _new_enough(_program("pg_dump"), connection)
    address, environment = _address(engine)
    command = [program, "--format=custom", "--encoding=UTF8", "--no-password", schema, address]
    try:
        with _output([*command, *_NO_OWNERS], environment) as archive, part.open("wb") as file:
            shutil.copyfileobj(archive, file)
    except subprocess.CalledProcessError as failed:
        raise RuleBroken(failed.stderr) from failed


def read_stand(file: Path) -> Stand | None:
    """Where the backup stands, if pg_restore can read all of it. Raises RuleBroken."""
    firsts: dict[str, dict[str, str]] = {}
    with _script(file, "--section=data") as lines:
        for statement, rows in _statements(lines):
            named = _ROWS_OF.fullmatch(statement)
            if named and named[1] in {"alembic_version", "audit_head"}:
                row = next(rows, b"").decode().rstrip("\n")
                firsts[named[1]] = dict(zip(named[2].split(", "), row.split("\t"), strict=False))
    if "alembic_version" not in firsts:
        return None
    head = firsts.get("audit_head")
    return Stand(
        firsts["alembic_version"]["version_num"],
        Head(head["genesis"], int(head["last_id"]), head["hash"]) if head else None,
    )


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """The database, with all of it locked and nobody else connected. Raises RuleBroken.

    What is done with it is kept when the block ends, and not at all if it raises.
    """
    with engine.begin() as connection:
        _lock(connection)
        _refuse_others(connection)
        yield connection


@contextmanager
def loaded(live: Connection, file: Path) -> Iterator[Connection]:
    """What the backup holds, in place of what was in `live`; its transaction goes on."""
    driver: Any = live.connection.driver_connection
    schema = _schema(live)
    for drop in driver.execute(_OURS).fetchall():
        driver.execute(drop[0])
    _play(driver, file, "--section=pre-data", schema)
    with _script(file, "--section=data", schema) as lines:
        for statement, rows in _statements(lines):
            _fill(driver, statement, rows)
    _play(driver, file, "--section=post-data", schema)
    yield live


def _lock(connection: Connection) -> None:
    quote = connection.dialect.identifier_preparer.quote
    tables = [quote(name) for name in sa.inspect(connection).get_table_names()]
    connection.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
    try:
        if tables:
            connection.execute(sa.text(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as error:
        raise RuleBroken(_CONNECTED) from error


def _refuse_others(connection: Connection) -> None:
    """A session outlives its process for a moment: that long it is waited for."""
    until = monotonic() + _SECONDS_TO_WAIT
    while connection.scalar(_OTHERS):
        if monotonic() > until:
            raise RuleBroken(_CONNECTED)
        sleep(0.1)
        connection.execute(sa.text("SELECT pg_stat_clear_snapshot()"))


def _play(driver: Any, file: Path, *options: str) -> None:
    with _script(file, *options) as lines:
        driver.execute(_SETS.sub("", b"".join(lines).decode()))


def _fill(driver: Any, statement: str, rows: Iterable[bytes]) -> None:
    if statement.startswith("COPY "):
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write(row)
    elif statement.startswith("SELECT pg_catalog.setval("):
        driver.execute(statement)


def _statements(lines: Iterable[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each line of a script of data that is not itself data, with the data that follows it."""
    remaining = iter(lines)
    for line in remaining:
        is_copy = line.startswith(b"COPY ")
        rows = takewhile(_END_OF_ROWS.__ne__, remaining) if is_copy else iter(())
        yield line.decode(), rows
        deque(rows, maxlen=0)


@contextmanager
def _script(file: Path, *options: str) -> Iterator[IO[bytes]]:
    """The lines of what pg_restore would have psql do. Raises RuleBroken if it cannot read on."""
    command = [_program("pg_restore"), *_NO_OWNERS, "--file=-", *options, str(file.absolute())]
    try:
        with _output(command, dict(os.environ)) as lines:
            yield lines
    except subprocess.CalledProcessError as failed:
        raise RuleBroken(f"{file} cannot be read. {failed.stderr}") from failed


@contextmanager
def _output(command: Sequence[str], environment: dict[str, str]) -> Iterator[IO[bytes]]:
    """What a program says. Raises CalledProcessError, with its last words, if it ends badly."""
    with (
        TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603  pg_dump or pg_restore, with arguments of our own
            command, stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as program,
    ):
        assert program.stdout
        yield program.stdout
        if code := program.wait():
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip()
            raise subprocess.CalledProcessError(code, command[0], stderr=words)


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise RuleBroken(f"There is no {name} on the PATH. {_INSTALL.format('')}")
    return found


def _new_enough(program: str, connection: Connection) -> str:
    """`program`, if it is of the server's version or newer: pg_dump reads no newer server."""
    with _output([program, "--version"], dict(os.environ)) as said:
        version = re.search(r"(\d+)", said.read().decode())
    server = int((connection.dialect.server_version_info or (0,))[0])
    if version and int(version[1]) < server:
        raise RuleBroken(
            f"{program} is of PostgreSQL {version[1]}, and the server of {server}."
            f" {_INSTALL.format(f'-{server}')}"
        )
    return program


def _schema(connection: Connection) -> str:
    return f"--schema={connection.scalar(sa.text('SELECT current_schema()'))}"


def _address(engine: Engine) -> tuple[str, dict[str, str]]:
    """The database for a program's arguments, and the environment with the password in it."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415  SQLite need not wait for it

    _, told = engine.dialect.create_connect_args(engine.url)
    del told["context"]  # the driver's own
    password = told.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    return f"--dbname={make_conninfo(**told)}", environment
