"""Whose a request is: cookies and the rows behind them."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import time_machine
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlmodel import Session, select

from chec.config import project_dir
from chec.models import Role, SignIn, User
from chec.models.references import reference
from chec.web.cookies import Sessions
from chec.web.sessions import ASKED_BY_THEMSELVES
from tests import builders
from tests.client import Client, soup
from tests.web.factors import (
    PASSWORD,
    a_user,
    enter_password,
    form_token,
    fresh,
    is_signed_in,
    said,
    send,
)

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def user(session: Session) -> User:
    user = a_user(session)
    session.commit()
    return user


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(builders.NOW, tick=False) as time:
        yield time


def test_nothing_of_the_session_before_a_sign_in_is_there_after_it(
    client: Client, user: User
) -> None:
    client.get("/login")
    with client.session_transaction() as state:
        before = state["csrf_token"]
        state["planted"] = "by somebody else"
    cookie_before = cookie(client)
    enter_password(client, user)
    with client.session_transaction() as state:
        assert set(state) == {"_user_id", "_fresh", "fs_paa", "sign_in", "seen_at"}
    client.get("/account")
    with client.session_transaction() as state:
        assert state["csrf_token"] != before
    other = another(client)
    set_cookie(other, cookie_before)
    assert not is_signed_in(other)


def test_a_form_token_of_before_a_sign_in_is_worthless_after_it(client: Client, user: User) -> None:
    before = form_token(client, "/login")
    enter_password(client, user)
    answer = client.post("/account/sign-out-everywhere", data={"csrf_token": before})
    assert answer.status_code == 400
    assert is_signed_in(client)


def test_a_form_token_of_before_signing_out_is_worthless_after_it(
    client: Client, user: User
) -> None:
    enter_password(client, user)
    before = form_token(client, "/account")
    answer = client.post("/logout", data={"csrf_token": before})
    assert answer.headers["Location"] == "/"
    with client.session_transaction() as state:
        assert set(state) == {"_flashes"}
    login = {"csrf_token": before, "email": user.email, "password": PASSWORD}
    assert client.post("/login", data=login).status_code == 400
    enter_password(client, user)
    assert client.post("/logout", data={"csrf_token": before}).status_code == 400


def test_a_form_token_of_another_person_is_no_good(app: Flask, client: Client, user: User) -> None:
    token_of_another = form_token(another(client), "/login")
    enter_password(client, user)
    answer = client.post("/logout", data={"csrf_token": token_of_another})
    assert answer.status_code == 400


def test_a_copied_cookie_opens_nothing_once_its_owner_has_signed_out(
    client: Client, user: User
) -> None:
    enter_password(client, user)
    thief = another(client)
    set_cookie(thief, cookie(client))
    assert is_signed_in(thief)
    assert said(client.get("/login")) == ""
    client.post("/logout", data={"csrf_token": form_token(client, "/account")})
    assert "You have signed out." in said(client.get("/login"))
    assert not is_signed_in(thief)


def test_who_proves_again_who_they_are_has_another_token_in_the_same_sign_in(
    client: Client, user: User, session: Session, time: time_machine.Traveller
) -> None:
    enter_password(client, user)
    time.shift(timedelta(minutes=20))
    before = cookie(client)
    send(client, "/verify", password="not this one")
    assert token_of(client) == token_of(client, before)
    send(client, "/verify", password=PASSWORD)
    assert token_of(client) != token_of(client, before)
    assert is_signed_in(client)
    other = another(client)
    set_cookie(other, before)
    assert not is_signed_in(other)
    [sign_in] = session.exec(select(SignIn)).all()
    assert (sign_in.began_at, sign_in.ended_at) == (builders.NOW, None)


def test_each_sign_in_has_a_token_of_its_own_which_the_database_does_not_hold(
    client: Client, user: User, session: Session
) -> None:
    tokens = set()
    for each in (client, another(client)):
        enter_password(each, user)
        with each.session_transaction() as state:
            tokens.add(state["sign_in"])
    kept = [row.token_hash for row in session.exec(select(SignIn))]
    assert len(tokens) == len(kept) == 2
    assert not tokens & set(kept)
    assert all(len(token) >= 43 for token in tokens)


@pytest.mark.parametrize("part", ["payload", "time", "signature"])
def test_a_cookie_changed_in_any_part_is_nobodys(client: Client, user: User, part: str) -> None:
    enter_password(client, user)
    whole = cookie(client)
    parts = dict(zip(("signature", "time", "payload"), whole.rsplit(".", 2)[::-1], strict=True))
    text = parts[part]
    for place in (0, len(text) // 2):
        other = "A" if text[place] != "A" else "B"
        changed = {**parts, part: text[:place] + other + text[place + 1 :]}
        set_cookie(client, ".".join((changed["payload"], changed["time"], changed["signature"])))
        assert not is_signed_in(client)
    set_cookie(client, whole)
    assert is_signed_in(client)


@pytest.mark.parametrize("key", ["", "another key, just as long as ours is"])
def test_a_cookie_signed_with_another_key_is_nobodys(
    app: Flask, client: Client, user: User, key: str
) -> None:
    enter_password(client, user)
    with client.session_transaction() as state:
        ours = dict(state)
    app_with_another_key = Flask("other")
    app_with_another_key.secret_key = key or "-"
    serializer = Sessions().get_signing_serializer(app_with_another_key)
    assert serializer
    set_cookie(client, str(serializer.dumps(ours)))
    assert not is_signed_in(client)


def test_a_token_of_ours_for_another_purpose_is_no_cookie(
    app: Flask, client: Client, user: User
) -> None:
    enter_password(client, user)
    with client.session_transaction() as state:
        ours = dict(state)
    for salt in ("reset-salt", "tf-validity-salt", "wan-salt", "itsdangerous"):
        serializer = URLSafeTimedSerializer(str(app.secret_key), salt=salt)
        set_cookie(client, str(serializer.dumps(ours)))
        assert not is_signed_in(client)


def test_even_a_well_signed_cookie_is_somebodys_only_with_their_own_token(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    other = a_user(session)
    session.commit()
    enter_password(client, user)
    with client.session_transaction() as state:
        ours = dict(state)
    swapped: list[dict[str, Any]] = [
        {"_user_id": other.fs_uniquifier},
        {"_user_id": str(user.id)},
        {"sign_in": "x" * 43},
        {"sign_in": None},
        {"sign_in": ["a"]},
        {"seen_at": "now"},
        {"seen_at": None},
    ]
    for change in swapped:
        with client.session_transaction() as state:
            state.clear()
            state.update(ours | change)
        assert not is_signed_in(client), change
    for name in ("_user_id", "sign_in", "seen_at"):
        with client.session_transaction() as state:
            state.clear()
            state.update({key: value for key, value in ours.items() if key != name})
        assert not is_signed_in(client), name


def test_a_session_ends_after_thirty_idle_minutes_to_the_second(
    client: Client, user: User, time: time_machine.Traveller
) -> None:
    enter_password(client, user)
    time.shift(timedelta(minutes=30))
    assert is_signed_in(client)
    time.shift(timedelta(minutes=30))
    assert is_signed_in(client)
    time.shift(timedelta(minutes=30, seconds=1))
    assert not is_signed_in(client)


def test_an_old_copy_of_a_cookie_is_idle_however_busy_its_owner_is(
    client: Client, user: User, time: time_machine.Traveller
) -> None:
    enter_password(client, user)
    old = cookie(client)
    for _ in range(3):
        time.shift(timedelta(minutes=15))
        assert is_signed_in(client)
    thief = another(client)
    set_cookie(thief, old)
    assert not is_signed_in(thief)


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(
    client: Client, session: Session, time: time_machine.Traveller
) -> None:
    director, centre = a_user(session), builders.a_centre(session)
    builders.a_membership(session, Role.DIRECTOR, user=director, centre=centre)
    session.commit()
    enter_password(client, director)
    address = f"/centres/{reference('centre', centre.id)}/runs/progress"
    for _ in range(6):
        time.shift(timedelta(minutes=5))
        answer = client.get(address, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    time.shift(timedelta(seconds=1))
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.backend("sqlite")
def test_what_templates_poll_is_known_to_keep_nobody_signed_in(app: Flask) -> None:
    polled = set[str]()
    for file in Path(project_dir("templates")).rglob("*.html"):
        text = file.read_text()
        if "every " in text and "hx-trigger" in text:
            polled |= set(re.findall(r"hx-get=\"{{ url_for\('([a-z_.]+)'", text))
    assert polled == ASKED_BY_THEMSELVES <= app.view_functions.keys()


def test_the_cookie_is_made_anew_only_when_the_time_has_moved_on(
    client: Client, user: User, time: time_machine.Traveller
) -> None:
    enter_password(client, user)
    client.get("/account")
    time.shift(timedelta(seconds=30))
    assert "Set-Cookie" not in client.get("/account").headers
    time.shift(timedelta(seconds=1))
    assert "Set-Cookie" in client.get("/account").headers


def test_a_sign_in_keeps_the_browser_in_words_and_the_address(
    client: Client, user: User, session: Session
) -> None:
    client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    enter_password(client, user)
    [sign_in] = session.exec(select(SignIn)).all()
    assert (sign_in.browser, sign_in.address) == ("Firefox on Windows", "127.0.0.1")


def test_who_was_locked_meanwhile_is_out_and_stays_out(
    client: Client, user: User, session: Session
) -> None:
    enter_password(client, user)
    locked = fresh(session, user)
    locked.active = False
    session.add(locked)
    session.commit()
    assert not is_signed_in(client)
    assert send(client, "/login", email=user.email, password=PASSWORD).status_code == 422


def test_static_files_ask_for_nobody(client: Client, user: User) -> None:
    enter_password(client, user)
    assert "Set-Cookie" not in client.get("/static/chec.css").headers


@pytest.mark.parametrize("address", ["/logout", "/account/sign-out-everywhere"])
def test_signing_out_clears_the_browser_but_for_its_cookies(
    client: Client, user: User, address: str
) -> None:
    enter_password(client, user)
    answer = client.post(address, data={"csrf_token": form_token(client, "/account")})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/login").headers


def test_the_page_of_whoever_signed_out_is_the_sign_in_page(client: Client, user: User) -> None:
    enter_password(client, user)
    token = form_token(client, "/account")
    page = client.post("/logout", data={"csrf_token": token}, follow_redirects=True)
    heading = soup(page).select_one("h1")
    assert heading
    assert heading.get_text(strip=True) == "Sign in"


def cookie(client: Client) -> str:
    """The value of the session cookie."""
    found = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
    assert found
    return str(found.decoded_value)


def token_of(client: Client, value: str = "") -> str:
    """The token in the session cookie of the client, or in this one."""
    signed = Sessions().get_signing_serializer(client.application)
    assert signed
    return str(signed.loads(value or cookie(client))["sign_in"])


def set_cookie(client: Client, value: str) -> None:
    client.set_cookie(client.application.config["SESSION_COOKIE_NAME"], value)


def another(client: Client) -> Client:
    """A client that holds no cookie."""
    return cast(Client, client.application.test_client())
