"""Devices on which somebody has signed in before, after OWASP's “device cookies”.

Failures elsewhere are not held against such a device: whoever guesses at somebody's password from
other machines does not lock the owner out. The cookie is signed, holds no address, opens nothing,
and is given after a sign-in or a password reset that succeeded.
"""

import hmac
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_security import password_reset, user_authenticated
from itsdangerous import BadSignature, URLSafeSerializer

from chec.config import Settings
from chec.models import User
from chec.rules.user_details import kept_address
from chec.web.cookies import cookie_name

_PURPOSE = "device"
_A_YEAR = 365 * 24 * 60 * 60
_MOST_ACCOUNTS = 8
"""Of one device: a computer may be shared."""


def prepare(app: Flask, settings: Settings) -> None:
    """Let `app` know devices again."""
    app.config["CHEC_DEVICE_COOKIE"] = cookie_name(settings, _PURPOSE)
    user_authenticated.connect(_remember, app)
    password_reset.connect(_remember, app)
    app.after_request(_mark)


def account_key(email: str) -> str:
    """What stands for the account of an address, whether there is one or not; not the address.

    Two spellings of one address have one key. The database is not asked.
    """
    return keyed("account", kept_address(email))


def keyed(kind: str, value: str) -> str:
    """A key for `value` that nobody without our secret can tell it from."""
    secret = str(current_app.config["SECRET_KEY"])
    return hmac.digest(secret.encode(), f"{kind}:{value}".encode(), sha256).hex()[:32]


def device_known_to(account: str) -> str | None:
    """The device that sent this request, if somebody has signed in to `account` on it."""
    device, accounts = _read()
    return device if account in accounts else None


def _remember(_app: Flask, *, user: User, **_more: Any) -> None:
    g.device_of = account_key(user.email)


def _mark(response: Response) -> Response:
    account = g.pop("device_of", None)
    if account is None:
        return response
    device, accounts = _read()
    others = [each for each in accounts if each != account]
    value = _serializer().dumps([device, [account, *others][:_MOST_ACCOUNTS]])
    response.set_cookie(
        current_app.config["CHEC_DEVICE_COOKIE"],
        str(value),
        max_age=_A_YEAR,
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
    )
    return response


def _read() -> tuple[str, list[str]]:
    """The device and the accounts it is known to; a new one where nothing of ours was sent."""
    value = request.cookies.get(current_app.config["CHEC_DEVICE_COOKIE"], "")
    try:
        device, accounts = _serializer().loads(value)
    except (BadSignature, UnicodeError):
        return token_urlsafe(16), []
    return device, accounts


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.config["SECRET_KEY"]), salt="chec device")
