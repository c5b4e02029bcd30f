"""`chec db restore`: what it puts back, what it asks first, and what it refuses."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from chec import database_schema
from chec.actions.sign_ins import begin_sign_in
from chec.backups.kinds import KINDS
from chec.backups.restore import Loss, restore
from chec.backups.stand import stand_of
from chec.db import make_engine, open_session
from chec.errors import RuleBroken
from chec.models import AuditEvent, Centre, Event, SignIn, SignInMethod
from chec.rules.restoring import Head, Stand
from tests import builders
from tests.backups.commands import Chec
from tests.databases import Databases, add_a_foreign_trigger


def add_centres(engine: Engine, *names: str) -> None:
    with open_session(engine, write=True) as session:
        for name in names:
            builders.a_centre(session, name=name)
        session.commit()


def centres(engine: Engine) -> list[str]:
    with open_session(engine, write=False) as session:
        return list(session.exec(select(Centre.name).order_by(col(Centre.id))))


def stand(engine: Engine) -> Stand | None:
    with engine.connect() as connection:
        return stand_of(connection)


def head(engine: Engine) -> Head:
    found = stand(engine)
    assert found
    assert found.head
    return found.head


def refusal_of(chec: Chec, file: Path) -> str:
    refused = chec("db", "restore", file, "--yes")
    assert refused.exit_code == 1, refused.output
    assert refused.output.endswith("Nothing was restored.\n")
    return refused.output


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_what_came_after_the_backup_is_gone_and_the_trail_says_so(
    chec: Chec, engine: Engine, file: Path
) -> None:
    add_centres(engine, "Before")
    then = head(engine)
    chec("db", "backup", file)
    add_centres(engine, "After")
    lost = head(engine)

    done = chec("db", "restore", file, "--yes")

    assert done.exit_code == 0, done.output
    now = head(engine)
    assert done.output.splitlines() == [
        f"Restored {then.event_count} events, head {then.hash}",
        f"With the restoring, the head is {now.hash}",
    ]
    assert centres(engine) == ["Before"]
    with open_session(engine, write=False) as session:
        event = session.get(AuditEvent, now.event_count)
        assert event
        assert (event.event, event.id) == (Event.RESTORED, then.event_count + 1)
        assert json.loads(event.changes) == {
            "events": [lost.event_count, then.event_count],
            "head": [lost.hash, then.hash],
        }
    assert chec("db", "check").exit_code == 0
    assert chec("audit", "verify", "--head", then.hash).exit_code == 0
    assert chec("audit", "verify", "--head", lost.hash).exit_code == 1
    add_centres(engine, "Again")
    assert centres(engine) == ["Before", "Again"]


def test_a_backup_is_put_into_an_empty_database(
    chec: Chec, engine: Engine, blank_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_centres(engine, "Wren Valley")
    then = head(engine)
    chec("db", "backup", file)
    monkeypatch.setenv("CHEC_DATABASE_URL", blank_url)

    done = chec("db", "restore", file)

    assert done.exit_code == 0, done.output
    assert chec("db", "check").exit_code == 0
    assert chec("audit", "verify", "--head", then.hash).exit_code == 0
    with connected(blank_url) as elsewhere:
        assert centres(elsewhere) == ["Wren Valley"]
        add_centres(elsewhere, "And on")


def test_everybody_signs_in_anew(chec: Chec, engine: Engine, session: Session, file: Path) -> None:
    user = builders.a_user(session)
    begin_sign_in(session, builders.an_actor(), user.id, SignInMethod.PASSWORD)
    session.commit()
    chec("db", "backup", file)

    chec("db", "restore", file, "--yes")

    with open_session(engine, write=False) as reading:
        assert reading.exec(select(SignIn)).one().ended_at is not None


@pytest.mark.parametrize(("answer", "restored"), [("y\n", True), ("n\n", False), ("", False)])
def test_it_is_asked_first_and_said_what_is_lost(
    chec: Chec, engine: Engine, file: Path, answer: str, restored: bool
) -> None:
    add_centres(engine, "Before")
    chec("db", "backup", file)
    add_centres(engine, "After")
    was = stand(engine)

    asked = chec("db", "restore", file, answer=answer)

    assert (
        "The database has 3 events that the backup has not, the last of 16 November 2026 09:30 UTC."
        " What was done since the backup will be lost.\n"
    ) in asked.output
    assert "Put the backup in its place? [y/N]: " in asked.output
    assert asked.exit_code == (0 if restored else 1)
    assert (stand(engine) != was) is restored
    assert centres(engine) == (["Before"] if restored else ["Before", "After"])


def test_a_backup_from_before_a_restore_is_known_to_have_gone_another_way(
    chec: Chec, engine: Engine, file: Path
) -> None:
    earlier, later = file.with_name("earlier"), file.with_name("later")
    chec("db", "backup", earlier)
    add_centres(engine, "First", "Second", "Third")
    chec("db", "backup", later)
    chec("db", "restore", earlier, "--yes")
    add_centres(engine, "Fourth")

    asked = chec("db", "restore", later, answer="y\n")

    assert "The database was restored before and has gone another way than the backup since." in (
        asked.output
    )
    assert centres(engine) == ["First", "Second", "Third"]


def test_a_backup_of_another_database_is_refused(
    chec: Chec, engine: Engine, backend: Databases, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chec("db", "backup", file)
    with backend.copy_of("empty") as url:
        # The template of the tests is one database, and a copy of it the same: of another trail.
        with connected(url) as other, other.begin() as connection:
            connection.execute(text("UPDATE audit_head SET genesis = 'of another'"))
        with connected(url) as other:
            was = stand(other)
        monkeypatch.setenv("CHEC_DATABASE_URL", url)

        said = refusal_of(chec, file)

        assert "The backup is of another database. Restore it into an empty one." in said
        with connected(url) as other:
            assert stand(other) == was


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_the_end(content: bytes) -> bytes:
    return content[:-40]


def scribbled_over(content: bytes) -> bytes:
    """Damaged in many places after its beginning."""
    chance, changed = Random(2026), bytearray(content)
    for place in chance.sample(range(200, len(changed)), 400):
        changed[place] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize(
    "damaged",
    [
        halved,
        without_the_end,
        scribbled_over,
        lambda content: content[:30],
        lambda content: b"",
        lambda content: b"on,debit,credit,pounds\n",
    ],
)
def test_a_file_that_is_not_whole_is_refused_before_anything_is_touched(
    chec: Chec, engine: Engine, file: Path, damaged: Callable[[bytes], bytes]
) -> None:
    add_centres(engine, "Before")
    chec("db", "backup", file)
    file.write_bytes(damaged(file.read_bytes()))
    was = stand(engine)

    refusal_of(chec, file)

    assert stand(engine) == was
    assert chec("db", "check").exit_code == 0


def test_a_file_that_is_not_there_is_a_sentence(chec: Chec, tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory." in refusal_of(chec, tmp_path / "nothing")
    assert "cannot be read: Is a directory." in refusal_of(chec, tmp_path)


def test_a_backup_of_the_other_kind_of_database_is_refused(
    chec: Chec, engine: Engine, file: Path
) -> None:
    begins = {"sqlite": b"PGDMP\x01\x0f", "postgresql": b"SQLite format 3\0"}
    file.write_bytes(begins[engine.dialect.name])

    assert "CHEC_DATABASE_URL names a database of" in refusal_of(chec, file)


def test_a_backup_of_something_else_is_refused(
    chec: Chec, engine: Engine, blank_url: str, file: Path
) -> None:
    with connected(blank_url) as other:
        with other.begin() as connection:
            connection.execute(text("CREATE TABLE recipe (name VARCHAR)"))
        file.touch()
        KINDS[other.dialect.name].write(other, file)

    assert "is no backup of CHEC" in refusal_of(chec, file)


def test_a_database_that_holds_something_else_is_kept(
    chec: Chec, engine: Engine, blank_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chec("db", "backup", file)
    with connected(blank_url) as other, other.begin() as connection:
        connection.execute(text("CREATE TABLE recipe (name VARCHAR)"))
    monkeypatch.setenv("CHEC_DATABASE_URL", blank_url)

    assert "The database holds something else than CHEC. Name an empty one." in (
        refusal_of(chec, file)
    )
    with connected(blank_url) as other:
        assert sa.inspect(other).get_table_names() == ["recipe"]


def test_a_backup_of_a_newer_chec_is_refused(chec: Chec, engine: Engine, file: Path) -> None:
    at_migration(engine, "9999")
    chec("db", "backup", file)
    newest = database_schema.list_migrations()[0]
    at_migration(engine, newest)

    said = refusal_of(chec, file)

    assert f"The backup is at migration 9999, and this CHEC knows none after {newest}." in said


def at_migration(engine: Engine, migration: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{migration}'"))


@pytest.fixture
def old_backup(
    chec: Chec, blank_url: str, file: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Of a database from before the trail was a chain."""
    with connected(blank_url) as old, old.begin() as connection:
        config = database_schema._alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text("INSERT INTO centre (id, name, opened_on) VALUES (1, 'Old', '2020-04-01')")
        )
        connection.execute(
            text(
                "INSERT INTO audit_event (id, at, acting_for, event, subject, address, detail)"
                " VALUES (7, '2020-04-01 09:00:00.000000', 'system', 'centre opened', 'C-0001',"
                " '', '')"
            )
        )
    monkeypatch.setenv("CHEC_DATABASE_URL", blank_url)
    made = chec("db", "backup", file)
    assert made.output == "Backed up at migration 0002, before the trail had a head.\n"
    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    return file


def test_an_old_backup_is_brought_up_to_date(
    chec: Chec,
    engine: Engine,
    backend: Databases,
    old_backup: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with backend.copy_of("blank") as url:
        monkeypatch.setenv("CHEC_DATABASE_URL", url)
        done = chec("db", "restore", old_backup)
        assert done.exit_code == 0, done.output
        assert done.output.startswith("Restored 1 events, head ")
        assert chec("db", "check").exit_code == 0
        with connected(url) as restored:
            assert centres(restored) == ["Old"]
            assert head(restored).event_count == 2


def test_an_old_backup_is_not_known_to_be_of_the_database(
    chec: Chec, engine: Engine, old_backup: Path
) -> None:
    was = stand(engine)

    assert "nothing tells whose it is. Restore it into an empty database." in (
        refusal_of(chec, old_backup)
    )
    assert stand(engine) == was


def test_a_backup_whose_trail_is_broken_is_refused(chec: Chec, engine: Engine, file: Path) -> None:
    add_centres(engine, "Before")
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET hash = 'rewritten'"))
    chec("db", "backup", file)
    was = stand(engine)

    assert "The trail of the backup is broken at event" in refusal_of(chec, file)
    assert stand(engine) == was


def test_a_backup_with_a_trigger_of_others_is_refused(
    chec: Chec, engine: Engine, file: Path
) -> None:
    before = centres(engine)
    add_a_foreign_trigger(engine)
    chec("db", "backup", file)
    add_centres(engine, "Since")

    said = refusal_of(chec, file)

    assert "The trigger evil was made by no migration" in said
    assert "Restore a backup from before that." in said
    assert centres(engine) == [*before, "Since"]


@pytest.mark.backend("sqlite")
def test_a_database_that_cannot_be_read_is_kept(chec: Chec, engine: Engine, file: Path) -> None:
    chec("db", "backup", file)
    live = Path(engine.url.database or "")
    live.write_bytes(b"no database at all" * 1000)

    assert "file is not a database" in refusal_of(chec, file)
    assert live.read_bytes().startswith(b"no database at all")


@pytest.mark.backend("postgresql")
def test_a_backup_of_a_schema_of_another_name_is_refused(
    chec: Chec, engine: Engine, file: Path
) -> None:
    add_centres(engine, "Before")
    chec("db", "backup", file)
    with engine.begin() as connection:
        connection.execute(text("ALTER SCHEMA public RENAME TO elsewhere"))
        name = engine.url.database
        connection.execute(text(f'ALTER DATABASE "{name}" SET search_path TO elsewhere'))
    engine.dispose()
    was = stand(engine)

    assert "is not what was put into the database" in refusal_of(chec, file)
    assert stand(engine) == was
    assert centres(engine) == ["Before"]


def test_a_backup_that_became_another_while_it_was_asked_about_is_refused(
    chec: Chec, engine: Engine, file: Path
) -> None:
    later = file.with_name("later")
    chec("db", "backup", file)
    add_centres(engine, "Kept")
    chec("db", "backup", later)
    was = stand(engine)

    def agreed(_loss: Loss) -> bool:
        shutil.copyfile(later, file)
        return True

    engine.dispose()
    with pytest.raises(RuleBroken, match="is not what was put into the database"):
        restore(engine, builders.an_actor(), file, agreed=agreed)
    assert stand(engine) == was
