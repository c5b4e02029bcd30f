"""What every response tells the browser."""

import base64
import hashlib
import re

import pytest
from sqlmodel import Session

from chec.app import create_app
from chec.config import Settings
from chec.models import Role
from chec.web.headers import INLINE_SCRIPT_HASH
from tests import builders
from tests.client import Client, soup

pytestmark = pytest.mark.backend("sqlite")


def test_every_page_forbids_what_it_does_not_need(client: Client) -> None:
    for address in ("/login", "/nowhere", "/static/chec.css"):
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'"), address
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


def test_the_one_inline_script_is_the_one_allowed_by_its_hash(client: Client) -> None:
    scripts = [script for script in soup(client.get("/login")).find_all("script") if script.string]
    assert len(scripts) == 1
    digest = hashlib.sha256(str(scripts[0].string).encode()).digest()
    assert f"sha256-{base64.b64encode(digest).decode()}" == INLINE_SCRIPT_HASH


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


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_session_cookie_travels_encrypted_only_unless_said_otherwise(
    settings: Settings,
) -> None:
    app = create_app(settings.model_copy(update={"public_url": "https://localhost"}))
    response = app.test_client().get("/login", base_url="https://localhost")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "max-age" in response.headers["Strict-Transport-Security"]
    app.extensions["chec_engine"].dispose()


def test_there_is_no_application_without_a_secret(settings: Settings) -> None:
    with pytest.raises(ValueError, match="CHEC_SECRET_KEY"):
        create_app(settings.model_copy(update={"secret_key": Settings().secret_key}))
