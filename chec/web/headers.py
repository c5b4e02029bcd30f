"""Headers of every response: what a browser may do with our pages."""

from flask import Flask, Response, request

# The inline script of the NHS page template, which tells the style sheet that scripts run. A test
# compares it with the template.
INLINE_SCRIPT_HASH = "sha256-tDOvXJi1PXbg0CWjLCCYSNHRXtps26K4JXkE3M6u/c0="

_POLICY = {
    "default-src": "'none'",
    "script-src": f"'self' '{INLINE_SCRIPT_HASH}'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def prepare(app: Flask) -> None:
    """Put the headers on every response of `app`."""
    app.after_request(_add)
    if app.config["SESSION_COOKIE_SECURE"]:
        app.after_request(_stay_encrypted)


def _add(response: Response) -> Response:
    response.headers.update(SECURITY_HEADERS)
    if request.endpoint != "static":
        # Figures of a centre stay out of every cache, the browser's own included.
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
    return response


def _stay_encrypted(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
