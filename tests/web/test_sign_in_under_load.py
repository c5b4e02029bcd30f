"""Signing in and passwords while others write: what was read must hold when something is written.

SQLite lets no transaction that has read go on to write once another has written meanwhile.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any, cast

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from chec.config import Settings
from chec.db import open_session
from chec.models import SignIn, User
from tests import builders
from tests.client import Client
from tests.web.factors import (
    PASSWORD,
    a_user,
    enter_password,
    form_token,
    fresh,
    is_signed_in,
    mails,
    send,
)

NEW = "window marble seventeen"


@pytest.fixture
def user(session: Session) -> User:
    user = a_user(session)
    session.commit()
    return user


@pytest.fixture(params=["login", "verify", "change", "ask", "set"])
def act(
    request: pytest.FixtureRequest, client: Client, user: User, settings: Settings
) -> tuple[str, dict[str, str]]:
    """The page and the fields of a form that verifies a password or sets one, ready to be sent."""
    if request.param in {"verify", "change"}:
        enter_password(client, user)
    if request.param == "set":
        send(client, "/reset", email=user.email)
        [link] = re.findall(r"http://localhost(/reset/\S+)", mails(settings)[0])
        client.get(link)
    return {
        "login": ("/login", {"email": user.email, "password": PASSWORD}),
        "verify": ("/verify", {"password": PASSWORD}),
        "change": ("/account/password", {"password": PASSWORD, "new_password": NEW}),
        "ask": ("/reset", {"email": user.email}),
        "set": ("/reset/new-password", {"password": NEW}),
    }[request.param]


def test_somebody_who_writes_meanwhile_is_in_nobodys_way(
    app: Flask, client: Client, engine: Engine, act: tuple[str, dict[str, str]]
) -> None:
    address, fields = act
    token = form_token(client, address)
    with another_writes_after_the_first_question(app, engine) as written:
        answer = client.post(address, data={"csrf_token": token, **fields})
    assert written
    assert answer.status_code == (200 if address == "/reset" else 302)


@pytest.mark.parametrize("address", ["/login", "/verify"])
def test_a_password_that_costs_more_now_is_hashed_anew_whoever_writes_meanwhile(
    app: Flask, client: Client, engine: Engine, session: Session, address: str
) -> None:
    cheaper = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    user = builders.a_user(session, password_hash=cheaper)
    session.commit()
    if address == "/verify":
        client.sign_in(user)
    token = form_token(client, address)
    with another_writes_after_the_first_question(app, engine) as written:
        fields = {"csrf_token": token, "email": user.email, "password": PASSWORD}
        assert client.post(address, data=fields).status_code == 302
    assert written
    assert "m=8," in fresh(session, user).password
    assert is_signed_in(client)


def test_a_user_locked_while_their_password_is_verified_does_not_come_in(
    app: Flask, client: Client, engine: Engine, user: User
) -> None:
    def lock(session: Session) -> None:
        session.get_one(User, user.id).active = False

    token = form_token(client, "/login")
    with another_writes_after_the_first_question(app, engine, lock):
        enter(client, user, token)
    assert not is_signed_in(client)


@pytest.mark.parametrize("first", ["password", "fs_uniquifier"])
def test_a_password_changed_meanwhile_is_not_changed_again(  # noqa: PLR0917
    app: Flask, client: Client, engine: Engine, session: Session, user: User, first: str
) -> None:
    def change(other: Session) -> None:
        setattr(other.get_one(User, user.id), first, "another")

    enter_password(client, user)
    token = form_token(client, "/account/password")
    fields = {"csrf_token": token, "password": PASSWORD, "new_password": NEW}
    with another_writes_after_the_first_question(app, engine, change):
        answer = client.post("/account/password", data=fields)
    assert answer.status_code == 422
    assert "changed a moment ago" in answer.text
    assert getattr(fresh(session, user), first) == "another"
    assert not is_signed_in(client) or first == "password"


def test_of_two_changes_at_once_one_is_made(client: Client, user: User, session: Session) -> None:
    clients = [client, cast(Client, client.application.test_client())]
    for each in clients:
        enter_password(each, user)
    tokens = [form_token(each, "/account/password") for each in clients]
    ready = Barrier(2)

    def change(place: int) -> TestResponse:
        ready.wait()
        fields = {"password": PASSWORD, "new_password": f"{NEW} {place}"}
        data = {"csrf_token": tokens[place], **fields}
        return clients[place].post("/account/password", data=data)

    with ThreadPoolExecutor(2) as people:
        answers = list(people.map(change, range(2)))
    assert sorted(answer.status_code for answer in answers) in ([302, 422], [302, 302])
    changed = [each for each, answer in zip(clients, answers, strict=True) if is_changed(answer)]
    assert [is_signed_in(each) for each in clients] == [each is changed[0] for each in clients]
    session.commit()
    rows = session.exec(select(SignIn).where(col(SignIn.ended_at).is_(None))).all()
    assert len(rows) == 1


def is_changed(answer: TestResponse) -> bool:
    """Whether the password was changed; else the answer leads to the sign-in page, or says why."""
    return answer.status_code == 302 and answer.headers["Location"] == "/account"


def enter(client: Client, user: User, token: str) -> TestResponse:
    data = {"csrf_token": token, "email": user.email, "password": PASSWORD}
    return client.post("/login", data=data)


@contextmanager
def another_writes_after_the_first_question(
    app: Flask, engine: Engine, write: Any = builders.a_user
) -> Iterator[list[bool]]:
    """When the application first asks for a user, somebody else writes before it goes on."""
    written: list[bool] = []

    def meanwhile(*parts: Any) -> None:
        if "app_user" in str(parts[2]) and not written:
            written.append(True)
            with open_session(engine, write=True) as session:
                write(session)
                session.commit()

    event.listen(app.extensions["chec_engine"], "after_cursor_execute", meanwhile)
    yield written
    event.remove(app.extensions["chec_engine"], "after_cursor_execute", meanwhile)
