"""Our cookies: the session's, and the mark of a device on which somebody has signed in before.

Under TLS a browser takes them from this host only, for the whole of it and encrypted only
(`__Host-`). Without, on one's own machine, each port has its own. What is signed, cookies, the
tokens of forms and links by mail, is signed with HMAC and SHA-256.
"""

from hashlib import sha256
from urllib.parse import urlsplit

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer

from chec.config import Settings


class Sessions(SecureCookieSessionInterface):
    """Flask's session in a cookie, with our signature."""

    digest_method = staticmethod(sha256)


def prepare(app: Flask, settings: Settings) -> None:
    """Give `app` its session cookie.

    Lax, not Strict: whoever follows a link in a mail would otherwise come without it, and the page
    would begin another session in its place. What changes something asks for more (`doors.py`, and
    the token of each form).
    """
    Signer.default_digest_method = staticmethod(sha256)  # the libraries' own is SHA-1
    app.session_interface = Sessions()
    app.config.from_mapping(
        SESSION_COOKIE_NAME=cookie_name(settings),
        SESSION_COOKIE_DOMAIN=None,
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.has_tls,
    )


def cookie_name(settings: Settings, purpose: str = "") -> str:
    """What the cookie for `purpose` is called; the session's has none."""
    tail = f"-{purpose}" if purpose else ""
    if settings.has_tls:
        return f"__Host-chec{tail}"
    return f"chec-{urlsplit(settings.public_url).port or 80}{tail}"
