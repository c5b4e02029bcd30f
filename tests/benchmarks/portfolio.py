"""The portfolio page, against its template on the same data in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlmodel import Session

from chec import database_schema
from chec.actions.returns_runs import store_returns_run
from chec.app import create_app
from chec.db import make_engine, open_session
from chec.jobs.returns import compute_run
from chec.models import Centre, Role, User
from chec.permissions import system_actor
from tests import builders
from tests.benchmarks import synthetic_ledger
from tests.benchmarks.pages import measure_page
from tests.settings import settings_for

SIZES = (5, 500)
REPEATS = 60
PAGE = "/centres/C-0001"


def report() -> None:
    """Print the table, on SQLite."""
    print("\nPortfolio page, SQLite, medians of", REPEATS)
    print("| ventures | queries | page, ms | template in memory, ms | ratio |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for ventures in SIZES:
        with _portfolio(ventures) as (app, user):
            print(f"| {ventures} | {measure_page(app, user, PAGE, REPEATS).cells} |")


@contextmanager
def _portfolio(ventures: int) -> Iterator[tuple[Flask, User]]:
    """The application on a centre of so many ventures with a run, and its director."""
    with tempfile.TemporaryDirectory(prefix="chec-bench-") as folder:
        settings = settings_for(f"sqlite:///{folder}/chec.db", Path(folder))
        engine = make_engine(settings.url)
        database_schema.upgrade(engine)
        synthetic_ledger.load(engine, ventures)
        at = builders.NOW
        computed = compute_run(engine, 1, as_of=synthetic_ledger.LAST_DAY, known_at=at)
        with open_session(engine, write=True) as session:
            store_returns_run(session, system_actor(at), computed)
            user = _director(session)
            session.commit()
        engine.dispose()
        app = create_app(settings)
        yield app, user
        app.extensions["chec_engine"].dispose()


def _director(session: Session) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=session.get(Centre, 1))
    return user
