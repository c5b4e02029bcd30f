"""How often something may be tried, and that nobody is locked out by somebody else."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import time_machine
from flask import Flask
from limits import parse
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec.app import create_app
from chec.config import Settings
from chec.models import AuditEvent, Event, Role, User
from chec.web.devices import _serializer, account_key, keyed
from chec.web.limits import LIMITS, Limit, may_mail
from chec.web.passwords import hash_password
from tests import builders
from tests.client import Client, serving, soup
from tests.settings import behind_tls

pytestmark = pytest.mark.backend("sqlite")

EMAIL, PASSWORD = "director@chec.example", "correct horse battery"
HERE, THERE = "127.0.0.1", "127.0.0.2"
TITLE = "Too many sign-ins have failed"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW, tick=False):
        yield


@pytest.fixture
def user(session: Session) -> User:
    hashed = hash_password(PASSWORD, cheap=True)
    user = builders.a_user(session, email=EMAIL, password_hash=hashed)
    session.commit()
    return user


@pytest.fixture
def new_device(app: Flask, user: User) -> Callable[[], Client]:
    """A browser that nobody has signed in on."""
    app.config["WTF_CSRF_ENABLED"] = False
    return lambda: cast(Client, app.test_client())


def test_after_twenty_failures_an_account_is_closed_to_devices_it_does_not_know(
    new_device: Callable[[], Client],
) -> None:
    for number in range(20):
        assert guess(new_device()).status_code == 422, number
    refused = sign_in(new_device())
    assert refused.status_code == 429
    page = soup(refused)
    assert [each.text.strip() for each in page.select("main h1")] == [TITLE]
    assert "Try again after 16 November 2026 at 10:30." in page.text
    assert "the link in the mail works now" in page.text
    assert refused.headers["Retry-After"] == "3601"


def test_nobody_is_locked_out_of_a_device_they_use(new_device: Callable[[], Client]) -> None:
    own = new_device()
    assert sign_in(own).status_code == 302
    sign_out(own)
    for _ in range(30):
        guess(new_device())
    assert guess(new_device()).status_code == 429
    assert sign_in(own).status_code == 302


def test_on_a_device_it_knows_an_account_takes_ten_failures(
    new_device: Callable[[], Client],
) -> None:
    own, other = new_device(), new_device()
    for device in (own, other):
        sign_in(device)
        sign_out(device)
    assert [guess(own).status_code for _ in range(11)] == [422] * 10 + [429]
    assert sign_in(own).status_code == 429
    assert sign_in(other).status_code == 302, "each device by itself"


def test_what_was_refused_is_taken_again_when_the_page_says(
    new_device: Callable[[], Client],
) -> None:
    for _ in range(20):
        guess(new_device())
    seconds = int(sign_in(new_device()).headers["Retry-After"])
    with time_machine.travel(builders.NOW + timedelta(seconds=seconds - 2), tick=False):
        assert sign_in(new_device()).status_code == 429
    with time_machine.travel(builders.NOW + timedelta(seconds=seconds), tick=False):
        assert sign_in(new_device()).status_code == 302


def test_trying_on_while_it_is_closed_does_not_keep_it_closed(
    new_device: Callable[[], Client],
) -> None:
    for _ in range(20):
        guess(new_device())
    with time_machine.travel(builders.NOW + timedelta(minutes=59), tick=False):
        for _ in range(20):
            assert guess(new_device()).status_code == 429
    with time_machine.travel(builders.NOW + timedelta(minutes=61), tick=False):
        assert sign_in(new_device()).status_code == 302


def test_only_failures_count(new_device: Callable[[], Client]) -> None:
    for _ in range(25):
        device = new_device()
        assert sign_in(device).status_code == 302
        sign_out(device)


def test_a_known_account_and_an_unknown_one_are_refused_alike(
    new_device: Callable[[], Client],
) -> None:
    told = []
    for email in (EMAIL, "nobody@chec.example"):
        answers = [guess(new_device(), email) for _ in range(22)]
        refusals = {str(soup(each).main) for each in answers if each.status_code == 429}
        waits = [each.headers.get("Retry-After") for each in answers]
        told.append(([each.status_code for each in answers], waits, refusals))
    assert told[0] == told[1]


def test_another_spelling_of_an_address_is_the_same_account(
    new_device: Callable[[], Client], app: Flask
) -> None:
    for _ in range(20):
        guess(new_device())
    for spelling in (
        EMAIL.upper(),
        f" {EMAIL} ",
        "Director@CHEC.Example",
        "director@chec。example",
    ):
        assert guess(new_device(), spelling).status_code == 429, spelling


def test_one_address_has_a_hundred_failures_whosever_account(
    new_device: Callable[[], Client],
) -> None:
    device = new_device()
    for number in range(100):
        assert guess(device, f"person{number}@chec.example").status_code == 422
    assert sign_in(device).status_code == 429
    assert sign_in(new_device(), address=THERE).status_code == 302


def test_a_known_device_is_not_held_to_what_its_neighbours_do(
    new_device: Callable[[], Client],
) -> None:
    own, neighbour = new_device(), new_device()
    sign_in(own)
    sign_out(own)
    for number in range(100):
        guess(neighbour, f"person{number}@chec.example")
    assert sign_in(new_device()).status_code == 429
    assert sign_in(own).status_code == 302


def test_of_ipv6_a_whole_network_is_one_address(new_device: Callable[[], Client]) -> None:
    device = new_device()
    device.application.wsgi_app = served_from_anywhere(device.application)  # type: ignore[method-assign]
    for number in range(100):
        guess(device, f"person{number}@chec.example", address=f"2001:db8::{number:x}")
    assert sign_in(device, address="2001:db8::ffff:1").status_code == 429
    assert sign_in(device, address="2001:db8:0:1::1").status_code == 302


def test_a_device_is_known_to_the_accounts_that_signed_in_on_it_and_no_other(
    new_device: Callable[[], Client],
) -> None:
    attacker = new_device()
    mine = "attacker@chec.example"
    with attacker.application.app_context():
        assert account_key(mine) != account_key(EMAIL)
    for _ in range(20):
        guess(new_device())
    cookie_of_another = forged_device(attacker, mine)
    attacker.set_cookie("chec-80-device", cookie_of_another)
    assert sign_in(attacker).status_code == 429
    attacker.set_cookie("chec-80-device", f"{cookie_of_another[:-2]}xx")
    assert sign_in(attacker).status_code == 429
    attacker.set_cookie("chec-80-device", forged_device(attacker, EMAIL))
    assert sign_in(attacker).status_code == 302, "the signature is what is asked for"


def test_the_device_cookie_is_kept_from_scripts_and_other_sites_and_names_nobody(
    new_device: Callable[[], Client],
) -> None:
    device = new_device()
    assert not device_cookies(guess(device))
    [cookie] = device_cookies(sign_in(device))
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {each.strip() for each in cookie.split(";")}
    assert "Max-Age=31536000" in cookie
    assert "director" not in cookie


def test_a_new_password_by_mail_makes_the_device_known(
    new_device: Callable[[], Client], settings: Settings
) -> None:
    device = new_device()
    for _ in range(20):
        guess(new_device())
    assert sign_in(device).status_code == 429
    device.post("/reset", data={"email": EMAIL})
    [mail] = Path(settings.mail_dir).glob("*.eml")
    link = re.search(r"/reset/\S+", mail.read_text().replace("=\n", ""))
    assert link
    asked = device.get(link[0])
    device.post(asked.location, data={"password": "another battery, more correct"})
    assert sign_in(device, password="another battery, more correct").status_code == 302
    assert sign_in(new_device()).status_code == 429


def test_the_trail_is_told_once_a_window(
    new_device: Callable[[], Client], session: Session
) -> None:
    for _ in range(30):
        guess(new_device())
    assert told_to_the_trail(session) == [
        "sign-in to one account from unknown devices: 20 per hour"
    ]
    with time_machine.travel(builders.NOW + timedelta(minutes=61), tick=False):
        for _ in range(22):
            guess(new_device())
    assert len(told_to_the_trail(session)) == 2


def test_nothing_that_was_typed_is_kept_or_logged(
    new_device: Callable[[], Client],
    app: Flask,
    session: Session,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    for _ in range(22):
        guess(new_device(), "typed-wrong@chec.example")
    storage = app.extensions["chec_limiter"].storage
    kept = [str(row.model_dump()) for row in session.exec(select(AuditEvent))]
    seen = " ".join([*kept, caplog.text, *storage.events, *storage.storage])
    assert "typed-wrong" not in seen
    assert HERE not in " ".join([*storage.events, *storage.storage])


def test_a_mail_that_nobody_signed_in_asked_for_comes_five_times_an_hour(app: Flask) -> None:
    with app.test_request_context("/reset"):
        assert [may_mail(EMAIL) for _ in range(7)] == [True] * 5 + [False] * 2
        assert may_mail("another@chec.example")
        with time_machine.travel(builders.NOW + timedelta(minutes=61), tick=False):
            assert may_mail(EMAIL)


def test_asking_for_a_new_password_is_limited_by_address(new_device: Callable[[], Client]) -> None:
    device = new_device()
    statuses = [
        device.post("/reset", data={"email": f"person{number}@chec.example"}).status_code
        for number in range(22)
    ]
    assert 429 not in statuses[:20]
    assert statuses[20:] == [429, 429]


@pytest.mark.parametrize(
    ("what", "method", "path"),
    [
        ("downloads", "GET", "/centres/C-0001/ledger/transfers.csv"),
        ("uploads", "POST", "/claims/CL-0001/upload"),
        ("forms", "POST", "/centres/C-0001/runs/new"),
        ("invitations and roles given", "POST", "/centres/C-0001/people/invite"),
    ],
)
def test_a_user_has_plenty_and_not_without_end(
    new_device: Callable[[], Client], session: Session, what: str, method: str, path: str
) -> None:
    client = new_device()
    user, other = builders.a_user(session), builders.a_user(session)
    centre = builders.a_centre(session)
    for each in (user, other):
        builders.a_membership(session, Role.DIRECTOR, user=each, centre=centre)
    session.commit()
    client.sign_in(user)
    limit = next(each for each in LIMITS if each.what == what)
    count(client.application, limit, ("user", user.fs_uniquifier), parse(limit.rate).amount - 1)
    assert client.open(path, method=method).status_code in {200, 404, 422}
    refused = client.open(path, method=method)
    assert refused.status_code == 429
    assert "Too many attempts" in soup(refused).text
    client.sign_in(other)
    assert client.open(path, method=method).status_code in {200, 404, 422}


def test_of_passkeys_only_answers_that_were_not_taken_count(
    new_device: Callable[[], Client],
) -> None:
    device = new_device()
    asked = [device.post("/wan-signin") for _ in range(102)]
    assert [each.status_code for each in asked] == [200] * 102
    [place] = re.findall(r'"(/wan-signin/[^"]+)"', asked[-1].text)
    answered = [device.post(place, data={"credential": "{}"}) for _ in range(101)]
    assert [each.status_code for each in answered] == [302] * 100 + [429]


def test_every_file_every_link_and_every_form_is_limited(app: Flask) -> None:
    limiter = app.extensions["chec_limiter"]
    for rule in app.url_map.iter_rules():
        names = {limit.what for limit in LIMITS if limit.where(rule)}
        if "POST" in (rule.methods or ()):
            assert "forms" in names, rule
        if rule.endpoint.endswith(("download", "statement")):
            assert "downloads" in names, rule
        if rule.endpoint.startswith("invitations."):
            assert "links by mail" in names, rule
        if names:
            view: Any = app.view_functions[rule.endpoint]
            assert getattr(view, "__wrapper-limiter-instance") == limiter, rule


def test_every_route_that_the_table_names_is_there(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    for limit in LIMITS:
        assert any(limit.where(rule) for rule in rules), limit.what


def test_while_the_store_is_away_each_process_counts(
    settings: Settings, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Client
    limiter = app.extensions["chec_limiter"]

    def away(*_asked: object) -> int:
        raise ConnectionError("redis://:secret@store")

    limiter.storage.acquire_entry = away
    limiter.storage.get_moving_window = away
    limiter.storage.check = lambda: False
    statuses = [guess(cast(Client, app.test_client())).status_code for _ in range(22)]
    assert statuses == [422] * 20 + [429] * 2
    assert "secret" not in caplog.text
    app.extensions["chec_engine"].dispose()


def test_a_forged_address_does_not_get_round_the_limit(
    settings: Settings, user: User, session: Session
) -> None:
    with serving(behind_tls(settings, proxies=1)) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        device = app.test_client()

        def answer(number: int, address: str) -> int:
            return device.post(
                "/login",
                data={"email": f"person{number}@chec.example", "password": "wrong"},
                base_url="http://chec.example",
                headers={"X-Forwarded-For": f"198.51.100.{number}, {address}"},
            ).status_code

        limit = next(each for each in LIMITS if each.what == "sign-in from one address")
        count(app, limit, ("address", "203.0.113.9"), parse(limit.rate).amount - 1)
        assert answer(1, "203.0.113.9") == 422
        assert answer(2, "203.0.113.9") == 429
        assert answer(3, "203.0.113.10") == 422


def guess(device: Client, email: str = EMAIL, *, address: str = HERE) -> TestResponse:
    """The answer to a wrong password."""
    return sign_in(device, email, "wrong", address=address)


def sign_in(
    device: Client, email: str = EMAIL, password: str = PASSWORD, *, address: str = HERE
) -> TestResponse:
    data = {"email": email, "password": password}
    return device.post("/login", data=data, environ_base={"REMOTE_ADDR": address})


def sign_out(device: Client) -> None:
    assert device.post("/logout").status_code == 302


def device_cookies(response: TestResponse) -> list[str]:
    return [each for each in response.headers.getlist("Set-Cookie") if "-device=" in each]


def forged_device(device: Client, email: str) -> str:
    """The cookie that a device has to which `email`'s account is known."""
    with device.application.app_context():
        return str(_serializer().dumps(["a-device", [account_key(email)]]))


def count(app: Flask, limit: Limit, whose: tuple[str, str], times: int) -> None:
    """Let so many have been counted already."""
    limiter = app.extensions["chec_limiter"].limiter
    with app.app_context():
        key = keyed(*whose)
    for _ in range(times):
        assert limiter.hit(parse(limit.rate), key, limit.what)


def served_from_anywhere(app: Flask) -> Any:
    """The application without its door."""
    door: Any = app.wsgi_app
    return door._served._served


def told_to_the_trail(session: Session) -> list[str]:
    rows = session.exec(select(AuditEvent).where(AuditEvent.event == Event.RATE_LIMITED)).all()
    told = [row.detail for row in rows]
    session.rollback()
    return told
