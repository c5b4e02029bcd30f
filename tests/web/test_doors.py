"""Who is let in at all: from which machine, under which name, through what, from which site."""

import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask, Response, request, url_for
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec.config import Settings
from chec.models import AuditEvent, Event, Role, User
from chec.web.access import Access, declared_access, open_to_all
from tests import builders
from tests.client import Client, serving, soup
from tests.settings import behind_tls
from tests.web.factors import PASSWORD, a_user

pytestmark = pytest.mark.backend("sqlite")

FROM_AFAR = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def plain(app: Flask) -> Client:
    return telling(app)


@pytest.fixture
def encrypted(settings: Settings) -> Iterator[Client]:
    with serving(behind_tls(settings)) as app:
        yield telling(app)


@pytest.fixture
def proxied(settings: Settings) -> Iterator[Client]:
    with serving(behind_tls(settings, proxies=2)) as app:
        yield telling(app)


@pytest.fixture
def director(session: Session, client: Client) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=builders.a_centre(session))
    session.commit()
    client.sign_in(user)
    return user


# Cookies


def test_under_tls_cookies_are_this_hosts_alone(encrypted: Client) -> None:
    cookie = cookie_of(encrypted.get("/login", base_url="https://chec.example"))
    assert cookie.startswith("__Host-chec=")
    assert attributes(cookie) == {"secure", "httponly", "path=/", "samesite=lax"}


def test_under_tls_the_device_cookie_is_this_hosts_alone(
    encrypted: Client, session: Session
) -> None:
    user = a_user(session)
    session.commit()
    site = {"base_url": "https://chec.example", "headers": {"Referer": "https://chec.example/"}}
    token = soup(encrypted.get("/login", **site)).select_one("input[name=csrf_token]")
    assert token
    data = {"csrf_token": token["value"], "email": user.email, "password": PASSWORD}
    answer = encrypted.post("/login", data=data, **site)
    [cookie] = [each for each in answer.headers.getlist("Set-Cookie") if "device" in each]
    assert cookie.startswith("__Host-chec-device=")
    assert attributes(cookie) >= {"secure", "httponly", "path=/", "samesite=strict"}
    assert "domain" not in cookie.lower()


def test_without_tls_the_cookie_has_another_name_of_its_own_port(plain: Client) -> None:
    cookie = cookie_of(plain.get("/login"))
    assert cookie.startswith("chec-80=")
    assert attributes(cookie) == {"httponly", "path=/", "samesite=lax"}


def test_a_changed_cookie_is_nobodys(client: Client, app: Flask, director: User) -> None:
    assert client.get("/").status_code != 302 or "/login" not in client.get("/").location
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie
    for changed in (cookie.value[:-1], f"x{cookie.value}", cookie.value.swapcase(), "", "."):
        client.set_cookie(name, changed)
        assert client.get("/").location == "/login"


def test_what_is_signed_is_signed_with_sha_256(client: Client, app: Flask) -> None:
    page = client.get("/login")
    token = soup(page).select_one("[name=csrf_token]")
    assert token
    session_value = cookie_of(page).split(";")[0].split("=", 1)[1]
    with app.app_context():
        device = app.extensions["security"].reset_serializer.dumps("x")
    for signed in (session_value, str(token["value"]), device):
        signature = signed.rsplit(".", 1)[1]
        assert len(signature) == 43, "32 bytes in base 64"


def test_the_libraries_set_no_cookie_of_their_own(app: Flask) -> None:
    assert app.config["SECURITY_TWO_FACTOR_ALWAYS_VALIDATE"] is True, "else tf_validity is set"
    assert app.config["SECURITY_CSRF_COOKIE_NAME"] is None
    assert app.config["SECURITY_DEFAULT_REMEMBER_ME"] is False
    assert not app.config.get("SECURITY_REFRESH_TOKEN")


# From where


def test_without_tls_this_machine_is_served(plain: Client) -> None:
    for peer in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
        assert plain.get("/login", environ_base={"REMOTE_ADDR": peer}).status_code == 200, peer


def test_without_tls_no_other_machine_is_served(plain: Client) -> None:
    for peer in ("192.0.2.7", "10.0.0.1", "::2", "::ffff:192.0.2.7", "", "x"):
        for path in ("/login", "/static/chec.css", "/nowhere"):
            response = plain.get(path, environ_base={"REMOTE_ADDR": peer})
            assert response.status_code == 403, (peer, path)
            assert response.text.startswith("CHEC has no TLS here, and so is served to its own")


def test_nobody_gets_round_that_by_what_they_say(plain: Client) -> None:
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"):
        response = plain.get("/login", headers={name: "127.0.0.1"}, environ_base=FROM_AFAR)
        assert response.status_code == 403, name


# Through what


def test_a_forged_address_changes_nothing_without_a_proxy(plain: Client) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert told(plain, headers=forged) == "127.0.0.1 http://localhost/"


def test_behind_a_proxy_the_address_that_it_added_counts(encrypted: Client) -> None:
    forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Real-IP": "198.51.100.1"}
    said = told(encrypted, headers=forged, base_url="https://chec.example")
    assert said == "203.0.113.9 https://chec.example/"


def test_of_two_proxies_the_second_last_address_counts(proxied: Client) -> None:
    named = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.0.0.2"}
    asked = {"base_url": "http://chec.example", "environ_base": FROM_AFAR}
    assert told(proxied, headers=named, **asked) == "203.0.113.9 https://chec.example/"


def test_a_header_too_short_for_the_proxies_is_not_believed(proxied: Client) -> None:
    asked = {"base_url": "http://chec.example", "environ_base": FROM_AFAR}
    said = told(proxied, headers={"X-Forwarded-For": "203.0.113.9"}, **asked)
    assert said == "192.0.2.7 https://chec.example/"


def test_the_trail_has_the_address_of_who_asked(
    settings: Settings, session: Session, engine: Any
) -> None:
    with serving(behind_tls(settings, proxies=1)) as app:
        app.config["WTF_CSRF_ENABLED"] = False
        app.test_client().post(
            "/login",
            data={"email": "nobody@chec.example", "password": "wrong"},
            base_url="http://chec.example",
            headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"},
        )
    kept = session.exec(select(AuditEvent).where(AuditEvent.event == Event.SIGN_IN_FAILED)).one()
    assert kept.address == "203.0.113.9"


FORGED = (
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Port": "1"},
    {"X-Forwarded-Prefix": "/evil"},
    {"Forwarded": "host=evil.example;proto=http"},
    {"X-HTTP-Method-Override": "POST"},
    {"X-Original-URL": "/tell/x"},
    {"X-Rewrite-URL": "/tell/x"},
)


def test_no_other_header_of_a_proxy_is_believed(plain: Client, proxied: Client) -> None:
    for forged in FORGED:
        assert told(plain, headers=forged) == "127.0.0.1 http://localhost/"
        said = told(proxied, headers=forged, base_url="http://chec.example")
        assert said == "127.0.0.1 https://chec.example/"


def test_nobody_moves_the_site_to_another_path(plain: Client) -> None:
    assert told(plain, environ_overrides={"SCRIPT_NAME": "/evil"}) == "127.0.0.1 http://localhost/"


# Under which name


def test_without_tls_it_is_found_under_the_names_of_this_machine(plain: Client) -> None:
    for name in ("localhost", "localhost:8000", "127.0.0.1:5000", "[::1]:8000"):
        assert plain.get("/login", headers={"Host": name}).status_code == 200, name


OTHER_NAMES = (
    "evil.example",
    "localhost.evil.example",
    "evil.example:8000",
    "localhost@evil.example",
    "evil.example#localhost",
    "localhost/evil",
    "localhost, evil.example",
    "localhost:99999",
    "127.0.0.1.nip.io",
    "0.0.0.0",
    "[::1",
    "",
)


def test_a_request_for_another_name_is_refused(plain: Client, encrypted: Client) -> None:
    for name in OTHER_NAMES:
        for client in (plain, encrypted):
            for path in ("/login", "/static/chec.css"):
                response = client.get(path, headers={"Host": name})
                assert response.status_code == 400, (name, path)
                assert response.text == "This site has another address.\n"


def test_behind_tls_a_link_is_to_the_public_address(encrypted: Client) -> None:
    for base_url in ("http://chec.example", "http://chec.example:8000", "https://CHEC.example"):
        assert told(encrypted, base_url=base_url) == "127.0.0.1 https://chec.example/"
    for name in ("localhost", "127.0.0.1", "www.chec.example"):
        assert encrypted.get("/login", headers={"Host": name}).status_code == 400


# From which site


FROM_ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "https://localhost"},
)
FROM_HERE: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
)


def test_what_another_site_sends_is_refused_and_kept_in_the_trail(
    client: Client, director: User, session: Session
) -> None:
    for headers in FROM_ELSEWHERE:
        response = client.post("/logout", headers=headers)
        assert response.status_code == 403, headers
        assert "This came from another site" in soup(response).text
        assert client.get("/", headers=headers, follow_redirects=True).status_code == 200
    kept = session.exec(select(AuditEvent).where(AuditEvent.event == Event.REFUSED)).all()
    assert {(row.user_id, row.detail) for row in kept} == {
        (director.id, "It came from another site.")
    }
    assert len(kept) == len(FROM_ELSEWHERE)


def test_what_our_own_pages_send_is_taken(client: Client, director: User) -> None:
    for headers in FROM_HERE:
        client.sign_in(director)
        assert client.post("/logout", headers=headers).status_code == 302, headers


def test_no_route_takes_a_form_without_its_token(app: Flask, session: Session) -> None:
    """Without one, with an invented one, and with that of another session."""
    client = cast(Client, app.test_client())
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=builders.a_centre(session))
    session.commit()
    client.sign_in(user)
    foreign = str(soup(app.test_client().get("/login")).select_one("[name=csrf_token]"))
    token = re.search(r'value="([^"]+)"', foreign)
    assert token
    before = events(session)
    addresses = list(addresses_that_take(app, "POST"))
    assert len(addresses) > 20
    for address in addresses:
        for sent in ({}, {"csrf_token": "invented"}, {"csrf_token": token[1]}):
            client.environ_base.pop("HTTP_X_CSRFTOKEN", None)
            response = client.post(address, data=sent)
            assert response.status_code == 400, address
    assert set(events(session)[len(before) :]) == {
        (Event.REFUSED, "The token of the form was not right.")
    }


def test_signed_out_a_form_without_its_token_fills_no_trail(app: Flask, session: Session) -> None:
    for address in addresses_that_take(app, "POST"):
        assert app.test_client().post(address).status_code == 400, address
    assert events(session) == []


def test_a_token_of_before_signing_in_is_of_no_use_after(client: Client, session: Session) -> None:
    page = soup(client.get("/login"))
    stale = page.select_one("[name=csrf_token]")
    assert stale
    client.sign_in(committed(session, builders.a_user(session)))
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    assert client.post("/logout", data={"csrf_token": stale["value"]}).status_code == 400


def test_a_method_that_no_route_has_changes_nothing(
    client: Client, app: Flask, director: User
) -> None:
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "X"):
        for address in (*addresses_that_take(app, "GET"), "/static/chec.css"):
            assert client.open(address, method=method).status_code in {400, 405}, address


# By which path


SPELLINGS = (
    "//centres/C-0001/ledger",
    "/./centres/C-0001/ledger",
    "/centres//C-0001/ledger",
    "/centres/C-0001/./ledger",
    "/login/../centres/C-0001/ledger",
    "/static/../centres/C-0001/ledger",
    "/static/..%2f..%2fcentres/C-0001/ledger",
    "/centres%2FC-0001%2Fledger",
    "/centres%252FC-0001%252Fledger",
    "/centres/C-0001/ledger/",
    "/centres/C-0001/ledger;x=1",
    "/centres/C-0001/ledger%00",
    "/CENTRES/C-0001/LEDGER",
    "\\centres\\C-0001\\ledger",
    "/login%2f..%2fcentres/C-0001/ledger",
    "//evil.example/centres/C-0001/ledger",
    "//evil.example/%2e%2e",
    "/%5cevil.example",
)
NO_FILES = (
    "/static/../config.py",
    "/static/%2e%2e/chec/config.py",
    "/static/..%2fchec/config.py",
    "/static//etc/passwd",
    "/static/vendor/",
    "/static/",
    "/static/.git/config",
)


def test_no_spelling_of_an_address_gets_past_the_door(client: Client, session: Session) -> None:
    builders.a_centre(session)
    session.commit()
    for path in SPELLINGS:
        response = client.open(path, base_url="http://localhost")
        assert response.status_code in {302, 308, 404, 422}, path
        if response.location:
            assert re.match(r"(http://localhost)?/(?![/\\])", response.location), path
        assert "Running balance" not in response.text


def test_static_files_are_those_of_the_folder_and_are_not_listed(client: Client) -> None:
    for path in NO_FILES:
        assert client.get(path).status_code in {404, 308}, path


def test_the_door_is_never_open_by_forgetting(app: Flask) -> None:
    """What is open to all is a short list; what a library brings is closed unless it is named."""
    views = {rule.endpoint for rule in app.url_map.iter_rules()}
    opened = {each for each in views if declared_access(app, each) is Access.OPEN_TO_ALL}
    assert {"security.login", "static"} <= opened
    assert len(opened) < 20


def telling(app: Flask) -> Client:
    """A client of `app`, which tells at `/tell` who asks, and where it thinks it is."""

    def tell() -> Response:
        here = url_for("home.index", _external=True)
        return Response(f"{request.remote_addr} {here}", content_type="text/plain")

    app.add_url_rule("/tell", view_func=open_to_all(tell))
    return cast(Client, app.test_client())


def told(client: Client, **asked: Any) -> str:
    base_url = asked.pop("base_url", None)
    if base_url is None and client.application.config["SESSION_COOKIE_SECURE"]:
        base_url = "http://chec.example"
    response = client.get("/tell", base_url=base_url, **asked)
    assert response.status_code == 200, response.text
    return response.text


def cookie_of(response: TestResponse) -> str:
    return response.headers["Set-Cookie"]


def attributes(cookie: str) -> set[str]:
    return {each.strip().lower() for each in cookie.split(";")[1:]}


def committed(session: Session, user: User) -> User:
    session.commit()
    return user


def events(session: Session) -> list[tuple[str, str]]:
    rows = session.exec(select(AuditEvent).order_by(AuditEvent.id)).all()  # type: ignore[arg-type]
    found = [(row.event, row.detail) for row in rows if row.event == Event.REFUSED]
    session.rollback()  # whoever reads with it holds SQLite's lock
    return found


def addresses_that_take(app: Flask, method: str) -> Iterator[str]:
    """An address of each route with the method."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if method in (rule.methods or ()) and rule.endpoint != "static":
                values: dict[str, Any] = {name: value_of(name) for name in rule.arguments}
                yield url_for(rule.endpoint, **values)


def value_of(argument: str) -> int | str:
    return (
        1 if argument.endswith("_id") else {"code": "2026-Q1", "measure": "M01"}.get(argument, "x")
    )
