"""`chec web`: the pages, served by gunicorn, until a signal ends it.

TLS ends in the proxy in front. Without TLS nothing but this machine is served, and so nothing but
loopback is listened at. What is no HTTP, or too long, is answered without repeating any of it.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import click
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    ConfigurationProblem,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.sync import SyncWorker

from chec.cli.database import open_database
from chec.cli.refusals import refusal
from chec.config import Settings, is_loopback, reasons_not_to_start
from chec.logs import LineFormatter
from chec.web.headers import security_headers

APPLICATION = "chec.app:application()"
_ADDRESS = re.compile(r"(?P<host>[0-9.]+|localhost|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")
_SECONDS_FOR_ONE_REQUEST = 30
_SECONDS_TO_FINISH = 25
_LIMITS = {
    "limit_request_line": 4094,
    "limit_request_fields": 60,
    "limit_request_field_size": 8190,
}
# What a client could claim about itself, a proxy's words included: `doors.py` knows better.
_TRUSTS_NOBODY = {
    "forwarded_allow_ips": "",
    "forwarder_headers": "",
    "secure_scheme_headers": {},
}


@click.command()
@click.option("--bind", help="Where to listen, such as 127.0.0.1:8000; else CHEC_BIND.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def web(bind: str | None, workers: int) -> None:
    """Serve the pages. Ends on a signal, after what is being answered."""
    settings = Settings()
    place = bind or settings.bind
    reasons = [*reasons_not_to_start(settings), *reasons_not_to_bind(place, settings)]
    if reasons:
        raise refusal([*reasons, "The web was not started."])
    with open_database():
        pass  # it answers, and is up to date
    click.echo(f"CHEC listens at {place}, for {settings.public_url}")
    Server(place, workers).run()


def reasons_not_to_bind(place: str, settings: Settings) -> list[str]:
    """Why a server with these settings may not listen at `place`."""
    if place.startswith("unix:/") and settings.has_tls:
        return []
    found = _ADDRESS.fullmatch(place)
    if not found or int(found["port"]) > 65535:  # noqa: PLR2004  the last port
        return [f"There is no listening at {place!r}. Write an address and port: 127.0.0.1:8000."]
    host = found["host"].strip("[]")
    if settings.has_tls or host == "localhost" or is_loopback(host):
        return []
    return [f"{place} is open to other machines, and there is no TLS. Listen at 127.0.0.1."]


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings only: neither its file nor its variables are read."""

    def __init__(self, place: str, workers: int) -> None:
        self._options: dict[str, Any] = {
            "bind": place,
            "workers": workers,
            "worker_class": Worker,
            "timeout": _SECONDS_FOR_ONE_REQUEST,
            "graceful_timeout": _SECONDS_TO_FINISH,
            "logger_class": ServerLog,
            "loglevel": "warning",
            "control_socket_disable": True,
            **_LIMITS,
            **_TRUSTS_NOBODY,
        }
        wsgi.Response.default_headers = _without_a_banner(wsgi.Response.default_headers)
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, made in each worker."""
        return util.import_app(APPLICATION)


class ServerLog(Logger):  # type: ignore[misc]
    """The server's own log, written as ours is."""

    def setup(self, cfg: Any) -> None:
        """Take the handlers, and the form of their lines."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(LineFormatter())


class Worker(SyncWorker):  # type: ignore[misc]
    """Answers what never reaches the application as the application would: it repeats nothing."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Say what went wrong, and no more, and end the connection."""
        status = _status_of(exc)
        if status >= 500:  # noqa: PLR2004  ours, not the client's
            self.log.exception("An answer could not be given.")
        else:
            self.log.warning("Refused by the server, %d: %s", status, type(exc).__name__)
        with suppress(OSError):
            util.write_nonblock(client, _answer(status))


def _status_of(error: BaseException) -> HTTPStatus:
    if isinstance(error, LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if isinstance(error, LimitRequestHeaders):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    ours = (InvalidResponseHeader, InvalidResponseHeaderName, ConfigurationProblem)
    is_ours = isinstance(error, ours) or not isinstance(error, ParseException)
    return HTTPStatus.INTERNAL_SERVER_ERROR if is_ours else HTTPStatus.BAD_REQUEST


def _answer(status: HTTPStatus) -> bytes:
    text = f"{status.phrase}\n"
    headers = security_headers(has_tls=Settings().has_tls) | {
        "Connection": "close",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(text)),
    }
    lines = [
        f"HTTP/1.1 {status} {status.phrase}",
        *(f"{name}: {headers[name]}" for name in headers),
    ]
    return "\r\n".join([*lines, "", text]).encode("latin-1")


def _without_a_banner(headers_of: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    """The server's own headers but for the one that tells what server it is."""

    def headers(response: Any) -> list[str]:
        return [each for each in headers_of(response) if not each.startswith("Server:")]

    return headers
