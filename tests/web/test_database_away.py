"""What is said while the database is busy or cannot be reached."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask, Response, g
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from chec.db import open_session
from chec.models import Centre, Role, User
from chec.web.access import open_to_all
from chec.web.passwords import hash_password
from tests import builders
from tests.client import Client, serving, session_of, soup
from tests.databases import Databases
from tests.settings import settings_for

WAIT = {"sqlite": "PRAGMA busy_timeout = 50", "postgresql": "SET lock_timeout = 50"}
LOCK = {"sqlite": "SELECT 1", "postgresql": "LOCK TABLE audit_event, centre"}
PASSWORD = "correct horse battery"
UNREACHABLE = ["sqlite:////no/such/folder/chec.db", "postgresql://nobody@127.0.0.1:1/chec"]


@pytest.fixture
def client(app: Flask, backend: Databases) -> Client:
    """A client of an application that soon gives up waiting for a lock; `/open` opens a centre."""

    def give_up_soon(connection: Any, _record: object) -> None:
        connection.cursor().execute(WAIT[backend.name])
        connection.commit()

    def open_one() -> Response:
        builders.a_centre(g.session, name="New")
        return Response("done", content_type="text/plain")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/open", view_func=open_to_all(open_one), endpoint="open", methods=["POST"])
    event.listen(app.extensions["chec_engine"], "connect", give_up_soon)
    return cast(Client, app.test_client())


@pytest.fixture
def user(engine: Engine) -> User:
    with open_session(engine, write=True) as session:
        hashed = hash_password(PASSWORD, cheap=True)
        user = builders.a_user(session, email="dee@chec.example", password_hash=hashed)
        session.commit()
        return user


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_while_somebody_else_writes_too_long_a_page_asks_for_patience(
    client: Client, engine: Engine, backend: Databases, headers: dict[str, str]
) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False
    with locked(engine, backend):
        response = client.post("/open", headers=headers)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"
    assert "Nothing was changed. Try again in a minute." in response.text
    assert client.post("/open", headers=headers).text == "done"
    with Session(engine) as session:
        assert session.exec(select(Centre.name)).all() == ["New"]


def test_under_htmx_an_error_page_takes_the_place_of_the_whole_page(client: Client) -> None:
    response = client.get("/nowhere", headers={"HX-Request": "true"})
    assert response.headers["HX-Retarget"] == "body"
    assert response.headers["HX-Reselect"] == "unset"
    assert "HX-Retarget" not in client.get("/nowhere").headers


def test_a_sign_in_that_cannot_be_kept_is_none(
    client: Client, engine: Engine, backend: Databases, user: User
) -> None:
    token = form_token(client)
    data = {"csrf_token": token, "email": user.email, "password": PASSWORD}
    with locked(engine, backend):
        response = client.post("/login", data=data)
    assert response.status_code == 503
    assert client.get("/").headers["Location"] == "/login"
    assert client.post("/login", data={**data, "csrf_token": form_token(client)}).status_code == 302
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "address", ["/logout", "/account/password", "/account/sign-out-everywhere"]
)
def test_what_cannot_be_kept_of_a_session_leaves_it_as_it_was(
    client: Client, engine: Engine, backend: Databases, user: User, address: str
) -> None:
    client.sign_in(user)
    token = str(client.environ_base.pop("HTTP_X_CSRFTOKEN"))
    data = {"csrf_token": token, "password": PASSWORD, "new_password": "window marble seventeen"}
    with locked(engine, backend):
        response = client.post(address, data=data)
    assert response.status_code == 503
    assert "Set-Cookie" not in response.headers
    assert client.get("/account").status_code == 200
    assert client.post(address, data=data).status_code in {302, 303}


def test_a_failed_sign_in_that_cannot_be_recorded_tells_nothing_and_the_log_says_what_was_lost(
    client: Client,
    engine: Engine,
    backend: Databases,
    user: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = {"csrf_token": form_token(client), "email": user.email, "password": "not this one"}
    with locked(engine, backend), caplog.at_level(logging.CRITICAL):
        assert client.post("/login", data=data).status_code == 503
    [lost] = [each.message for each in caplog.records if each.levelno == logging.CRITICAL]
    assert lost.startswith("Not in the audit trail: sign-in failed at 20")
    for personal in (user.email, user.name, "127.0.0.1"):
        assert personal not in caplog.text


def test_a_file_whose_download_cannot_be_recorded_is_not_sent(
    client: Client, engine: Engine, backend: Databases
) -> None:
    with open_session(engine, write=True) as session:
        centre = builders.a_centre(session)
        membership = builders.a_membership(session, Role.DIRECTOR, centre=centre)
        user = session.get_one(User, membership.user_id)
        session.commit()
    client.sign_in(user)
    address = "/centres/C-0001/ledger/transfers.csv"
    with locked(engine, backend):
        refused = client.get(address)
    assert (refused.status_code, refused.mimetype) == (503, "text/html")
    assert client.get(address).mimetype == "text/csv"


@pytest.fixture(params=UNREACHABLE, ids=["sqlite", "postgresql"])
def cut_off(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A client whose session is somebody's, of an application that cannot reach its database."""
    with serving(settings_for(request.param, tmp_path)) as app:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        client = cast(Client, app.test_client())
        hold_a_session(client)
        yield client


@pytest.mark.parametrize("address", ["/", "/login", "/centres/C-0001", "/nowhere"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_without_a_database_every_page_says_so_without_asking_it(
    cut_off: Client, address: str, headers: dict[str, str]
) -> None:
    response = cut_off.get(address, headers=headers)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    [heading] = soup(response).select("main h1")
    assert heading.text.strip() == "The system is busy"


def test_signing_in_without_a_database_is_for_later(cut_off: Client) -> None:
    data = {"email": "dee@chec.example", "password": "x"}
    assert cut_off.post("/login", data=data).status_code == 503
    with cut_off.session_transaction() as transaction:
        transaction.clear()
    assert cut_off.get("/login").status_code == 200


@pytest.mark.backend("postgresql")
def test_a_database_lost_while_it_commits_leaves_open_what_was_kept(
    client: Client, engine: Engine
) -> None:
    def lose(connection: Any) -> None:
        backend_pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({backend_pid})")

    client.application.config["WTF_CSRF_ENABLED"] = False
    event.listen(client.application.extensions["chec_engine"], "commit", lose)
    response = client.post("/open")
    assert response.status_code == 503
    assert "Look whether that was kept" in response.text


def test_a_database_without_tables_is_a_defect_not_a_busy_day(tmp_path: Path) -> None:
    with serving(settings_for(f"sqlite:///{tmp_path}/empty.db", tmp_path)) as app:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        client = cast(Client, app.test_client())
        hold_a_session(client)
        assert client.get("/").status_code == 500


def hold_a_session(client: Client) -> None:
    """The client's cookie is good; whose it is, only the database knows."""
    user = User(id=1, email="-", name="-", password="-", fs_uniquifier="somebody")
    state, _ = session_of(client.application, user, "a token", client.environ_base)
    with client.session_transaction() as transaction:
        transaction.update(state)


def form_token(client: Client) -> str:
    return str(soup(client.get("/login")).select("input[name=csrf_token]")[0]["value"])


@contextmanager
def locked(engine: Engine, backend: Databases) -> Iterator[None]:
    """Somebody else has begun to write, and does not end."""
    with open_session(engine, write=True) as session:
        session.connection().exec_driver_sql(LOCK[backend.name])
        yield
