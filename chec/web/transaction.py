"""One request is one transaction: `g.session`.

A POST that ends below 400 commits, everything else is rolled back; a GET never commits.
"""

from contextlib import suppress

from flask import Flask, Response, current_app, g, request
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from chec.db import open_session, write_from_here

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_READ_FIRST = frozenset(
    {
        "claim_lines.upload",
        "contracts.import_document",
        "invitations.accept",
        "security.change_password",
        "security.forgot_password",
        "security.login",
        "security.reset_password",
        "security.verify",
    }
)


def prepare(app: Flask, engine: Engine) -> None:
    """Give every request of `app` a session on `engine`."""
    app.extensions["chec_engine"] = engine
    app.before_request(_open)
    app.after_request(_finish)
    app.teardown_request(_close)


def connect(app: Flask) -> None:
    """Connect already, where the database answers: a restore waits until nobody is connected.

    The process keeps the connection, and so is seen before anybody has asked it for a page.
    """
    with suppress(OperationalError):
        app.extensions["chec_engine"].connect().close()


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
    # Hashing a password or reading a file takes its time: not while SQLite's only write lock is
    # held. These call `begin_to_write` when they have something to write.
    g.writes = request.method in _UNSAFE and request.endpoint not in _READ_FIRST
    g.session = open_session(engine(), write=g.writes)


def _finish(response: Response) -> Response:
    if request.method in _UNSAFE and response.status_code < 400:  # noqa: PLR2004  done, not refused
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
