"""Whom to tell of a hole: `security.txt` (RFC 9116), where the settings name somebody."""

from datetime import timedelta

from flask import Blueprint, Response, current_app

from chec import clock
from chec.config import Settings
from chec.errors import NotFound
from chec.web.access import open_to_all

pages = Blueprint("security_contact", __name__)

_GOOD_FOR = timedelta(days=90)
_PATH = "/.well-known/security.txt"


@pages.get(_PATH)
@open_to_all
def show() -> Response:
    """The contact of the settings; NotFound without one."""
    settings: Settings = current_app.extensions["chec_settings"]
    if not settings.security_contact:
        raise NotFound
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {clock.now() + _GOOD_FOR:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: en",
        f"Canonical: {settings.site}{_PATH}",
    ]
    return Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
