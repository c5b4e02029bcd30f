"""What is recorded, when, and that it stands in one chain whoever commits at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from threading import Event as Signal
from time import sleep

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from chec import audit, database_schema
from chec.actions.centres import open_centre
from chec.db import make_engine, open_session
from chec.models import AuditEvent, AuditHead, AuditSubject, Centre, Event, User
from chec.permissions import Actor
from chec.queries.audit_chain import find_break, head_of
from chec.queries.centres import lock_centre
from tests import builders

THREADS, EACH = 8, 12


def note(session: Session, subject: str = "V-0001", actor: Actor | None = None) -> None:
    audit.record(session, actor or builders.an_actor(), Event.VENTURE_STARTED, subject)


def subjects(session: Session) -> list[str]:
    """Of every event, in order."""
    return list(session.exec(select(AuditEvent.subject).order_by(col(AuditEvent.id))))


def test_an_event_is_put_on_the_chain_as_its_transaction_commits(session: Session) -> None:
    before = head_of(session).hash
    audit.record(
        session,
        builders.an_actor(),
        Event.VENTURE_STARTED,
        "V-0001",
        "by hand",
        centre_id=3,
        about=["O-0002", "V-0001", "O-0002"],
        before={"stage": "pilot"},
        after={"stage": "scale", "on": "2026-11-16", "pence": 500},
        row_count=2,
        content_hash="abc",
    )
    assert subjects(session) == []
    session.commit()
    event = session.exec(select(AuditEvent)).one()
    assert (event.id, event.at, event.user_id, event.acting_for) == (
        1,
        builders.NOW,
        None,
        "system",
    )
    assert (event.event, event.subject, event.detail) == ("venture started", "V-0001", "by hand")
    assert (event.centre_id, event.row_count, event.content_hash) == (3, 2, "abc")
    changes = '{"stage":["pilot","scale"],"on":[null,"2026-11-16"],"pence":[null,500]}'
    assert event.changes == changes
    assert event.previous_hash == before
    head = head_of(session)
    assert (head.last_id, head.hash) == (1, event.hash)
    about = session.exec(select(AuditSubject.subject).order_by(AuditSubject.subject)).all()
    assert about == ["O-0002", "V-0001"]
    assert find_break(session) is None


def test_what_is_rolled_back_was_never_recorded(session: Session) -> None:
    note(session)
    session.rollback()
    session.commit()
    assert (subjects(session), head_of(session).last_id) == ([], 0)


def test_what_a_closed_session_left_is_not_recorded_by_its_next_transaction(
    session: Session,
) -> None:
    session.exec(select(Centre)).all()
    note(session, "V-0001")
    session.close()
    note(session, "V-0002")
    session.commit()
    assert subjects(session) == ["V-0002"]


def test_only_what_a_savepoint_kept_is_recorded(session: Session) -> None:
    note(session, "V-0001")
    with session.begin_nested():
        note(session, "V-0002")
        undone = session.begin_nested()
        note(session, "V-0003")
        undone.rollback()
        note(session, "V-0004")
    dropped = session.begin_nested()
    note(session, "V-0005")
    with session.begin_nested():
        note(session, "V-0006")
    dropped.rollback()
    session.commit()
    assert subjects(session) == ["V-0001", "V-0002", "V-0004"]


def test_what_failed_inside_a_savepoint_leaves_what_was_recorded_before(session: Session) -> None:
    centre = builders.a_centre(session)
    session.commit()
    note(session, "V-0001")
    savepoint = session.begin_nested()
    note(session, "V-0002")
    session.add(Centre(id=centre.id, name="twice", opened_on=centre.opened_on))
    with pytest.raises(Exception, match=r"(?i)unique|identity"):
        session.flush()
    savepoint.rollback()
    session.commit()
    assert subjects(session)[-1] == "V-0001"
    assert "V-0002" not in subjects(session)


def test_committing_with_a_savepoint_open_records_everything_once(session: Session) -> None:
    note(session, "V-0001")
    session.begin_nested()
    note(session, "V-0002")
    session.commit()
    assert subjects(session) == ["V-0001", "V-0002"]


def test_a_session_goes_on_recording_after_a_commit_and_a_rollback(session: Session) -> None:
    for subject in ("V-0001", "V-0002"):
        note(session, subject)
        session.commit()
    note(session, "V-0003")
    session.rollback()
    note(session, "V-0004")
    session.commit()
    assert subjects(session) == ["V-0001", "V-0002", "V-0004"]
    assert find_break(session) is None


def test_a_commit_that_fails_at_the_head_leaves_nothing(session: Session) -> None:
    builders.a_centre(session)
    session.execute(text("ALTER TABLE audit_head RENAME TO elsewhere"))
    with pytest.raises(DBAPIError):
        session.commit()
    session.rollback()
    session.commit()
    assert (subjects(session), session.exec(select(Centre)).all()) == ([], [])


def test_eight_people_at_once_make_one_chain(engine: Engine, session: Session) -> None:
    centres = [builders.a_centre(session) for _ in range(2)]
    session.commit()
    first = head_of(session).last_id
    session.commit()
    ready = Barrier(THREADS)

    def act(place: int) -> None:
        ready.wait()
        for number in range(EACH):
            with open_session(engine, write=True) as own:
                lock_centre(own, builders.an_actor(), centres[(place + number) % 2].id)
                note(own, f"V-{place:04d}")
                note(own, f"V-{place:04d}")
                if number % 3 == 2:
                    own.rollback()
                else:
                    own.commit()

    with ThreadPoolExecutor(THREADS) as people:
        list(people.map(act, range(THREADS)))

    kept = THREADS * (EACH - EACH // 3) * 2
    assert session.exec(select(func.count()).select_from(AuditEvent)).one() == first + kept
    assert head_of(session).last_id == first + kept
    assert find_break(session) is None


@pytest.mark.backend("postgresql")  # SQLite has one lock for all that is written
def test_whoever_waits_for_a_centre_does_not_hold_the_head(
    engine: Engine, session: Session
) -> None:
    centre = builders.a_centre(session)
    session.commit()
    waits = Signal()

    def wait_for_the_centre() -> None:
        with open_session(engine, write=True) as waiting:
            note(waiting, "V-0002")
            waits.set()
            lock_centre(waiting, builders.an_actor(), centre.id)
            waiting.commit()

    with open_session(engine, write=True) as holding, ThreadPoolExecutor(1) as somebody:
        lock_centre(holding, builders.an_actor(), centre.id)
        waiter = somebody.submit(wait_for_the_centre)
        waits.wait()
        sleep(0.2)
        with open_session(engine, write=True) as third:
            third.execute(text("SET LOCAL lock_timeout = '2s'"))
            note(third, "V-0003")
            third.commit()
        assert not waiter.done()
        note(holding, "V-0001")
        holding.commit()
        waiter.result()
    assert subjects(session)[-3:] == ["V-0003", "V-0001", "V-0002"]


@pytest.mark.backend("postgresql")
def test_whoever_changes_a_key_of_a_user_and_whoever_records_what_they_did_both_come_through(
    engine: Engine, session: Session
) -> None:
    user = builders.a_user(session)
    session.commit()
    actor = replace(builders.an_actor(), user_id=user.id)
    changed = Signal()

    def act() -> None:
        with open_session(engine, write=True) as acting:
            changed.wait()
            note(acting, "V-0001", actor)
            acting.commit()

    with open_session(engine, write=True) as changing, ThreadPoolExecutor(1) as somebody:
        acting = somebody.submit(act)
        changing.get_one(User, user.id).fs_uniquifier = "another"
        changing.flush()
        changed.set()
        sleep(0.3)  # by now the other one has recorded, and waits for the user
        note(changing, "V-0002")
        changing.commit()
        acting.result()
    assert find_break(session) is None
    assert subjects(session)[-2:] == ["V-0002", "V-0001"]


def test_the_head_is_read_afresh_under_its_lock(engine: Engine, session: Session) -> None:
    session.get_one(AuditHead, 1)
    session.commit()
    with open_session(engine, write=True) as other:
        open_centre(other, builders.an_actor(), "Wren Valley", builders.OPENED_ON)
        other.commit()
    note(session, "V-0001")
    session.commit()
    assert subjects(session) == ["C-0001", "V-0001"]
    assert find_break(session) is None


def test_what_was_recorded_before_there_was_a_chain_is_put_on_it(
    engine: Engine, tmp_path: Path
) -> None:
    old = engine
    if engine.dialect.name == "sqlite":
        old = make_engine(f"sqlite:///{tmp_path}/old.db")
    with old.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        config = database_schema._alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for key, subject in ((3, "C-0001"), (7, ""), (8, "GET /centres/C-0001")):
            row = {"id": key, "at": "2026-11-16 09:30:00.000001", "subject": subject}
            connection.execute(
                text(
                    "INSERT INTO audit_event"
                    " (id, at, acting_for, event, subject, address, detail)"
                    " VALUES (:id, :at, 'system', 'refused', :subject, '192.0.2.1', 'é')"
                ),
                row,
            )
    database_schema.upgrade(old)
    with open_session(old, write=True) as session:
        assert find_break(session) is None
        assert subjects(session) == ["C-0001", "", "GET /centres/C-0001"]
        note(session, "V-0001")
        session.commit()
        assert find_break(session) is None
        assert head_of(session).last_id == 4
    assert database_schema.check(old) == []
    old.dispose()
