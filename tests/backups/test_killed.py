"""`kill -9` in the middle of a backup or of a restore: all was done, or nothing."""

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.db import open_session
from chec.models import User
from chec.queries.audit_chain import find_break
from tests import builders
from tests.backups.commands import Chec
from tests.backups.processes import back_up_to, kill_after, restore_from, seconds_for
from tests.backups.test_restore import head
from tests.backups.writers import trial_balance
from tests.benchmarks import synthetic_ledger

KILLS = 5


@pytest.fixture
def url(chec: Chec, database_url: str, engine: Engine, session: Session) -> str:
    """A database with so many rows that a backup and a restore take their time."""
    session.close()
    synthetic_ledger.load(engine, ventures=500)
    return database_url


def add_somebody(engine: Engine) -> None:
    with open_session(engine, write=True) as session:
        builders.a_user(session)
        session.commit()


def is_anybody_there(engine: Engine) -> bool:
    with open_session(engine, write=False) as session:
        return session.exec(select(User.id)).first() is not None


def test_a_backup_that_was_killed_is_none_or_whole(
    chec: Chec, engine: Engine, url: str, file: Path
) -> None:
    was, chance, killed = trial_balance(engine), Random(2026), 0
    engine.dispose()
    whole = seconds_for(back_up_to, url, file)

    while killed < KILLS:
        name = file.with_name(f"backup-{killed}")
        killed += kill_after(chance.uniform(0, whole), back_up_to, url, name)
        assert not name.exists() or seconds_for(restore_from, url, name)
        name.unlink(missing_ok=True)

    assert trial_balance(engine) == was
    assert all(".part" in each.name for each in file.parent.iterdir() if each != file)
    assert chec("db", "check").exit_code == 0


def test_a_restore_that_was_killed_was_done_or_was_not(
    chec: Chec, engine: Engine, url: str, file: Path
) -> None:
    """From one backup to the other and back: a third state there is not."""
    smaller, larger = file.with_name("smaller"), file.with_name("larger")
    seconds_for(back_up_to, url, smaller)
    add_somebody(engine)
    balance = trial_balance(engine)
    engine.dispose()
    seconds_for(back_up_to, url, larger)
    whole = seconds_for(restore_from, url, smaller)
    chance, killed, stands = Random(2026), 0, [head(engine)]

    while killed < KILLS:
        into = smaller if is_anybody_there(engine) else larger
        engine.dispose()
        killed += kill_after(chance.uniform(0, whole), restore_from, url, into)
        stands.append(head(engine))
        if stands[-1] != stands[-2]:
            assert is_anybody_there(engine) is (into == larger)
        with open_session(engine, write=False) as session:
            assert find_break(session) is None

    assert trial_balance(engine) == balance
    assert len(set(stands)) < len(stands)
    assert chec("db", "check").exit_code == 0
