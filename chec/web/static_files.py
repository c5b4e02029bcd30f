"""Style sheets, scripts and images: cached for good, under addresses that follow their content."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from whitenoise import WhiteNoise

_A_YEAR = 365 * 24 * 60 * 60


def prepare(app: Flask) -> None:
    """Serve the static folder of `app` before a request reaches Flask."""
    assert app.static_folder
    folder = Path(app.static_folder)
    served = WhiteNoise(
        app.wsgi_app,
        root=str(folder),
        prefix="static/",
        max_age=_A_YEAR,
        allow_all_origins=False,
        add_headers_function=_add_charset,
    )
    app.wsgi_app = served  # type: ignore[method-assign]  # the way Flask documents

    @app.url_defaults
    def follow_the_content(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = _fingerprint(folder / values["filename"])


@cache
def _fingerprint(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _add_charset(headers: Any, _path: str, url: str) -> None:
    if url.endswith(".svg"):
        headers["Content-Type"] = "image/svg+xml; charset=utf-8"
