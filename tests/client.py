"""A client that looks at every page it is given."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import html5lib
from bs4 import BeautifulSoup
from flask import Flask, g, request, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from html5lib.constants import E as MISTAKES
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session
from werkzeug.test import TestResponse

from chec import clock
from chec.actions.sign_ins import begin_sign_in
from chec.app import create_app
from chec.config import Settings
from chec.db import open_session
from chec.models import SignInMethod, User
from chec.permissions import Actor

COMPILED = FileSystemBytecodeCache()
"""Templates, which would else be compiled anew for each test."""


class Client(FlaskClient):
    """Fails where a page is not valid HTML; sends the form token that a signed-in user's page has.

    A test about forged forms sends its own: `headers={"X-CSRFToken": "forged"}`.
    """

    def sign_in(self, user: User) -> None:
        """From here on every request is `user`'s, who has to be committed."""
        state, token = signed_in(self.application, user, self.environ_base)
        with self.session_transaction() as transaction:
            transaction.update(state)
        self.environ_base["HTTP_X_CSRFTOKEN"] = token

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **{"buffered": True, **kwargs})
        if response.mimetype == "text/html" and response.text:
            check_html(response.text, part="HX-Request" in response.request.headers)
        return response


def soup(response: TestResponse) -> BeautifulSoup:
    """The page, to look things up in."""
    return BeautifulSoup(response.text, "html5lib")


def signed_in(
    app: Flask, user: User, environ_base: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """The session of `user`, whose sign-in is begun and committed, and its form token.

    `environ_base` is the browser's.
    """
    actor = Actor(user.id, "", "127.0.0.1", clock.now())
    with open_session(app.extensions["chec_engine"], write=True) as rows:
        as_they_are = rows.get_one(User, user.id)
        method = SignInMethod.CODE if as_they_are.has_second_factor else SignInMethod.PASSWORD
        token = begin_sign_in(rows, actor, user.id, method)
        rows.commit()
    return session_of(app, as_they_are, token, environ_base)


def session_of(
    app: Flask, user: User, token: str, environ_base: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """The session of a sign-in of `user` that has this token, used just now, and its form token."""
    now = clock.now()
    with app.test_request_context(environ_base=dict(environ_base)):
        session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
        session["fs_paa"] = now.timestamp()
        session["sign_in"], session["seen_at"] = token, int(now.timestamp())
        form_token = generate_csrf()
        return dict(session), form_token


def check_html(text: str, *, part: bool) -> None:
    """Fail with every mistake of the page; a `part` of a page need not have a head and a body.

    An id that is there twice is one: a label would lead to the wrong place.
    """
    parser = html5lib.HTMLParser()
    if part and not text.lstrip().lower().startswith("<!doctype"):
        document = parser.parseFragment(text)
    else:
        document = parser.parse(text)
    lines = text.splitlines()
    mistakes = [
        f"{MISTAKES[code] % values} in line {line}: {lines[line - 1].strip()}"
        for (line, _column), code, values in parser.errors
    ]
    ids = Counter(each.get("id") for each in document.iter() if each.get("id"))
    mistakes += [
        f"the id {name} is there {count} times" for name, count in ids.items() if count > 1
    ]
    assert not mistakes, "\n".join(mistakes)


@contextmanager
def serving(settings: Settings) -> Iterator[Flask]:
    """The application, watched; its connections are closed afterwards."""
    app = create_app(settings)
    app.testing = True
    app.test_client_class = Client
    app.jinja_env.bytecode_cache = COMPILED
    _watch(app)
    yield app
    app.extensions["chec_engine"].dispose()


def _watch(app: Flask) -> None:
    """Fail a GET or HEAD that leaves something to commit: it would be lost, or was never meant."""

    # Registered last, so called first: before the session is closed.
    @app.teardown_request
    def nothing_is_left(_error: BaseException | None) -> None:
        if request.method in {"GET", "HEAD"} and "session" in g:
            pending = {*g.session.new, *g.session.dirty, *g.session.deleted}
            assert not pending, f"{request.method} {request.path} changed {pending}"
            assert "wrote" not in g.session.info, f"{request.method} {request.path} wrote"


@event.listens_for(Session, "after_flush")
def _note_flush(session: Session, _context: object) -> None:
    session.info["wrote"] = True


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        state.session.info["wrote"] = True
