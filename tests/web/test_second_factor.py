"""Signing in with a password and the code of an authenticator app."""

from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import cast

import pytest
import time_machine
from flask import Flask
from sqlmodel import Session, select

from chec import clock
from chec.config import Settings
from chec.models import AuditEvent, Event, SignInMethod, User
from chec.models.references import reference
from chec.rules.second_factor import WRONG_CODES
from tests.client import Client
from tests.web.factors import (
    PASSWORD,
    STEP,
    AppUser,
    an_app_user,
    code_of,
    enter_code,
    enter_password,
    errors,
    events,
    form_token,
    fresh,
    is_signed_in,
    mails,
    methods,
    recovery_code,
    said,
    send,
    wrong_code,
)


@pytest.fixture
def person(app: Flask, session: Session) -> AppUser:
    return an_app_user(app, session, codes=3)


def test_password_and_code_open_the_door(
    app: Flask, client: Client, person: AppUser, session: Session
) -> None:
    asked = enter_password(client, person.user)
    assert asked.headers["Location"] == "/tf-validate"
    assert not is_signed_in(client)
    enter_password(client, person.user)
    answer = enter_code(client, code_of(app, person.secret))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert is_signed_in(client)
    assert methods(session) == [SignInMethod.CODE]
    assert [event for event, _, _ in events(session)] == [Event.SIGNED_IN]


def test_a_right_password_is_recorded_also_where_no_code_follows(
    client: Client, person: AppUser, session: Session
) -> None:
    enter_password(client, person.user)
    asked = select(AuditEvent).where(AuditEvent.event == Event.CODE_ASKED_FOR)
    [event] = session.exec(asked)
    assert (event.user_id, event.subject) == (person.user.id, "POST /login")


def test_from_the_code_one_comes_to_the_page_that_was_asked_for(
    app: Flask, client: Client, person: AppUser
) -> None:
    asked = enter_password(client, person.user, address="/login?next=/inbox%3Fpage%3D2")
    address = asked.headers["Location"]
    assert address == "/tf-validate?next=/inbox?page%3D2"
    answer = enter_code(client, code_of(app, person.secret), address=address)
    assert answer.headers["Location"] == "/inbox?page=2"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example"])
def test_the_code_leads_to_no_other_host(
    app: Flask, client: Client, person: AppUser, elsewhere: str
) -> None:
    enter_password(client, person.user)
    code = code_of(app, person.secret)
    answer = enter_code(client, code, address=f"/tf-validate?next={elsewhere}")
    assert answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers["Location"]


def test_what_is_no_code_is_refused_and_not_counted(
    client: Client, person: AppUser, session: Session
) -> None:
    enter_password(client, person.user)
    for typed in ("", "12345", "1234567", "abcdef", "１２３４５６", "12 34"):
        answer = enter_code(client, typed)
        assert answer.status_code == 422
        assert errors(answer)
    assert fresh(session, person.user).wrong_code_count == 0


def test_a_code_may_be_typed_in_two_groups(app: Flask, client: Client, person: AppUser) -> None:
    enter_password(client, person.user)
    code = code_of(app, person.secret)
    assert enter_code(client, f" {code[:3]} {code[3:]} ").status_code == 302


def test_a_wrong_code_opens_nothing_and_is_recorded(
    app: Flask, client: Client, person: AppUser, session: Session
) -> None:
    enter_password(client, person.user)
    answer = enter_code(client, wrong_code(app, person.secret))
    assert answer.status_code == 422
    assert "not right" in errors(answer)[0]
    assert [(event, who) for event, who, _ in events(session)] == [
        (Event.SIGN_IN_FAILED, person.user.id)
    ]
    assert enter_code(client, code_of(app, person.secret)).status_code == 302
    assert fresh(session, person.user).wrong_code_count == 0


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_wrong(
    app: Flask, client: Client, person: AppUser, steps: int, taken: bool
) -> None:
    with time_machine.travel(clock.now(), tick=False):
        enter_password(client, person.user)
        answer = enter_code(client, code_of(app, person.secret, steps=steps))
    assert answer.status_code == (302 if taken else 422)


def test_a_code_works_once(app: Flask, client: Client, person: AppUser) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        code = code_of(app, person.secret)
        enter_password(client, person.user)
        assert enter_code(client, code).status_code == 302
        other = another_browser(app)
        enter_password(other, person.user)
        assert enter_code(other, code).status_code == 422
        earlier = code_of(app, person.secret, steps=-1)
        assert enter_code(other, earlier).status_code == 422
        time.shift(STEP)
        assert enter_code(other, code_of(app, person.secret)).status_code == 302


def test_of_two_who_enter_one_code_at_the_same_moment_one_comes_in(
    app: Flask, person: AppUser, session: Session
) -> None:
    code = code_of(app, person.secret)
    assert sorted(at_once(app, person.user, "/tf-validate", code)) == [302, 422]
    assert methods(session) == [SignInMethod.CODE]


def test_a_recovery_code_opens_the_door_once(
    app: Flask, client: Client, person: AppUser, session: Session, settings: Settings
) -> None:
    enter_password(client, person.user)
    answer = enter_code(client, recovery_code(0), address="/mf-recovery")
    assert answer.headers["Location"] == "/"
    assert "You have 2 left" in said(client.get("/"))
    assert methods(session) == [SignInMethod.RECOVERY_CODE]
    user = reference("user", person.user.id)
    assert events(session) == [
        (Event.RECOVERY_CODE_USED, person.user.id, user),
        (Event.SIGNED_IN, person.user.id, user),
    ]
    (mail,) = mails(settings)
    assert mail.startswith(person.user.email)
    assert "2 are left" in mail
    other = another_browser(app)
    enter_password(other, person.user)
    answer = enter_code(other, recovery_code(0), address="/mf-recovery")
    assert answer.status_code == 422
    assert "recovery codes" in errors(answer)[0]
    assert enter_code(other, recovery_code(1), address="/mf-recovery").status_code == 302


def test_of_two_who_enter_one_recovery_code_at_the_same_moment_one_comes_in(
    app: Flask, person: AppUser, session: Session
) -> None:
    assert sorted(at_once(app, person.user, "/mf-recovery", recovery_code(0))) == [302, 422]
    assert fresh(session, person.user).recovery_code_count == 2


def test_of_two_recovery_codes_at_the_same_moment_both_are_used_up(
    app: Flask, person: AppUser, session: Session
) -> None:
    codes = recovery_code(0), recovery_code(1)
    assert at_once(app, person.user, "/mf-recovery", *codes) == [302, 302]
    assert fresh(session, person.user).recovery_code_count == 1


def test_a_recovery_code_may_be_typed_anyhow(client: Client, person: AppUser) -> None:
    enter_password(client, person.user)
    typed = recovery_code(0).upper().replace("-", " ")
    assert enter_code(client, typed, address="/mf-recovery").status_code == 302


def test_after_five_wrong_codes_one_starts_again_and_waits(
    app: Flask, client: Client, person: AppUser, settings: Settings, session: Session
) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        enter_password(client, person.user)
        half_way = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        assert half_way
        answers = [enter_code(client, wrong_code(app, person.secret)) for _ in range(WRONG_CODES)]
        assert [each.status_code for each in answers] == [422] * (WRONG_CODES - 1) + [302]
        assert answers[-1].headers["Location"] == "/login"
        assert "Too many wrong codes" in said(client.get("/login"))
        (mail,) = mails(settings)
        assert "5 wrong codes" in mail

        # The session cookie of before is no way round it, nor is another sign-in.
        client.set_cookie(half_way.key, half_way.value)
        assert enter_code(client, code_of(app, person.secret)).headers["Location"] == "/login"
        other = another_browser(app)
        enter_password(other, person.user)
        assert enter_code(other, code_of(app, person.secret)).headers["Location"] == "/login"
        enter_password(other, person.user)
        assert enter_code(other, recovery_code(0), address="/mf-recovery").status_code == 302

        time.shift(timedelta(minutes=15, seconds=1))
        enter_password(client, person.user)
        assert enter_code(client, code_of(app, person.secret)).status_code == 302
    assert fresh(session, person.user).wrong_code_count == 0


def test_wrong_codes_of_somebody_who_has_signed_in_are_counted_and_told_too(
    app: Flask, client: Client, person: AppUser, settings: Settings
) -> None:
    client.sign_in(person.user)
    wrong = wrong_code(app, person.secret)
    for _ in range(WRONG_CODES):
        assert mails(settings) == []
        assert send(client, "/verify", password=PASSWORD, code=wrong).status_code == 422
    (mail,) = mails(settings)
    assert "5 wrong codes" in mail


def test_a_new_password_forgets_the_wrong_codes(
    client: Client, person: AppUser, session: Session
) -> None:
    person.user.wrong_code_count = WRONG_CODES
    session.add(person.user)
    session.commit()
    client.sign_in(person.user)
    new = {"password": PASSWORD, "new_password": "seven quiet herons"}
    assert send(client, "/account/password", **new).status_code == 302
    assert fresh(session, person.user).wrong_code_count == 0


def test_many_guesses_at_the_same_moment_are_no_more_than_five(
    app: Flask, person: AppUser, session: Session
) -> None:
    wrong = wrong_code(app, person.secret)
    at_once(app, person.user, "/tf-validate", *([wrong] * 8))
    assert fresh(session, person.user).wrong_code_count == WRONG_CODES


def test_a_code_is_asked_for_only_after_a_password(client: Client) -> None:
    for address in ("/tf-validate", "/mf-recovery"):
        assert client.get(address).headers["Location"] == "/login"
        answer = client.post(
            address, data={"csrf_token": form_token(client, "/login"), "code": "1"}
        )
        assert answer.headers["Location"] == "/login"


def test_no_page_opens_between_the_password_and_the_code(
    app: Flask, client: Client, person: AppUser
) -> None:
    for address in ("/", "/inbox", "/tf-setup", "/mf-recovery-codes", "/wan-register"):
        enter_password(client, person.user)
        assert client.get(address).headers["Location"].startswith("/login")
    # Having looked at the sign-in page again, one begins with the password again.
    enter_password(client, person.user)
    client.get("/login")
    assert client.get("/tf-validate").headers["Location"] == "/login"


def test_what_the_password_began_is_over_after_ten_minutes(
    app: Flask, client: Client, person: AppUser
) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        enter_password(client, person.user)
        token = form_token(client, "/tf-validate")
        time.shift(timedelta(minutes=10, seconds=1))
        data = {"csrf_token": token, "code": code_of(app, person.secret)}
        assert client.post("/tf-validate", data=data).headers["Location"] == "/login"
    assert not is_signed_in(client)


def test_who_is_locked_between_password_and_code_stays_outside(
    app: Flask, client: Client, person: AppUser, session: Session
) -> None:
    enter_password(client, person.user)
    person.user.active = False
    session.add(person.user)
    session.commit()
    assert enter_code(client, code_of(app, person.secret)).status_code == 422
    assert enter_code(client, recovery_code(0), address="/mf-recovery").status_code == 422
    assert methods(session) == []


def test_the_code_of_another_does_not_sign_in(
    app: Flask, client: Client, person: AppUser, session: Session
) -> None:
    other = an_app_user(app, session)
    enter_password(client, person.user)
    assert enter_code(client, code_of(app, other.secret)).status_code == 422


def test_a_secret_that_we_have_not_sealed_opens_nothing_and_the_log_says_so(
    app: Flask,
    client: Client,
    person: AppUser,
    session: Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    code = code_of(app, person.secret)
    other = "A" if person.secret[40] != "A" else "B"
    changed = person.secret[:40] + other + person.secret[41:]
    for kept in (
        changed,
        "short",
        '{"type": "totp", "v": 1, "key": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}',
    ):
        person.user.tf_totp_secret = kept
        session.add(person.user)
        session.commit()
        enter_password(client, person.user)
        assert enter_code(client, code).status_code == 422
    assert caplog.text.count("was not sealed by this key") == 3
    assert not is_signed_in(client)


def test_two_apps_with_one_secret_are_kept_in_two_ways(app: Flask) -> None:
    factory = app.extensions["security"].totp_factory
    assert factory.sealed(b"secret") != factory.sealed(b"secret")
    assert b"secret" not in urlsafe_b64decode(factory.sealed(b"secret"))


def test_a_forged_code_form_is_refused(app: Flask, client: Client, person: AppUser) -> None:
    enter_password(client, person.user)
    answer = client.post("/tf-validate", data={"code": code_of(app, person.secret)})
    assert answer.status_code == 400
    assert not is_signed_in(client)


def test_who_is_signed_in_has_no_code_to_enter(app: Flask, client: Client, person: AppUser) -> None:
    client.sign_in(person.user)
    send(client, "/tf-setup", setup="authenticator")
    for address in ("/tf-validate", "/mf-recovery", "/wan-signin"):
        assert client.get(address).headers["Location"] == "/"
    assert is_signed_in(client)


def another_browser(app: Flask) -> Client:
    return cast(Client, app.test_client())


def at_once(app: Flask, user: User, address: str, *codes: str) -> list[int]:
    """The statuses of these codes, one alone twice, each in a browser of its own."""
    codes = codes if len(codes) > 1 else codes * 2
    browsers = [another_browser(app) for _ in codes]
    tokens = []
    for browser in browsers:
        enter_password(browser, user)
        tokens.append(form_token(browser, address))
    ready = Barrier(len(codes))

    def enter(place: int) -> int:
        ready.wait()
        data = {"csrf_token": tokens[place], "code": codes[place]}
        return browsers[place].post(address, data=data).status_code

    with ThreadPoolExecutor(len(codes)) as people:
        return list(people.map(enter, range(len(codes))))
