"""The portfolio page, asked for and answered, against its template on the same data in memory.

The floor renders the template with what the view had given it, again and again, in one request
whose viewer is known already: no query, no routing, no sign-in, no headers. Time is CPU's, so that
it hardly matters what else the machine does.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from flask import Flask, render_template, template_rendered
from sqlalchemy import event
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
from tests.client import signed_in
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
            page, floor, queries = _measure(app, user)
        times = f"{page * 1e3:.1f} | {floor * 1e3:.1f} | {page / floor:.2f}"
        print(f"| {ventures} | {queries} | {times} |")


def _measure(app: Flask, user: User) -> tuple[float, float, int]:
    """Seconds for the page, seconds for its floor, and how many queries the page asks."""
    client = app.test_client()
    state, _token = signed_in(app, user, client.environ_base)
    with client.session_transaction() as session:
        session.update(state)
    context: dict[str, Any] = {}

    def keep(_app: Flask, **rendered: Any) -> None:
        context.update(rendered["context"])

    with template_rendered.connected_to(keep, app):
        assert client.get(PAGE).status_code == 200
    with _asked(app) as queries:
        client.get(PAGE)
    cookie = client.get_cookie("chec_session")
    assert cookie
    headers = {"Cookie": f"chec_session={cookie.value}"}
    with app.test_request_context(PAGE, headers=headers, environ_base=client.environ_base):
        app.preprocess_request()
        render_template("centres/show.html", **context)
        page, floor = _by_turns(
            lambda: client.get(PAGE), lambda: render_template("centres/show.html", **context)
        )
    return page, floor, len(queries)


def _by_turns(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each, measured by turns."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(REPEATS):
        for taken, work in zip(seconds, works, strict=True):
            begun = process_time()
            work()
            taken.append(process_time() - begun)
    return [median(taken) for taken in seconds]


@contextmanager
def _asked(app: Flask) -> Iterator[list[str]]:
    queries: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            queries.append(statement)

    engine = app.extensions["chec_engine"]
    event.listen(engine, "before_cursor_execute", note)
    yield queries
    event.remove(engine, "before_cursor_execute", note)


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
