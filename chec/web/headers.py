"""Headers of every response, whoever makes it: what a browser may do with our pages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.datastructures import Headers

from chec.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The inline script of the NHS page template, which tells the style sheet that scripts run. A test
# compares it with the template.
INLINE_SCRIPT_HASH = "sha256-tDOvXJi1PXbg0CWjLCCYSNHRXtps26K4JXkE3M6u/c0="

# Without require-trusted-types-for: htmx puts the pages it fetches into place as text.
_POLICY = {
    "default-src": "'none'",
    "script-src": f"'self' '{INLINE_SCRIPT_HASH}'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
}
_SWITCHED_OFF = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "payment", "picture-in-picture", "serial"),
    *("screen-wake-lock", "storage-access", "usb", "window-management", "xr-spatial-tracking"),
)
_PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")
_PERMISSIONS = [
    *(f"{each}=()" for each in _SWITCHED_OFF),
    *(f"{each}=(self)" for each in _PASSKEYS),
]
_A_YEAR = 365 * 24 * 60 * 60


def security_headers(*, has_tls: bool) -> dict[str, str]:
    """What every response has, by name; a response's own header of the same name goes before."""
    policy = dict(_POLICY)
    more = {}
    if has_tls:
        policy["upgrade-insecure-requests"] = ""
        more["Strict-Transport-Security"] = f"max-age={_A_YEAR}; includeSubDomains"
    return {
        "Content-Security-Policy": "; ".join(f"{each} {policy[each]}".rstrip() for each in policy),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": ", ".join(_PERMISSIONS),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        **more,
    }


def prepare(app: Flask, settings: Settings) -> None:
    """Put the headers on every response of `app`, those made before Flask is asked included."""
    app.wsgi_app = WithHeaders(  # type: ignore[method-assign]  # the way Flask documents
        app.wsgi_app, security_headers(has_tls=settings.has_tls)
    )
    app.after_request(_add)


class WithHeaders:
    """A WSGI application whose every response has these headers."""

    def __init__(self, served: "WSGIApplication", headers: dict[str, str]) -> None:
        self._served = served
        self._headers = headers

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """The answer of the application within."""

        def start(status: str, given: list[tuple[str, str]], *error: Any) -> Any:
            headers = Headers(given)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            return start_response(status, headers.to_wsgi_list(), *error)

        return self._served(environ, start)


def _add(response: Response) -> Response:
    # Figures of a centre stay out of every cache, the browser's own included.
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("HX-Request")
    if "token" in (request.view_args or {}):
        # The address is a key: what the page links to is not told it.
        response.headers["Referrer-Policy"] = "no-referrer"
    return response
