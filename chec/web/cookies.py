"""Our cookies: the session's, and the mark of a device on which somebody has signed in before.

Under TLS a browser takes them from this host only, for the whole of it and encrypted only
(`__Host-`). Without, on one's own machine, each port has its own.
"""

from urllib.parse import urlsplit

from chec.config import Settings


def cookie_name(settings: Settings, purpose: str = "") -> str:
    """What the cookie for `purpose` is called; the session's has none."""
    tail = f"-{purpose}" if purpose else ""
    if settings.has_tls:
        return f"__Host-chec{tail}"
    return f"chec-{urlsplit(settings.public_url).port or 80}{tail}"


def session_cookie(settings: Settings) -> dict[str, object]:
    """The configuration of the session cookie.

    Lax, not Strict: whoever follows a link in a mail would otherwise come without it, and the page
    would begin another session in its place. What changes something asks for more (`doors.py`, and
    the token of each form).
    """
    return {
        "SESSION_COOKIE_NAME": cookie_name(settings),
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.has_tls,
    }
