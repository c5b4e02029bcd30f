"""A page asked for and answered, against its template on the same data in memory.

The floor renders the template with what the view had given it, again and again, in one request
whose viewer is known already: no query, no routing, no sign-in, no headers. Time is CPU's, so that
it hardly matters what else the machine does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time
from typing import Any, NamedTuple

from flask import Flask, render_template, template_rendered
from sqlalchemy import event

from chec.models import User
from tests.client import signed_in


class Measured(NamedTuple):
    """Median seconds of a page and of its floor, and how many queries the page asks."""

    page: float
    floor: float
    queries: int

    @property
    def cells(self) -> str:
        """Of a table: queries, milliseconds of both, and their ratio."""
        times = f"{self.page * 1e3:.1f} | {self.floor * 1e3:.1f} | {self.page / self.floor:.2f}"
        return f"{self.queries} | {times}"


def measure_page(app: Flask, user: User, path: str, repeats: int) -> Measured:
    """What `user` waits for at `path`."""
    client = app.test_client()
    state, _token = signed_in(app, user, client.environ_base)
    with client.session_transaction() as session:
        session.update(state)
    shown: list[tuple[str, dict[str, Any]]] = []

    def keep(_app: Flask, *, template: Any, context: dict[str, Any], **_told: Any) -> None:
        shown.append((template.name, context))

    with template_rendered.connected_to(keep, app):
        assert client.get(path).status_code == 200
    with _asked(app) as queries:
        client.get(path)
    [(name, context)] = shown
    name_of_cookie = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name_of_cookie)
    assert cookie
    headers = {"Cookie": f"{name_of_cookie}={cookie.value}"}
    with app.test_request_context(path, headers=headers, environ_base=client.environ_base):
        app.preprocess_request()
        render_template(name, **context)
        page, floor = _by_turns(
            repeats, lambda: client.get(path), lambda: render_template(name, **context)
        )
    return Measured(page, floor, len(queries))


def _by_turns(repeats: int, *works: Callable[[], object]) -> list[float]:
    """Median seconds of each, measured by turns."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
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
