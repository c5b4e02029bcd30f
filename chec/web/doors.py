"""Before anything else: who is served at all, under which name, and from which site.

Without TLS only this machine is served. With it, a request comes through the proxies that the
settings count, and is for the public address. What stands here is asked before static files too.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response

from chec.config import LOOPBACK_NAMES, Settings, is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger(__name__)
_NOT_THIS_MACHINE = "CHEC has no TLS here, and so is served to its own machine only.\n"
_ANOTHER_NAME = "This site has another address.\n"
_PACKED = "Send it without a Content-Encoding.\n"
_WITHOUT_LENGTH = "Send it with a Content-Length.\n"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class FromAnotherSite(Exception):
    """A page of another site has sent a form to this one."""


def prepare(app: Flask, settings: Settings) -> None:
    """Put the door before `app`."""
    served = app.wsgi_app
    if settings.trusted_proxies:
        served = ProxyFix(served, x_for=settings.trusted_proxies, x_proto=0)
    app.wsgi_app = Door(served, settings)  # type: ignore[method-assign]  # as Flask documents


def refuse_other_sites() -> None:
    """Raise FromAnotherSite where a browser says that another site sends what changes something.

    A second line: the first is the token in every form, for browsers that say nothing.
    """
    if request.method in _SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        origin = request.headers.get("Origin", "null")
        site = "same-origin" if origin in {"null", request.host_url.rstrip("/")} else "cross-site"
    if site not in {"same-origin", "none"}:
        raise FromAnotherSite


def is_from_our_page() -> bool:
    """Whether the browser says that a page of ours sent this; where it says nothing, it is not."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        return request.headers.get("Origin") == request.host_url.rstrip("/")
    return site == "same-origin"


class Door:
    """A WSGI application that lets in who may be served, as a request for the public address."""

    def __init__(self, served: "WSGIApplication", settings: Settings) -> None:
        self._served = served
        self._has_tls = settings.has_tls
        self._host = settings.public_host
        self._name = urlsplit(settings.public_url).netloc

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """The answer of the application within, or why it was not asked."""
        refusal = self._refusal(environ)
        if refusal:
            status, text = refusal
            _log.warning("Refused at the door, %d: %s", status, text.strip())
            answer = Response(text, status, content_type="text/plain; charset=utf-8")
            return answer(environ, start_response)
        environ["SCRIPT_NAME"] = ""  # a client could send it
        if self._has_tls:
            environ["wsgi.url_scheme"] = "https"
            environ["HTTP_HOST"] = self._name
        return self._served(environ, start_response)

    def _refusal(self, environ: "WSGIEnvironment") -> tuple[int, str] | None:
        if not self._has_tls and not is_loopback(environ.get("REMOTE_ADDR", "")):
            return 403, _NOT_THIS_MACHINE
        if not self._is_named(environ.get("HTTP_HOST", "")):
            return 400, _ANOTHER_NAME
        if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            return 415, _PACKED
        if "HTTP_TRANSFER_ENCODING" in environ:
            return 411, _WITHOUT_LENGTH
        return None

    def _is_named(self, host: str) -> bool:
        if not host_is_trusted(host):  # such characters are in no name
            return False
        name = urlsplit(f"//{host}").hostname
        return name == self._host if self._has_tls else name in LOOPBACK_NAMES
