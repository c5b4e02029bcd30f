"""What every response tells the browser."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask, Response
from sqlmodel import Session
from werkzeug.test import TestResponse

from chec.config import Settings
from chec.models import Role
from chec.web.access import open_to_all
from chec.web.headers import INLINE_SCRIPT_HASH
from tests import builders
from tests.client import Client, serving, soup
from tests.settings import behind_tls

pytestmark = pytest.mark.backend("sqlite")

KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "a page": (200, {"path": "/login"}),
    "a redirect": (302, {"path": "/"}),
    "a part for htmx": (
        401,
        {"path": "/centres/C-0001/runs/progress", "headers": {"HX-Request": "1"}},
    ),
    "no page": (404, {"path": "/nowhere"}),
    "a wrong method": (405, {"path": "/login", "method": "DELETE"}),
    "a method nobody has": (405, {"path": "/login", "method": "BREW"}),
    "what a server could be asked": (405, {"path": "/login", "method": "OPTIONS"}),
    "a forged form": (400, {"path": "/login", "method": "POST"}),
    "too much": (413, {"path": "/login", "method": "POST", "data": {"email": "x" * 300_000}}),
    "another content": (415, {"path": "/login", "method": "POST", "json": {}}),
    "text that is refused": (422, {"path": "/login?x=%00"}),
    "a defect": (500, {"path": "/defect"}),
    "a file": (200, {"path": "/file"}),
    "a style sheet": (200, {"path": "/static/chec.css"}),
    "an image": (200, {"path": "/static/logo.svg"}),
    "no style sheet": (404, {"path": "/static/none.css"}),
    "a slash too many": (308, {"path": "//login"}),
    "another host": (400, {"path": "/login", "headers": {"Host": "evil.example"}}),
    "another machine": (403, {"path": "/login", "environ_base": {"REMOTE_ADDR": "192.0.2.1"}}),
    "a packed body": (
        415,
        {"path": "/login", "method": "POST", "headers": {"Content-Encoding": "gzip"}},
    ),
}


@pytest.fixture
def plain(app: Flask) -> Client:
    return with_more_routes(app)


@pytest.fixture
def encrypted(settings: Settings) -> Iterator[Client]:
    with serving(behind_tls(settings)) as app:
        yield with_more_routes(app)


@pytest.mark.parametrize("kind", KINDS)
def test_every_response_forbids_what_it_does_not_need(plain: Client, kind: str) -> None:
    headers = ask(plain, kind).headers
    policy = directives(headers["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    for each in ("object-src", "base-uri", "frame-ancestors"):
        assert policy[each] == ["'none'"], each
    assert policy["form-action"] == ["'self'"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers


@pytest.mark.parametrize("kind", KINDS)
def test_only_static_files_are_kept_in_a_cache(plain: Client, kind: str) -> None:
    kept = ask(plain, kind).headers["Cache-Control"]
    if kind in {"a style sheet", "an image"}:
        assert kept == "max-age=31536000, public"
    else:
        assert kept == "no-store"


@pytest.mark.parametrize("kind", KINDS)
def test_text_says_how_its_characters_are_written(plain: Client, kind: str) -> None:
    response = ask(plain, kind)
    if response.data:
        assert re.search('charset="?utf-8', response.headers["Content-Type"]), kind


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "another machine"])
def test_under_tls_everything_stays_encrypted(encrypted: Client, kind: str) -> None:
    headers = ask(encrypted, kind).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "upgrade-insecure-requests" in directives(headers["Content-Security-Policy"])


def test_without_tls_nobody_is_told_to_use_it(client: Client) -> None:
    headers = client.get("/login").headers
    assert "Strict-Transport-Security" not in headers
    assert "upgrade-insecure-requests" not in headers["Content-Security-Policy"]


def test_a_page_whose_address_is_a_key_tells_it_to_nobody(app: Flask) -> None:
    def key(token: str) -> Response:
        return Response(f"opened by {len(token)} characters", content_type="text/plain")

    app.add_url_rule("/key/<token>", view_func=open_to_all(key))
    response = app.test_client().get("/key/secret")
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_one_inline_script_is_the_one_allowed_by_its_hash(client: Client) -> None:
    scripts = [script for script in soup(client.get("/login")).find_all("script") if script.string]
    assert len(scripts) == 1
    digest = hashlib.sha256(str(scripts[0].string).encode()).digest()
    assert f"sha256-{base64.b64encode(digest).decode()}" == INLINE_SCRIPT_HASH


@pytest.mark.parametrize("kind", ["a page", "no page", "a defect"])
def test_htmx_runs_nothing_and_keeps_no_page_in_the_browser(plain: Client, kind: str) -> None:
    [meta] = soup(ask(plain, kind)).select("meta[name=htmx-config]")
    config = json.loads(str(meta["content"]))
    assert (config["allowEval"], config["allowScriptTags"]) == (False, False)
    assert config["selfRequestsOnly"] is True
    assert config["historyCacheSize"] == 0


def test_nothing_on_a_page_comes_from_another_host(client: Client) -> None:
    page = soup(client.get("/login"))
    addresses = [
        tag[name] for name in ("src", "href", "action") for tag in page.select(f"[{name}]")
    ]
    assert addresses
    assert all(re.match(r"/(?!/)|#", str(address)) for address in addresses), addresses


def test_no_page_has_a_style_or_a_handler_in_its_markup(client: Client) -> None:
    page = soup(client.get("/login"))
    assert not page.find_all("style")
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name == "style" or name.startswith("on")], tag


def test_a_page_with_figures_is_kept_in_no_cache(session: Session, client: Client) -> None:
    user = builders.a_user(session)
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=builders.a_centre(session))
    session.commit()
    client.sign_in(user)
    response = client.get("/", follow_redirects=True)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in response.headers["Vary"]


def test_a_static_file_is_cached_under_an_address_that_follows_its_content(
    client: Client,
) -> None:
    sheet = soup(client.get("/login")).select_one("link[href*='chec.css']")
    assert sheet is not None
    response = client.get(str(sheet["href"]))
    digest = hashlib.sha256(response.data).hexdigest()
    assert str(sheet["href"]).endswith(f"?v={digest[:12]}")
    assert "max-age=31536000" in response.headers["Cache-Control"]


def with_more_routes(app: Flask) -> Client:
    """A client of `app`, which has a file and a defect too."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def defect() -> Response:
        raise ZeroDivisionError

    def file() -> Response:
        return Response("a,b\n", content_type="text/csv; charset=utf-8")

    for view in (defect, file):
        app.add_url_rule(f"/{view.__name__}", view_func=open_to_all(view))
    return cast(Client, app.test_client())


def ask(client: Client, kind: str) -> TestResponse:
    """The answer of that kind."""
    status, asked = KINDS[kind]
    settings = client.application.extensions["chec_settings"]
    headers = {"Host": settings.public_host, **asked.get("headers", {})}
    response = client.open(**{**asked, "headers": headers})
    assert response.status_code == status
    return response


def directives(policy: str) -> dict[str, list[str]]:
    """The values of each directive."""
    parts = [each.split() for each in policy.split(";")]
    return {name: values for name, *values in parts}
