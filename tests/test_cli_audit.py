"""`chec audit`, and what `chec db check` says of the trail."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select

from chec.cli import main
from chec.models import AuditEvent, AuditHead
from chec.queries.audit_chain import get_event, head_of
from chec.rules.audit_chain import Link, link_hash
from tests import builders

Chec = Callable[..., Result]
EVENTS = SQLModel.metadata.tables["audit_event"]


@pytest.fixture
def chec(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chec:
    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    monkeypatch.setenv("CHEC_DATA_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


@pytest.fixture
def hashes(session: Session) -> list[str]:
    """Of the beginning and of three events; the last is the head's."""
    genesis = head_of(session).genesis
    for name in ("Wren Valley", "Fenmoor", "Alder"):
        builders.a_payer(session, name=name)
    session.commit()
    found = [get_event(session, number) for number in (1, 2, 3)]
    session.commit()
    return [genesis, *(each.hash for each in found if each)]


def test_a_whole_trail_is_proved(chec: Chec, hashes: list[str]) -> None:
    done = chec("audit", "verify")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "The trail is whole. Its last event is 3 of 16 November 2026 at 09:30.",
        f"Its head is {hashes[-1]}.",
    ]


def test_a_trail_without_an_event_is_whole(chec: Chec, database_url: str) -> None:
    assert database_url
    done = chec("audit", "verify")
    assert (done.exit_code, done.output) == (0, "The trail is whole. It has no event yet.\n")


def test_the_head_is_printed_to_be_noted(chec: Chec, hashes: list[str]) -> None:
    assert chec("audit", "head").output == f"3 {hashes[-1]}\n"


def test_a_noted_hash_is_found_again(chec: Chec, hashes: list[str]) -> None:
    said = chec("audit", "verify", "--head", hashes[2].upper()).output
    assert "that of event 2 of 16 November 2026 at 09:30: up to there nothing has changed" in said
    said = chec("audit", "verify", "--head", hashes[0]).output
    assert "no event had happened yet" in said


def test_a_hash_that_is_none_is_refused(chec: Chec, hashes: list[str]) -> None:
    refused = chec("audit", "verify", "--head", hashes[-1][:-1])
    assert (refused.exit_code, "64 digits" in refused.output) == (1, True)


def test_a_changed_event_is_named(chec: Chec, hashes: list[str], engine: Engine) -> None:
    assert hashes
    changed = sa.update(EVENTS).where(EVENTS.c.id == 2).values(acting_for="nobody")
    past_the_triggers(engine, changed)
    for command in (("audit", "verify"), ("db", "check")):
        refused = chec(*command)
        assert refused.exit_code == 1
        if command[0] == "audit":
            assert refused.output == (
                "Error: The audit trail is broken at event 2. It was changed: what it says no"
                " longer gives its hash.\n"
            )


def test_the_check_of_the_database_proves_the_trail(
    chec: Chec, session: Session, hashes: list[str]
) -> None:
    assert hashes
    assert chec("db", "check").exit_code == 0
    head_of(session).last_id = 4
    session.commit()
    refused = chec("db", "check")
    assert refused.exit_code == 1
    assert re.search("broken at event 4. It is not there: the trail once", refused.output)


def test_a_trail_rewritten_from_some_event_on_is_told_by_a_noted_hash(
    chec: Chec, hashes: list[str], engine: Engine
) -> None:
    rewrite_from(engine, 2)
    assert chec("audit", "verify").exit_code == 0
    assert chec("audit", "verify", "--head", hashes[1]).exit_code == 0
    for noted in hashes[2:]:
        refused = chec("audit", "verify", "--head", noted)
        assert refused.exit_code == 1
        assert "cut or rewritten after it was noted" in refused.output


def past_the_triggers(engine: Engine, *statements: sa.Executable) -> None:
    """Do what whoever owns the database can do."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(sa.text("DROP TRIGGER audit_event_no_update"))
        else:
            connection.execute(sa.text("DROP TRIGGER audit_event_no_change ON audit_event"))
        for statement in statements:
            connection.execute(statement)


def rewrite_from(engine: Engine, number: int) -> None:
    """Change the event and everything that its hash goes into, the head too."""
    with Session(engine) as session:
        previous = session.get_one(AuditEvent, number).previous_hash
        statements: list[sa.Executable] = []
        later = select(AuditEvent).where(col(AuditEvent.id) >= number)
        for event in session.exec(later.order_by(col(AuditEvent.id))):
            told = event.model_dump(include=set(Link._fields))
            link = Link(**{**told, "about": (event.subject,), "acting_for": "nobody"})
            new = {"previous_hash": previous, "hash": link_hash(previous, link)}
            statement = sa.update(EVENTS).where(EVENTS.c.id == event.id)
            statements.append(statement.values(acting_for="nobody", **new))
            previous = new["hash"]
    head = SQLModel.metadata.tables[str(AuditHead.__tablename__)]
    past_the_triggers(engine, *statements, sa.update(head).values(hash=previous))
