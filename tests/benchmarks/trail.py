"""Proving the audit trail, against reading its rows."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median
from time import perf_counter

import sqlalchemy as sa
from sqlalchemy import Engine

from chec import audit, database_schema
from chec.db import make_engine, open_session
from chec.models import AuditEvent, AuditSubject, Event
from chec.queries.audit_chain import find_break
from tests import builders

COUNT, AT_ONCE = 100_000, 1_000
REPEATS = 5


def report() -> None:
    """Print the table, on SQLite."""
    print("\nProving the audit trail, SQLite, medians of", REPEATS)
    print("| events | proved, s | rows read, s | ratio |")
    print("| ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="chec-bench-") as folder:
        engine = make_engine(f"sqlite:///{folder}/chec.db")
        database_schema.upgrade(engine)
        load(engine, COUNT)
        proved, read = _seconds(lambda: _prove(engine)), _seconds(lambda: _read(engine))
        print(f"| {COUNT:,} | {proved:.2f} | {read:.2f} | {proved / read:.1f} |")
        engine.dispose()


def load(engine: Engine, count: int) -> None:
    """So many transfers posted, a minute apart."""
    with open_session(engine, write=True) as session:
        user, centre = builders.a_user(session), builders.a_centre(session)
        actor = replace(builders.an_actor(), user_id=user.id, address="192.0.2.7")
        for number in range(1, count + 1):
            audit.record(
                session,
                replace(actor, at=builders.NOW + timedelta(minutes=number)),
                Event.TRANSFER_POSTED,
                f"T-{number:04d}",
                centre_id=centre.id,
                about=["V-0001", f"CL-{number // 20 + 1:04d}"],
                after={"pence": number, "cause": "payment", "debit": "bank"},
            )
            if number % AT_ONCE == 0:
                session.commit()
        session.commit()


def _prove(engine: Engine) -> None:
    with open_session(engine, write=False) as session:
        assert find_break(session) is None


def _read(engine: Engine) -> None:
    with engine.connect() as connection:
        for table in (AuditEvent, AuditSubject):
            connection.execute(sa.select(sa.inspect(table).local_table)).all()


def _seconds(act: Callable[[], None]) -> float:
    times = []
    for _ in range(REPEATS):
        begun = perf_counter()
        act()
        times.append(perf_counter() - begun)
    return median(times)
