"""One request is one transaction: `g.session`.

A POST that ends below 400 commits, everything else is rolled back; a GET never commits.
"""

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Engine

from chec.db import open_session, write_from_here

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_VERIFY_A_PASSWORD = frozenset({"security.login", "security.verify"})


def prepare(app: Flask, engine: Engine) -> None:
    """Give every request of `app` a session on `engine`."""
    app.extensions["chec_engine"] = engine
    app.before_request(_open)
    app.after_request(_finish)
    app.teardown_request(_close)


def engine() -> Engine:
    """The database of the application, for the few short transactions outside the request's."""
    found = current_app.extensions["chec_engine"]
    assert isinstance(found, Engine)
    return found


def begin_to_write() -> None:
    """From here on the request's transaction writes, where it only read so far."""
    if not g.writes:
        write_from_here(g.session, engine())
        g.writes = True


def _open() -> None:
    # Signing in verifies a password, which takes its time by design: not while SQLite's only write
    # lock is held.
    g.writes = request.method in _UNSAFE and request.endpoint not in _VERIFY_A_PASSWORD
    g.session = open_session(engine(), write=g.writes)


def _finish(response: Response) -> Response:
    if _is_ours_to_commit() and response.status_code < 400:  # noqa: PLR2004  done, not refused
        g.is_committing = True
        g.session.commit()
    elif request.method in _UNSAFE:
        g.session.rollback()  # and let go of every lock: what is noted is written next
    return response


def read_while_sent(response: Response) -> Response:
    """`response`, which reads `g.session` until its last byte is sent; closed only then."""
    g.is_read_while_sent = True
    response.call_on_close(g.session.close)
    return response


def _close(_error: BaseException | None) -> None:
    if "session" in g and "is_read_while_sent" not in g:
        g.pop("session").close()


def _is_ours_to_commit() -> bool:
    # flask-security commits its own views.
    return request.method in _UNSAFE and request.blueprint != "security"
