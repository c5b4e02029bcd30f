"""One's own account: where one is signed in, and was."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from chec.actions.sign_ins import begin_sign_in
from chec.models import AuditEvent, Event, SignIn, SignInMethod, User
from chec.models.references import reference
from tests import builders
from tests.builders import NOW
from tests.client import Client, soup
from tests.web.factors import (
    PASSWORD,
    a_user,
    enter_code,
    enter_password,
    form_token,
    fresh,
    give_app,
    is_signed_in,
    said,
    send,
    wrong_code,
)

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def user(session: Session) -> User:
    user = a_user(session)
    session.commit()
    return user


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as time:
        yield time


def test_the_account_says_who_one_is_and_leads_to_what_signs_in(client: Client, user: User) -> None:
    enter_password(client, user)
    page = client.get("/account")
    assert f"Name {user.name} Email address {user.email}" in words(page)
    links = {str(link["href"]) for link in soup(page).select("main a")}
    assert {"/account/password", "/tf-setup", "/wan-register", "/account/roles"} <= links
    assert "/mf-recovery-codes" not in links
    header = soup(page).select_one(".nhsuk-header__account a")
    assert header
    assert (header["href"], header.get_text(strip=True)) == ("/account", user.name)


def test_who_has_a_second_factor_is_led_to_their_recovery_codes(
    app: Flask, client: Client, session: Session, user: User
) -> None:
    give_app(app, session, user, codes=3)
    client.sign_in(user)
    page = client.get("/account")
    assert "Second factor An authenticator app" in words(page)
    assert "Recovery codes 3 left" in words(page)
    assert soup(page).select_one('main a[href="/mf-recovery-codes"]')


def test_every_open_sign_in_is_listed_and_which_is_this_one(client: Client, user: User) -> None:
    phone = another(client, IPHONE)
    enter_password(phone, user)
    laptop = another(client, FIREFOX)
    enter_password(laptop, user)
    first, second = open_ones(laptop.get("/account"))
    assert re.match(r"Firefox on Windows From 127\.0\.0\.1 .* This one$", first)
    assert re.match(r"Mobile Safari on iOS From 127\.0\.0\.1 .* End$", second)
    assert open_ones(phone.get("/account"))[1].endswith("This one")


def test_a_sign_in_is_ended_from_another_device(
    client: Client, user: User, session: Session
) -> None:
    phone = another(client, IPHONE)
    enter_password(phone, user)
    enter_password(client, user)
    answer = end(client, sign_ins(session)[0])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert "That sign-in is over." in said(client.get("/account"))
    assert not is_signed_in(phone)
    assert is_signed_in(client)
    assert len(open_ones(client.get("/account"))) == 1
    ended = events(session, Event.SIGNED_OUT)
    assert [(each.user_id, each.subject) for each in ended] == [
        (user.id, reference("user", user.id))
    ]


def test_ending_twice_is_ending_once(client: Client, user: User, session: Session) -> None:
    enter_password(another(client), user)
    enter_password(client, user)
    for _ in range(2):
        assert end(client, sign_ins(session)[0]).status_code == 303
    assert len(events(session, Event.SIGNED_OUT)) == 1


def test_a_sign_in_of_another_is_not_found(client: Client, user: User, session: Session) -> None:
    other = a_user(session)
    session.commit()
    theirs = another(client)
    enter_password(theirs, other)
    enter_password(client, user)
    a_row_that_is_not_there = SignIn(id=4711, user_id=user.id, token_hash="-", began_at=NOW)
    assert end(client, sign_ins(session)[0]).status_code == 404
    assert end(client, a_row_that_is_not_there).status_code == 404
    assert is_signed_in(theirs)


def test_signing_out_everywhere_ends_all_of_them_from_any_device(
    client: Client, user: User, session: Session
) -> None:
    devices = [client, another(client), another(client)]
    for device in devices:
        enter_password(device, user)
    before = fresh(session, user).fs_uniquifier
    token = form_token(client, "/account")
    assert client.post("/account/sign-out-everywhere").status_code == 400
    answer = client.post("/account/sign-out-everywhere", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert "You were signed out everywhere." in said(client.get("/login"))
    assert not any(is_signed_in(device) for device in devices)
    assert fresh(session, user).fs_uniquifier != before
    assert all(row.ended_at for row in sign_ins(session))
    [event] = events(session, Event.SIGNED_OUT_EVERYWHERE)
    assert (event.user_id, event.detail) == (user.id, "3 open")


def test_others_stay_signed_in_when_somebody_signs_out_everywhere(
    client: Client, user: User, session: Session
) -> None:
    other = a_user(session)
    session.commit()
    theirs = another(client)
    enter_password(theirs, other)
    enter_password(client, user)
    token = form_token(client, "/account")
    client.post("/account/sign-out-everywhere", data={"csrf_token": token})
    assert is_signed_in(theirs)


def test_failed_attempts_are_listed_and_keep_nothing_that_was_typed(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    stranger = another(client)
    send(stranger, "/login", email=user.email.upper(), password="the wrong words")
    enter_password(client, user)
    assert [row[-6:] for row in attempts(client)] == ["1 Open", "Failed"]
    assert "A wrong password, code or passkey From 127.0.0.1" in attempts(client)[1]
    [failed] = events(session, Event.SIGN_IN_FAILED)
    assert (failed.user_id, failed.subject, failed.detail) == (None, "POST /login", "")


def test_a_wrong_code_is_a_failed_attempt(
    app: Flask, client: Client, session: Session, user: User
) -> None:
    secret = give_app(app, session, user)
    enter_password(client, user)
    enter_code(client, wrong_code(app, secret))
    client.sign_in(user)
    assert attempts(client)[1].endswith("Failed")


def test_failed_attempts_of_others_are_not_listed(
    client: Client, user: User, session: Session
) -> None:
    other = a_user(session)
    session.commit()
    send(another(client), "/login", email=other.email, password="the wrong words")
    send(another(client), "/login", email="nobody@chec.example", password="the wrong words")
    enter_password(another(client), other)
    enter_password(client, user)
    assert len(attempts(client)) == 1


def test_sign_ins_of_ninety_days_are_listed_with_how_they_ended(
    client: Client, user: User, session: Session, time: time_machine.Traveller
) -> None:
    enter_password(another(client, FIREFOX), user)
    time.shift(timedelta(days=2))
    left = another(client)
    enter_password(left, user)
    left.post("/logout", data={"csrf_token": form_token(left, "/account")})
    time.shift(timedelta(minutes=1))
    enter_password(client, user)
    newest, signed_out, forgotten = attempts(client)
    assert newest.endswith("Open")
    assert signed_out.endswith("Ended 18 November 2026 at 09:30")
    assert forgotten.startswith("16 November 2026 at 09:30 Password Firefox on Windows")
    assert forgotten.endswith("Ended"), "by itself, after twelve hours at most"
    time.move_to(NOW + timedelta(days=90, seconds=-1))
    client.sign_in(user)
    assert attempts(client)[-1] == forgotten
    time.shift(timedelta(seconds=1))
    assert attempts(client)[-1] == signed_out


def test_how_one_signed_in_is_said(client: Client, user: User, session: Session) -> None:
    for method in SignInMethod:
        begin_sign_in(session, builders.an_actor(), user.id, method)
    session.commit()
    with time_machine.travel(NOW, tick=False):
        client.sign_in(user)
        text = " ".join(attempts(client))
    for words_of_it in ("Password", "Password and code", "Password and recovery code", "Passkey"):
        assert f"{words_of_it} A browser that does not say what it is" in text


def test_long_lists_have_pages(client: Client, user: User, session: Session) -> None:
    for _ in range(30):
        begin_sign_in(session, builders.an_actor(), user.id, SignInMethod.PASSKEY)
    session.commit()
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        client.sign_in(user)
        assert len(attempts(client)) == 25
        assert len(rows(client.get("/account?page=2"), "Sign-ins of the last 90 days")) == 6
        assert client.get("/account?page=3").status_code == 404


def test_the_page_asks_as_often_for_many_sign_ins_as_for_one(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    statements: list[str] = []
    engine = app.extensions["chec_engine"]
    event.listen(engine, "after_cursor_execute", lambda *a: statements.append(str(a[2])))
    client.sign_in(user)
    counts = []
    for number in (1, 20):
        for _ in range(number):
            begin_sign_in(session, builders.an_actor(), user.id, SignInMethod.PASSKEY)
        session.commit()
        statements.clear()
        assert client.get("/account").status_code == 200
        counts.append(len([text for text in statements if text.startswith("SELECT")]))
    assert counts[0] == counts[1] <= 7


@pytest.mark.parametrize("address", ["/account", "/account/password", "/verify"])
def test_an_account_is_for_who_has_signed_in(client: Client, address: str) -> None:
    assert client.get(address).headers["Location"].startswith("/login?next=")


def test_what_needs_a_fresh_sign_in_asks_for_the_password_after_fifteen_minutes(
    client: Client, user: User, session: Session, time: time_machine.Traveller
) -> None:
    enter_password(client, user)
    time.shift(timedelta(minutes=14, seconds=59))
    assert client.get("/tf-setup").status_code == 200
    time.shift(timedelta(seconds=1))
    asked = client.get("/tf-setup")
    assert asked.headers["Location"] == "/verify?next=/tf-setup"
    refused = send(client, asked.headers["Location"], password="not this one")
    assert refused.status_code == 422
    assert "This is not your password." in refused.text
    assert [event.user_id for event in events(session, Event.SIGN_IN_FAILED)] == [user.id]
    answer = send(client, asked.headers["Location"], password=PASSWORD)
    assert answer.headers["Location"] == "/tf-setup"
    assert client.get("/tf-setup").status_code == 200


def another(client: Client, browser: str = "") -> Client:
    """A client that holds no cookie."""
    found = cast(Client, client.application.test_client())
    found.environ_base["HTTP_USER_AGENT"] = browser
    return found


def end(client: Client, sign_in: SignIn) -> TestResponse:
    """The answer to the button beside a sign-in."""
    token = form_token(client, "/account")
    address = f"/account/sign-ins/{reference('sign_in', sign_in.id)}/end"
    return client.post(address, data={"csrf_token": token})


def sign_ins(session: Session) -> list[SignIn]:
    """Every one, from the first; the session lets go of them again."""
    session.commit()
    found = list(session.exec(select(SignIn).order_by(col(SignIn.id))))
    for each in found:
        session.refresh(each)
    session.commit()
    return found


def events(session: Session, kind: Event) -> list[AuditEvent]:
    session.commit()
    found = list(session.exec(select(AuditEvent).where(AuditEvent.event == kind)))
    session.commit()
    return found


def open_ones(page: TestResponse) -> list[str]:
    return rows(page, "Where you are signed in")


def attempts(client: Client) -> list[str]:
    return rows(client.get("/account"), "Sign-ins of the last 90 days")


def rows(page: TestResponse, label: str) -> list[str]:
    """The text of each row of a table."""
    found = soup(page).select(f'[aria-label="{label}"] tbody tr')
    return [" ".join(each.get_text(" ").split()) for each in found]


def words(page: TestResponse) -> str:
    return " ".join(soup(page).get_text(" ").split())
