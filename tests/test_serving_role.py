"""The web and the worker do with a role of PostgreSQL that owns nothing and may not change tables.

The README gives these statements; whoever owns the tables runs them, before or after the first
upgrade.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
import sqlalchemy as sa
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from chec import clock, database_schema
from chec.db import make_engine, open_session
from chec.jobs.returns import RETURNS_JOB
from chec.jobs.worker import Worker
from chec.models import AuditEvent, ReturnsRun, Role
from chec.queries.audit_chain import find_break
from tests import builders
from tests.client import Client, serving
from tests.databases import Databases
from tests.settings import settings_for

pytestmark = pytest.mark.backend("postgresql")

STATEMENTS = """
CREATE ROLE chec_serves LOGIN PASSWORD 'only for tests';
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO chec_serves;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO chec_serves;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO chec_serves;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO chec_serves;
"""


@pytest.fixture(params=["blank", "empty"], ids=["before the tables", "after the tables"])
def serving_url(backend: Databases, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database's URL for the lesser role, brought up to date by whoever owns it."""
    role = f"serves_{uuid4().hex}"
    with backend.copy_of(request.param) as url:
        owner = make_engine(url)
        run(owner, STATEMENTS.replace("chec_serves", role))
        database_schema.upgrade(owner)
        yield sa.make_url(url).set(username=role).render_as_string(hide_password=False)
        run(owner, f"DROP OWNED BY {role}; DROP ROLE {role}")
        owner.dispose()


@pytest.fixture
def serves(serving_url: str) -> Iterator[Engine]:
    engine = make_engine(serving_url)
    yield engine
    engine.dispose()


def test_pages_are_served_and_returns_are_run(
    serving_url: str, serves: Engine, tmp_path: Path
) -> None:
    with open_session(serves, write=True) as session:
        opened_on = clock.today() - timedelta(days=400)
        centre = builders.a_centre(session, opened_on=opened_on)
        user = builders.a_user(session)
        builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
        session.commit()
    with serving(settings_for(serving_url, tmp_path)) as app:
        client = app.test_client()
        assert isinstance(client, Client)
        client.sign_in(user)
        assert client.get("/account").status_code == 200
        assert client.get(f"/centres/C-{centre.id:04d}").status_code == 200
        assert client.post("/account/sign-out-everywhere").status_code == 303
    Worker(serves, [RETURNS_JOB]).do_due(RETURNS_JOB, Event())
    with open_session(serves, write=False) as session:
        assert session.scalars(sa.select(ReturnsRun)).all()
        assert session.scalars(sa.select(AuditEvent)).all()
        assert find_break(session) is None


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_event_no_change ON audit_event",
        "TRUNCATE audit_event",
        "DROP TABLE transfer",
        "CREATE TABLE another (id integer)",
        "SET session_replication_role = replica",
    ],
)
def test_what_keeps_the_trail_as_it_was_cannot_be_taken_away(
    serves: Engine, statement: str
) -> None:
    with pytest.raises(ProgrammingError) as refused:
        run(serves, statement)
    assert isinstance(refused.value.orig, InsufficientPrivilege)


def run(engine: Engine, statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
