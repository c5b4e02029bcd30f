"""What the log has of a request: its route, its end and its user, and nothing that came in."""

import logging
import re
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from sqlmodel import Session

from chec.logs import LineFormatter, request_id
from chec.models import Role
from chec.models.references import reference
from chec.web.access import open_to_all
from tests import builders
from tests.client import Client

pytestmark = pytest.mark.backend("sqlite")


class Kept(logging.Handler):
    """Keeps the lines as a process would write them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LineFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log(app: Flask) -> Iterator[Kept]:
    kept = Kept()
    loggers = logging.getLogger(), logging.getLogger("chec")
    levels = [each.level for each in loggers]
    loggers[0].addHandler(kept)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    yield kept
    loggers[0].removeHandler(kept)
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def told(log: Kept) -> list[str]:
    """What the lines of requests say, without how long each took."""
    found = [line.split("] ", 1)[1] for line in log.lines if "chec.web.request_log" in line]
    return [re.sub(r"\d+ms", "ms", line) for line in found]


def test_a_request_is_its_route_its_end_and_its_user(
    client: Client, session: Session, log: Kept
) -> None:
    user = builders.a_user(session)
    centre = builders.a_centre(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.get("/login?next=/secret")
    client.sign_in(user)
    client.get("/centres/C-0001/ledger?memo=secret")
    client.get("/centres/C-0009/ledger")
    client.post("/logout", data={"secret": "secret"})
    name = reference("user", user.id)
    ledger = "/centres/<reference('centre'):centre_id>/ledger"
    assert told(log) == [
        "GET /login 200 ms nobody",
        f"GET {ledger} 200 ms {name}",
        f"GET {ledger} 404 ms {name}",
        "POST /logout 302 ms nobody",
    ]
    assert not [line for line in log.lines if "secret" in line]


def test_every_line_of_a_request_has_its_number(client: Client, log: Kept) -> None:
    client.get("/login")
    client.get("/nowhere")
    numbers = [re.search(r"\[(\w{12})\]", line) for line in log.lines]
    assert all(numbers)
    assert len({each[1] for each in numbers if each}) == 2
    assert request_id.get() == "-"  # it ends with its request


def test_a_defect_is_logged_without_its_address_and_what_it_says(app: Flask, log: Kept) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def defect(token: str) -> Response:
        raise ValueError(token)

    app.add_url_rule("/key/<token>", view_func=open_to_all(defect))
    assert app.test_client().get("/key/secret?a=secret").status_code == 500
    said = "\n".join(log.lines)
    assert "GET /key/<token> went wrong." in said
    assert "builtins.ValueError" in said
    assert "secret" not in said


def test_what_a_client_says_of_itself_is_not_repeated(client: Client, log: Kept) -> None:
    client.get("/login", headers={"User-Agent": "secret", "Referer": "/secret"})
    client.open("/login", method="SECRET")
    client.get("/login", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert told(log) == ["GET /login 200 ms nobody", "SECRET (no route) 405 ms nobody"]
    assert not [line for line in log.lines if "192.0.2.1" in line or "secret" in line]


def test_signing_in_leaves_neither_address_nor_password_in_the_log(
    client: Client, app: Flask, log: Kept, session: Session
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    session.commit()
    client.post("/login", data={"email": "typed@chec.example", "password": "typed-secret"})
    client.post("/reset", data={"email": "typed@chec.example"})
    client.get("/reset/typed-token")
    assert told(log)
    assert not [line for line in log.lines if "typed" in line]
