"""Whatever is done to the stored trail past its triggers is found, and the first break named."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Executable
from sqlmodel import Session, SQLModel

from chec import audit
from chec.models import AuditEvent, AuditHead, AuditSubject, Event
from chec.queries.audit_chain import find_break
from chec.rules.audit_chain import Break
from tests import builders

COUNT = 7
EVENTS, SUBJECTS, HEADS = (
    SQLModel.metadata.tables[str(table.__tablename__)]
    for table in (AuditEvent, AuditSubject, AuditHead)
)
FIELDS = [column.name for column in EVENTS.columns if column.name != "id"]

number = st.integers(1, COUNT)
damages = st.one_of(
    st.tuples(st.just("change"), number, st.sampled_from(FIELDS), st.integers(0, 2)),
    st.tuples(st.just("renumber"), number, st.sampled_from([-1, 0, COUNT + 1, 41])),
    st.tuples(st.just("delete"), number),
    st.tuples(st.just("swap"), number, number),
    st.tuples(st.just("copy"), number, st.sampled_from([-1, 0, COUNT + 1])),
    st.tuples(st.just("add subject"), st.integers(0, COUNT + 2)),
    st.tuples(st.just("change subject"), number),
    st.tuples(st.just("delete subject"), number),
    st.tuples(st.just("change head"), st.sampled_from(["genesis", "hash", "last_id"])),
    st.tuples(st.just("delete head")),
)


@pytest.fixture
def trail(engine: Engine, session: Session) -> Engine:
    """A few events, in tables that no longer protect themselves."""
    user = builders.a_user(session)
    for each in range(2, COUNT + 1):
        audit.record(
            session,
            builders.an_actor(at=builders.NOW + timedelta(seconds=each)),
            Event.CLAIM_DECIDED,
            f"CL-{each:04d}",
            f"number {each}",
            centre_id=each,
            about=["V-0001", "O-0002"],
            after={"pence": each},
            row_count=each,
            content_hash=str(each),
        )
    session.commit()
    assert user.id == 1
    session.commit()
    with engine.begin() as connection:
        _let_go(connection)
    return engine


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=damages)
def test_any_single_damage_is_found_where_it_is(trail: Engine, damage: tuple[Any, ...]) -> None:
    with trail.connect() as connection:
        _without_foreign_keys(connection)
        statements, first = _done(connection, *damage)
        for statement in statements:
            connection.execute(statement)
        found = _found(connection)
        connection.rollback()
    if first is None:
        assert found is None
    else:
        assert found
        assert found.number == first


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize(
    "value", ["'yesterday'", "12", "'2026-11-16T09:30:03'", "X'00'"], ids=["word", "int", "T", "b"]
)
@pytest.mark.parametrize("name", FIELDS)
def test_what_no_column_should_hold_is_found_too(trail: Engine, name: str, value: str) -> None:
    with trail.connect() as connection:
        _without_foreign_keys(connection)
        connection.execute(sa.text(f"UPDATE audit_event SET {name} = {value} WHERE id = 3"))
        found = _found(connection)
        connection.rollback()
    assert found
    assert found.number == 3


def test_an_untouched_trail_is_whole(trail: Engine) -> None:
    with trail.connect() as connection:
        assert _found(connection) is None


def _found(connection: Connection) -> Break | None:
    with Session(connection) as session:
        return find_break(session)


def _let_go(connection: Connection) -> None:
    """Drop what protects the trail."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'"
        for name in connection.execute(sa.text(query)).scalars().all():
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
    else:
        for table in ("audit_event", "audit_subject"):
            connection.execute(sa.text(f"DROP TRIGGER {table}_no_change ON {table}"))
            for key in sa.inspect(connection).get_foreign_keys(table):
                connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT {key['name']}"))


def _without_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")


def _done(connection: Connection, what: str, *told: Any) -> tuple[list[Executable], int | None]:
    """The statements that do a damage, and where it is to be found; None where it does nothing."""
    key, statements, first = EVENTS.c.id, list[Executable](), None
    match what, *told:
        case "change", place, name, choice:
            other = _other(connection, place, name, choice)
            statements, first = [sa.update(EVENTS).where(key == place).values({name: other})], place
        case "renumber", place, new:
            statements = [sa.update(EVENTS).where(key == place).values(id=new)]
            first = new if new < 1 or place == COUNT else place + 1
        case "delete", place:
            statements = [sa.delete(EVENTS).where(key == place)]
            first = min(place + 1, COUNT)
        case "swap", one, other if one != other:
            statements, first = _swap(connection, one, other), min(one, other)
        case "copy", place, new:
            row = {**_row(connection, place), "id": new}
            statements, first = [sa.insert(EVENTS).values(row)], new
        case "add subject", place:
            row = {"event_id": place, "subject": "V-0099"}
            statements, first = [sa.insert(SUBJECTS).values(row)], place
        case "change subject", place:
            statements = [sa.update(SUBJECTS).where(_first_of(place)).values(subject="Z")]
            first = place
        case "delete subject", place:
            statements, first = [sa.delete(SUBJECTS).where(_first_of(place))], place
        case "change head", name:
            value, first = {
                "genesis": ("1" * 64, 1),
                "hash": ("2" * 64, COUNT),
                "last_id": (COUNT + 1, COUNT + 1),
            }[name]
            statements = [sa.update(HEADS).values({name: value})]
        case ("delete head",):
            statements, first = [sa.delete(HEADS)], 0
    return statements, first


def _row(connection: Connection, place: int) -> dict[str, Any]:
    return dict(connection.execute(sa.select(EVENTS).where(EVENTS.c.id == place)).mappings().one())


def _other(connection: Connection, place: int, name: str, choice: int) -> Any:
    """Another value for the field."""
    value = _row(connection, place)[name]
    column = EVENTS.columns[name]
    if name == "at":
        return value + timedelta(microseconds=choice + 1)
    others: list[Any] = [f"{value} ", "x", "y"]
    if isinstance(column.type, sa.Integer):
        others = [(value or 0) + 1, -5, None if value is not None else 0]
    return others[choice] if name != "event" else str(Event.SIGNED_IN)


def _swap(connection: Connection, one: int, other: int) -> list[Executable]:
    rows = {one: _row(connection, other), other: _row(connection, one)}
    return [
        sa.update(EVENTS)
        .where(EVENTS.c.id == place)
        .values({name: value for name, value in row.items() if name != "id"})
        for place, row in rows.items()
    ]


def _first_of(place: int) -> sa.ColumnElement[bool]:
    least = sa.select(sa.func.min(SUBJECTS.c.subject)).where(SUBJECTS.c.event_id == place)
    return sa.and_(SUBJECTS.c.event_id == place, SUBJECTS.c.subject == least.scalar_subquery())
