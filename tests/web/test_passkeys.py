"""Passkeys: adding, signing in, and taking away."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, cast

import pytest
import time_machine
from flask import Flask
from sqlmodel import Session, select
from werkzeug.test import Cookie, TestResponse

from chec import clock
from chec.config import Settings
from chec.models import Event, Passkey, SignInMethod, User
from chec.models.references import reference
from tests.client import Client, soup
from tests.web.authenticator import Device
from tests.web.factors import (
    a_user,
    an_app_user,
    code_of,
    enter_code,
    enter_password,
    errors,
    events,
    form_token,
    is_signed_in,
    mails,
    methods,
    said,
    send,
)


@pytest.fixture
def user(client: Client, session: Session) -> User:
    """Somebody signed in, with a password only."""
    user = a_user(session)
    session.commit()
    client.sign_in(user)
    return user


@pytest.fixture
def device(client: Client, user: User) -> Device:
    """A device with a passkey of the user."""
    device = Device()
    assert add(client, device).status_code == 302
    return device


@pytest.fixture
def browser(app: Flask) -> Client:
    """A browser in which nobody has signed in."""
    return cast(Client, app.test_client())


def test_a_passkey_signs_in_without_password_and_code(
    browser: Client, device: Device, user: User, session: Session, settings: Settings
) -> None:
    answer = sign_in(browser, device)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert is_signed_in(browser)
    assert methods(session)[-1] == SignInMethod.PASSKEY
    subject = reference("user", user.id)
    assert events(session)[1:] == [
        (Event.PASSKEY_ADDED, user.id, subject),
        (Event.SIGNED_IN, user.id, subject),
    ]
    assert "“Work laptop” was added" in mails(settings)[0]


def test_the_owner_is_told_of_a_passkey_that_goes(
    client: Client, device: Device, settings: Settings
) -> None:
    client.post("/wan-delete", data={"name": "Work laptop"})
    assert any("“Work laptop” was removed" in mail for mail in mails(settings))


def test_a_passkey_is_both_factors_at_once(app: Flask, browser: Client, session: Session) -> None:
    person = an_app_user(app, session)
    owner = cast(Client, app.test_client())
    owner.sign_in(person.user)
    device = Device()
    add(owner, device)
    sign_in(browser, device)
    assert is_signed_in(browser)


def test_from_the_passkey_one_comes_to_the_page_that_was_asked_for(
    browser: Client, device: Device
) -> None:
    answer = sign_in(browser, device, address="/wan-signin?next=/inbox%3Fpage%3D2")
    assert answer.headers["Location"] == "/inbox?page=2"


@pytest.mark.parametrize("counts", [True, False], ids=["counted", "not counted"])
def test_a_recorded_answer_is_refused(
    app: Flask, browser: Client, device: Device, counts: bool, session: Session
) -> None:
    device.counts = counts
    page = ask(browser)
    answer = device.get(options_of(page))
    other = cast(Client, app.test_client())
    token = form_token(other, "/login")
    assert reply(browser, page, answer).headers["Location"] == "/"
    again = reply(other, page, answer, token=token)
    assert again.headers["Location"] == "/wan-signin"
    assert "not taken" in said(other.get("/wan-signin"))
    assert not is_signed_in(other)
    assert [event for event, _, _ in events(session)][-1] == Event.SIGN_IN_FAILED
    assert sign_in(other, device).headers["Location"] == "/"


def test_of_one_answer_sent_twice_at_the_same_moment_one_is_taken(
    app: Flask, browser: Client, device: Device, session: Session
) -> None:
    page = ask(browser)
    answer = device.get(options_of(page))
    browsers = [cast(Client, app.test_client()) for _ in range(2)]
    tokens = [form_token(each, "/login") for each in browsers]
    before = len(methods(session))
    ready = Barrier(2)

    def enter(place: int) -> str:
        ready.wait()
        return reply(browsers[place], page, answer, token=tokens[place]).headers["Location"]

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(enter, range(2))) == ["/", "/wan-signin"]
    assert len(methods(session)) == before + 1


def test_a_challenge_ends_with_its_minute(browser: Client, device: Device) -> None:
    with time_machine.travel(clock.now() + timedelta(seconds=5), tick=False) as time:
        page = ask(browser)
        time.shift(timedelta(seconds=62))
        answer = reply(browser, page, device.get(options_of(page)))
        assert answer.headers["Location"] == "/wan-signin"
        assert "open for too long" in said(browser.get("/wan-signin"))
        assert not is_signed_in(browser)


def test_a_removed_passkey_no_longer_signs_in(
    client: Client, browser: Client, device: Device, session: Session
) -> None:
    assert send(client, "/wan-register", name="x" * 65).status_code == 422
    answer = client.post("/wan-delete", data={"name": "Work laptop"})
    assert answer.headers["Location"] == "/wan-register"
    assert "“Work laptop” was removed" in said(client.get("/wan-register"))
    assert session.exec(select(Passkey)).all() == []
    session.commit()
    assert events(session)[-1][0] == Event.PASSKEY_REMOVED
    assert sign_in(browser, device).headers["Location"] == "/wan-signin"
    assert not is_signed_in(browser)
    # A second time, from another tab.
    client.post("/wan-delete", data={"name": "Work laptop"})
    assert "removed before" in said(client.get("/wan-register"))


def test_nobody_removes_the_passkey_of_another(
    browser: Client, device: Device, session: Session
) -> None:
    stranger = a_user(session)
    session.commit()
    browser.sign_in(stranger)
    browser.post("/wan-delete", data={"name": "Work laptop"})
    assert len(session.exec(select(Passkey)).all()) == 1


def test_who_is_locked_does_not_sign_in_by_passkey(
    browser: Client, device: Device, user: User, session: Session
) -> None:
    user.active = False
    session.add(user)
    session.commit()
    before = methods(session)
    assert sign_in(browser, device).headers["Location"] == "/wan-signin"
    assert methods(session) == before


LIES = {
    "another site": {"origin": "http://evil.example"},
    "another name": {"rp_id": "evil.example"},
    "nobody verified": {"verifies": False},
    "another key": {"key": Device().key},
    "another passkey": {"credential_id": b"0123456789abcdef"},
    "another user": {"user_handle": "YW5vdGhlcg"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_an_answer_that_is_not_right_is_refused(
    browser: Client, device: Device, lie: dict[str, Any]
) -> None:
    for name, value in lie.items():
        setattr(device, name, value)
    assert sign_in(browser, device).headers["Location"] == "/wan-signin"
    assert not is_signed_in(browser)


IN_AN_ANSWER = ("clientDataJSON", "authenticatorData", "signature", "attestationObject")
NONSENSE = (
    "",
    "{",
    "null",
    "[]",
    '"x"',
    "1" * 9_000,
    "[" * 9_000,
    json.dumps({"id": "x", "rawId": "x", "type": "public-key", "response": {}}),
    json.dumps(
        {
            "id": "eHg",
            "rawId": "eHg",
            "type": "public-key",
            "response": dict.fromkeys(IN_AN_ANSWER, "!"),
        }
    ),
)


def test_nonsense_is_refused(app: Flask, client: Client, browser: Client, user: User) -> None:
    for nonsense in NONSENSE:
        assert reply(browser, ask(browser), nonsense).status_code == 302
        assert reply(client, begin(client, "Phone"), nonsense).status_code == 302
    assert not is_signed_in(browser)
    assert "not added" in said(client.get("/wan-register"))


def test_what_was_signed_for_one_step_is_of_no_use_for_another(
    client: Client, browser: Client, device: Device
) -> None:
    page = ask(browser)
    signed = action_of(page).removeprefix("/wan-signin/")
    answer = device.get(options_of(page))
    for address in (f"/wan-register/{signed}", f"/wan-verify/{signed}", f"/tf-setup/{signed}"):
        assert (
            client.post(address, data={"credential": answer, "code": "123456"}).status_code == 302
        )
    assert "open for too long" in said(client.get("/wan-register"))


def test_what_one_began_another_does_not_finish(
    client: Client, browser: Client, user: User, session: Session
) -> None:
    page = begin(client, "Work laptop")
    stranger = a_user(session)
    session.commit()
    browser.sign_in(stranger)
    answer = browser.post(action_of(page), data={"credential": Device().create(options_of(page))})
    assert answer.status_code == 302
    assert session.exec(select(Passkey)).all() == []


def test_a_passkey_is_added_once(client: Client, user: User, session: Session) -> None:
    page = begin(client, "Work laptop")
    created = Device().create(options_of(page))
    for _ in range(2):
        reply(client, page, created)
    assert "not added" in said(client.get("/wan-register"))
    assert len(session.exec(select(Passkey)).all()) == 1


def test_a_passkey_that_does_not_verify_its_user_is_not_added(
    client: Client, user: User, session: Session
) -> None:
    add(client, Device(verifies=False))
    assert session.exec(select(Passkey)).all() == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "Give the passkey a name"),
        ("  ", "Give the passkey a name"),
        ("<b>", "letters"),
        ("a/b", "Use letters"),
        ("x" * 65, "at most 64"),
        ("Work laptop", "already"),
        ("943 476 5919", "NHS number"),
    ],
)
def test_a_name_says_which_passkey_it_is(
    client: Client, device: Device, name: str, why: str
) -> None:
    answer = begin(client, name)
    assert answer.status_code == 422
    assert why in errors(answer)[0]


def test_ones_passkeys_are_listed(client: Client, device: Device) -> None:
    add(client, Device(), name="Phone")
    page = soup(client.get("/wan-register"))
    names = [" ".join(each.get_text().split()[:-4]) for each in page.select("tbody th")]
    assert names == ["Work laptop", "Phone"]
    buttons = [each["aria-label"] for each in page.select("tbody button")]
    assert buttons == ["Remove Work laptop", "Remove Phone"]


def test_a_device_is_asked_to_verify_its_user_and_tells_no_account(browser: Client) -> None:
    options = options_of(ask(browser))
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert options.get("allowCredentials", []) == []


def test_half_way_through_a_password_one_can_use_the_passkey_instead(
    app: Flask, browser: Client, session: Session
) -> None:
    person = an_app_user(app, session)
    owner = cast(Client, app.test_client())
    owner.sign_in(person.user)
    device = Device()
    add(owner, device)
    enter_password(browser, person.user)
    assert sign_in(browser, device).headers["Location"] == "/"
    assert methods(session)[-1] == SignInMethod.PASSKEY


def test_a_passkey_of_one_does_not_stand_in_for_the_code_of_another(
    app: Flask, browser: Client, device: Device, user: User, session: Session
) -> None:
    person = an_app_user(app, session)
    enter_password(browser, person.user)
    sign_in(browser, device)
    assert user.name in browser.get("/account").text
    other = cast(Client, app.test_client())
    enter_password(other, person.user)
    enter_code(other, code_of(app, person.secret))
    assert is_signed_in(other)


def test_a_passkey_shows_again_who_is_there(
    client: Client, device: Device, user: User, session: Session
) -> None:
    stranger = a_user(session)
    session.commit()
    verify = "/wan-verify?next=/tf-setup"
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert client.get("/tf-setup").headers["Location"] == "/verify?next=/tf-setup"
        page = ask(client, verify)
        answer = device.get(options_of(page))
        before = cookie(client)
        assert reply(client, page, answer).headers["Location"] == "/tf-setup"
        other = cast(Client, client.application.test_client())
        other.set_cookie(before.key, before.value)
        assert not is_signed_in(other), "the session has another token"
        assert client.get("/tf-setup").status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=40), tick=False):
        client.sign_in(stranger)
    with time_machine.travel(clock.now() + timedelta(minutes=60), tick=False):
        # Neither with the recorded answer, nor with the passkey of another.
        reply(client, page, answer)
        assert client.get("/tf-setup").headers["Location"] == "/verify?next=/tf-setup"
        again = ask(client, verify)
        reply(client, again, device.get(options_of(again)))
        assert client.get("/tf-setup").headers["Location"] == "/verify?next=/tf-setup"


def test_a_forged_answer_is_refused(browser: Client, device: Device) -> None:
    page = ask(browser)
    data = {"credential": device.get(options_of(page))}
    assert browser.post(action_of(page), data=data).status_code == 400
    assert not is_signed_in(browser)


def add(client: Client, device: Device, *, name: str = "Work laptop") -> TestResponse:
    """The answer to a new passkey."""
    page = begin(client, name)
    return reply(client, page, device.create(options_of(page)))


def cookie(client: Client) -> Cookie:
    """The session cookie."""
    found = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
    assert found
    return found


def begin(client: Client, name: str) -> TestResponse:
    """The page that asks a device for a passkey."""
    return send(client, "/wan-register", name=name)


def sign_in(client: Client, device: Device, *, address: str = "/wan-signin") -> TestResponse:
    """The answer to signing in with the device's passkey."""
    page = ask(client, address)
    return reply(client, page, device.get(options_of(page)))


def ask(client: Client, address: str = "/wan-signin") -> TestResponse:
    """The page that asks a device to sign in."""
    return send(client, address)


def reply(client: Client, page: TestResponse, answer: str, *, token: str = "") -> TestResponse:
    """What the script does with the answer of the device."""
    field = soup(page).select_one("form[data-passkey] input[name=csrf_token]")
    assert field
    data = {"csrf_token": token or str(field["value"]), "credential": answer}
    return client.post(action_of(page), data=data)


def options_of(page: TestResponse) -> dict[str, Any]:
    """What the page has the browser ask the device."""
    form = soup(page).select_one("form[data-passkey]")
    assert form, page.text
    options: dict[str, Any] = json.loads(str(form["data-options"]))
    return options


def action_of(page: TestResponse) -> str:
    """Where the answer is sent."""
    form = soup(page).select_one("form[data-passkey]")
    assert form, page.text
    return str(form["action"])
