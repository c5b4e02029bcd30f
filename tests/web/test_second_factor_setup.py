"""Setting up an authenticator app, making recovery codes, and removing both."""

import re
from datetime import timedelta
from hashlib import sha256
from typing import cast

import pytest
import time_machine
from flask import Flask
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from chec import clock
from chec.config import Settings
from chec.models import Event, SignIn, SignInMethod, User
from chec.models.references import reference
from tests.client import Client, soup
from tests.web.factors import (
    PASSWORD,
    STEP,
    a_user,
    an_app_user,
    app_with,
    code_of,
    enter_code,
    enter_password,
    errors,
    events,
    form_token,
    fresh,
    is_signed_in,
    mails,
    said,
    send,
    wrong_code,
)


@pytest.fixture
def user(client: Client, session: Session) -> User:
    """Somebody signed in, with a password only."""
    user = a_user(session)
    session.commit()
    client.sign_in(user)
    return user


def test_an_app_is_set_up_and_its_codes_are_asked_for(
    app: Flask, client: Client, user: User, session: Session, settings: Settings
) -> None:
    begun = begin(client)
    assert begun.status_code == 200
    image = soup(begun).select_one("img.chec-qr")
    assert image
    assert str(image["src"]).startswith("data:image/svg+xml;base64,")
    confirmed = confirm(client, begun, shown_code(app, begun))
    assert confirmed.status_code == 200

    codes = shown_codes(confirmed)
    assert len(set(codes)) == 10
    assert all(re.fullmatch("[a-hjkmnp-z]{5}(-[a-hjkmnp-z]{5}){4}", code) for code in codes)
    assert shown_codes(client.get("/mf-recovery-codes?show_codes=yes")) == []
    kept = fresh(session, user)
    assert kept.has_second_factor
    assert kept.recovery_code_count == 10
    assert kept.mf_recovery_codes == [sha256(code.encode()).hexdigest() for code in codes]
    subject = reference("user", kept.id)
    assert events(session)[1:] == [
        (Event.SIGNED_IN, kept.id, subject),
        (Event.SECOND_FACTOR_SET_UP, kept.id, subject),
        (Event.RECOVERY_CODES_MADE, kept.id, subject),
    ]
    (mail,) = mails(settings)
    assert "authenticator app was set up" in mail

    other = cast(Client, app.test_client())
    enter_password(other, user)
    assert enter_code(other, codes[3], address="/mf-recovery").status_code == 302


def test_the_code_that_confirmed_the_app_does_not_sign_in(
    app: Flask, client: Client, user: User
) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        begun = begin(client)
        code = shown_code(app, begun)
        confirm(client, begun, code)
        other = cast(Client, app.test_client())
        enter_password(other, user)
        assert enter_code(other, code).status_code == 422
        time.shift(STEP)
        assert enter_code(other, shown_code(app, begun)).status_code == 302


def test_whoever_signed_in_without_a_code_is_out_once_there_is_an_app(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    other, late = cast(Client, app.test_client()), cast(Client, app.test_client())
    enter_password(other, user)
    begun = begin(client)
    before = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    confirm(client, begun, shown_code(app, begun))
    assert is_signed_in(client)
    assert not is_signed_in(other)
    sign_ins = session.exec(select(SignIn).order_by(col(SignIn.id))).all()
    assert [(each.method, each.ended_at is None) for each in sign_ins] == [
        (SignInMethod.CODE, True),
        (SignInMethod.PASSWORD, False),
    ]
    session.commit()
    assert before
    late.set_cookie(before.key, before.value)
    assert not is_signed_in(late), "the one that set it up has another token"


def test_a_mistyped_code_shows_the_same_key_again(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    begun = begin(client)
    again = confirm(client, begun, "12")
    assert again.status_code == 422
    assert "six digits" in errors(again)[0]
    again = confirm(client, again, wrong_code(app, shown_secret(app, begun)))
    assert again.status_code == 422
    assert "not right" in errors(again)[0]
    assert shown_key(again) == shown_key(begun)
    assert not fresh(session, user).has_second_factor
    assert confirm(client, again, shown_code(app, begun)).status_code == 200
    assert fresh(session, user).wrong_code_count == 0


def test_a_page_that_is_loaded_anew_after_a_mistyped_code_begins_again(
    client: Client, user: User
) -> None:
    again = confirm(client, begin(client), "12")
    loaded = client.get(action_of(again))
    assert (loaded.status_code, loaded.headers["Location"]) == (302, "/tf-setup")


def test_no_address_holds_anything_of_the_app(client: Client, user: User) -> None:
    begun = begin(client)
    assert action_of(begun) == "/tf-setup/app"
    assert action_of(confirm(client, begun, "12")) == "/tf-setup/app"


def test_an_app_is_not_set_up_twice_with_one_form(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    begun = begin(client)
    code = shown_code(app, begun)
    confirm(client, begun, code)
    codes = fresh(session, user).mf_recovery_codes
    again = send(client, action_of(begun), code=code)
    assert again.headers["Location"] == "/tf-setup"
    assert fresh(session, user).mf_recovery_codes == codes


def test_nothing_is_set_up_before_a_code_confirms_it(
    client: Client, user: User, session: Session
) -> None:
    begin(client)
    assert not fresh(session, user).has_second_factor


def test_what_one_began_another_does_not_finish(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    begun = begin(client)
    other = cast(Client, app.test_client())
    stranger = a_user(session)
    session.commit()
    other.sign_in(stranger)
    with client.session_transaction() as theirs, other.session_transaction() as state:
        state["tf_begun"] = theirs["tf_begun"]
    answer = other.post(action_of(begun), data={"code": shown_code(app, begun)})
    assert answer.headers["Location"] == "/tf-setup"
    assert "open for too long" in said(other.get("/tf-setup"))
    assert not fresh(session, stranger).has_second_factor


def test_what_was_begun_half_an_hour_ago_begins_again(
    app: Flask, client: Client, user: User, session: Session
) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        begun = begin(client)
        time.shift(timedelta(minutes=29))
        client.get("/")  # or the session would be idle
        time.shift(timedelta(minutes=2))
        answer = confirm(client, begun, shown_code(app, begun))
    assert answer.headers["Location"] == "/tf-setup"
    assert not fresh(session, user).has_second_factor


def test_another_phone_takes_the_place_of_the_first(
    app: Flask, client: Client, session: Session
) -> None:
    person = an_app_user(app, session, codes=3)
    enter_password(client, person.user)
    enter_code(client, code_of(app, person.secret))
    begun = begin(client)
    # In the same half minute in which the first one's code was used.
    assert confirm(client, begun, shown_code(app, begun)).status_code == 200
    assert fresh(session, person.user).recovery_code_count == 10
    other = cast(Client, app.test_client())
    enter_password(other, person.user)
    assert enter_code(other, code_of(app, person.secret)).status_code == 422
    assert enter_code(other, code_of(app, person.user.tf_totp_secret or "")).status_code == 422
    later = shown_code(app, begun, steps=1)
    assert enter_code(other, later).status_code == 302


def test_recovery_codes_made_anew_end_the_old_ones(
    app: Flask, client: Client, session: Session, settings: Settings
) -> None:
    person = an_app_user(app, session, codes=2)
    client.sign_in(person.user)
    page = client.get("/mf-recovery-codes")
    assert "You have 2 recovery codes left" in " ".join(soup(page).get_text().split())
    old = fresh(session, person.user).mf_recovery_codes
    made = send(client, "/mf-recovery-codes")
    assert made.status_code == 200
    assert len(shown_codes(made)) == 10
    assert shown_codes(client.get("/mf-recovery-codes?show_codes=yes")) == []
    assert fresh(session, person.user).mf_recovery_codes != old
    assert "older ones no longer work" in mails(settings)[0]
    assert events(session)[-1][0] == Event.RECOVERY_CODES_MADE


def test_without_a_second_factor_there_are_no_recovery_codes(
    client: Client, user: User, session: Session
) -> None:
    assert "Set up a second factor" in client.get("/mf-recovery-codes").text
    answer = client.post("/mf-recovery-codes")
    assert answer.status_code == 422
    assert fresh(session, user).recovery_code_count == 0


def test_a_second_factor_is_removed_with_its_recovery_codes(
    app: Flask, client: Client, session: Session, settings: Settings
) -> None:
    person = an_app_user(app, session, codes=2)
    client.sign_in(person.user)
    assert send(client, "/tf-setup", setup="disable").status_code == 302
    kept = fresh(session, person.user)
    assert not kept.has_second_factor
    assert (kept.tf_totp_secret, kept.tf_last_counter) == (None, None)
    assert kept.recovery_code_count == 0
    assert events(session)[-1][0] == Event.SECOND_FACTOR_REMOVED
    assert "second factor was removed" in mails(settings)[0]
    other = cast(Client, app.test_client())
    assert enter_password(other, person.user).headers["Location"] == "/"
    assert is_signed_in(other)


@pytest.mark.parametrize("address", ["/tf-setup", "/mf-recovery-codes", "/wan-register"])
def test_what_signs_in_is_changed_only_soon_after_signing_in(
    app: Flask, client: Client, session: Session, address: str
) -> None:
    person = an_app_user(app, session, codes=2)
    with time_machine.travel(clock.now(), tick=False) as time:
        enter_password(client, person.user)
        enter_code(client, code_of(app, person.secret))
        time.shift(timedelta(minutes=14))
        assert client.get(address).status_code == 200
        time.shift(timedelta(minutes=2))
        for answer in (client.get(address), client.post(address, data=with_token(client))):
            assert answer.headers["Location"] == f"/verify?next={address}"
        verify = f"/verify?next={address}"
        for password, code in ((PASSWORD, "12"), ("wrong", code_of(app, person.secret))):
            assert send(client, verify, password=password, code=code).status_code == 422
        right = code_of(app, person.secret)
        answer = send(client, verify, password=PASSWORD, code=right)
        assert answer.headers["Location"] == address
        assert client.get(address).status_code == 200
        # The code has been used.
        other = cast(Client, app.test_client())
        enter_password(other, person.user)
        assert enter_code(other, right).status_code == 422


def test_without_an_app_the_password_is_enough_to_go_on(client: Client, user: User) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert client.get("/tf-setup").headers["Location"].startswith("/verify")
        answer = send(client, "/verify?next=/tf-setup", password=PASSWORD)
        assert answer.headers["Location"] == "/tf-setup"


def test_where_there_is_none_none_is_removed(client: Client, user: User, session: Session) -> None:
    answer = send(client, "/tf-setup", setup="disable")
    assert answer.status_code == 422
    assert "nothing to remove" in errors(answer)[0]
    assert Event.SECOND_FACTOR_REMOVED not in [event for event, _, _ in events(session)]


def test_only_an_app_is_set_up(client: Client, user: User) -> None:
    for made_up in ("", "email", "sms", "webauthn"):
        assert send(client, "/tf-setup", setup=made_up).status_code == 422


def test_the_other_ways_of_the_library_are_closed(client: Client, user: User) -> None:
    for address in ("/tf-rescue", "/tf-select"):
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404


def with_token(client: Client) -> dict[str, str]:
    """A form that is no forgery."""
    return {"csrf_token": form_token(client, "/account")}


def begin(client: Client) -> TestResponse:
    """The page with the key of a new app."""
    return send(client, "/tf-setup", setup="authenticator")


def confirm(client: Client, page: TestResponse, code: str) -> TestResponse:
    """The answer to the code, typed on the page with the key."""
    return client.post(action_of(page), data={"csrf_token": form_token_of(page), "code": code})


def action_of(page: TestResponse) -> str:
    """Where the form with the code is sent."""
    form = soup(page).select_one("main form[action]")
    assert form
    return str(form["action"])


def form_token_of(page: TestResponse) -> str:
    """The token against forgery on this page."""
    field = soup(page).select_one("main form[action] input[name=csrf_token]")
    assert field
    return str(field["value"])


def shown_key(page: TestResponse) -> str:
    """The key to type where the QR code cannot be scanned."""
    key = soup(page).select_one(".chec-key")
    assert key
    return key.get_text()


def shown_secret(app: Flask, page: TestResponse) -> str:
    """What an app keeps of that key."""
    return app_with(app, shown_key(page))


def shown_code(app: Flask, page: TestResponse, *, steps: int = 0) -> str:
    """What an app with that key shows."""
    return code_of(app, shown_secret(app, page), steps=steps)


def shown_codes(page: TestResponse) -> list[str]:
    """The recovery codes on the page."""
    return [each.get_text() for each in soup(page).select(".chec-codes li")]
