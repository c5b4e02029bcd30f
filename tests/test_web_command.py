"""`chec web` in a process of its own: where it listens, what it answers, what it logs."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from chec.cli import main
from chec.cli.web import reasons_not_to_bind
from chec.config import Settings
from tests.settings import behind_tls, settings_for

pytestmark = pytest.mark.backend("sqlite")

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARNING|ERROR|CRITICAL) [\w.]+ \[[0-9a-f-]+\] .+"
)


class Web(NamedTuple):
    """A server that runs."""

    process: subprocess.Popen[str]
    port: int

    def ask(self, request: str) -> str:
        """What comes back for these lines, sent as they are."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request.replace("\n", "\r\n").encode("latin-1"))
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode("latin-1")

    def end(self) -> str:
        """What it has logged, once it has ended in order."""
        self.process.send_signal(signal.SIGTERM)
        _told, logged = self.process.communicate(timeout=40)
        assert self.process.returncode == 0, logged
        return logged


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    settings = settings_for(database_url, tmp_path)
    return os.environ | {
        "CHEC_DATA_DIR": str(tmp_path),
        "CHEC_DATABASE_URL": database_url,
        "CHEC_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CHEC_TOTP_KEY": settings.totp_key.get_secret_value(),
        "CHEC_PUBLIC_URL": "http://localhost:8000",
    }


@pytest.fixture
def web(environment: dict[str, str]) -> Iterator[Web]:
    port = free_port()
    command = [sys.executable, "-m", "chec.cli", "web", f"--bind=127.0.0.1:{port}", "--workers=1"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until_it_answers(process, port)
    yield Web(process, port)
    process.send_signal(signal.SIGINT)  # at once, its workers too
    process.communicate(timeout=40)


def test_it_serves_and_says_nothing_of_what_it_is(web: Web) -> None:
    answer = web.ask("GET /login HTTP/1.1\nHost: localhost\n\n")
    head, _, page = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200")
    assert "Sign in" in page
    assert "gunicorn" not in answer.lower()
    assert "\nserver:" not in head.lower()
    web.end()


def test_its_log_has_a_line_for_each_request_and_nothing_that_came_in(web: Web) -> None:
    web.ask("GET /login?secret=1 HTTP/1.1\nHost: localhost\nCookie: a=secret\n\n")
    web.ask("GET /reset/secret-token HTTP/1.1\nHost: localhost\nUser-Agent: secret\n\n")
    web.ask("GET /secret%0d%0aFORGED%20LINE HTTP/1.1\nHost: localhost\nReferer: /secret\n\n")
    web.ask(form("/login", "email=secret%40chec.example&password=secret"))
    web.ask("GET /login HTTP/1.1\nHost: secret.example\n\n")
    logged = web.end()
    lines = [line for line in logged.splitlines() if "chec.web.request_log" in line]
    told = [line.split("] ", 1)[1] for line in lines]
    assert [re.sub(r"\d+ms", "ms", each) for each in told][-4:] == [
        "GET /login 200 ms nobody",
        "GET /reset/<token> 303 ms nobody",
        "GET (no route) 404 ms nobody",
        "POST /login 400 ms nobody",
    ]
    assert "Refused at the door, 400: This site has another address." in logged
    assert "secret" not in logged
    assert "FORGED" not in logged
    assert all(LINE.fullmatch(line) for line in logged.splitlines()), logged


NO_REQUESTS = (
    (400, "NONSENSE-secret\n\n"),
    (400, "GET /secret HTTP/9.9\nHost: localhost\n\n"),
    (400, "GET /login HTTP/1.1\nHost: localhost\nsecret header: x\n\n"),
    (400, "GET /login HTTP/1.1\nHost: localhost\nX: a\n folded-secret\n\n"),
    (414, f"GET /{'secret' * 1000} HTTP/1.1\nHost: localhost\n\n"),
    (431, f"GET /login HTTP/1.1\nHost: localhost\nX: {'secret' * 2000}\n\n"),
    (431, "GET /login HTTP/1.1\nHost: localhost\n" + "X: secret\n" * 70 + "\n"),
    (400, "POST /login HTTP/1.1\nHost: localhost\nContent-Length: secret\n\n"),
    (400, "POST /login HTTP/1.1\nHost: localhost\nContent-Length: 3\nContent-Length: 4\n\nabc"),
    (
        400,
        "POST /login HTTP/1.1\nHost: localhost\nContent-Length: 3\n"
        "Transfer-Encoding: chunked\n\n0\n\n",
    ),
    (400, "POST /login HTTP/1.1\nHost: localhost\nTransfer-Encoding: secret\n\n"),
)


def test_what_is_no_request_is_refused_without_an_echo(web: Web) -> None:
    for status, sent in NO_REQUESTS:
        answer = web.ask(sent)
        assert answer.startswith(f"HTTP/1.1 {status} "), sent
        assert "secret" not in answer
        assert "Content-Security-Policy: default-src 'none'" in answer
        assert "Cache-Control: no-store" in answer
        assert "Content-Type: text/plain; charset=utf-8" in answer
    logged = web.end()
    assert logged.count("Refused by the server, 4") == len(NO_REQUESTS)
    assert "secret" not in logged
    assert all(LINE.fullmatch(line) for line in logged.splitlines()), logged


def test_a_body_whose_length_is_not_said_is_refused(web: Web) -> None:
    head = "POST /login HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n"
    form_type = "Content-Type: application/x-www-form-urlencoded\n\n"
    assert web.ask(f"{head}{form_type}3\na=b\n0\n\n").startswith("HTTP/1.1 411")


def test_a_million_parts_are_refused(web: Web) -> None:
    part = '--x\nContent-Disposition: form-data; name="a"\n\nb\n'
    head = "POST /login HTTP/1.1\nHost: localhost\nContent-Type: multipart/form-data; boundary=x\n"
    for parts in (4_000, 1_000_000):
        length = parts * len(part.replace("\n", "\r\n"))
        answer = web.ask(f"{head}Content-Length: {length}\n\n{part * 4_000}")
        assert answer.startswith("HTTP/1.1 413")


def test_what_is_being_answered_is_answered_when_it_is_told_to_stop(web: Web) -> None:
    web.ask("GET /login HTTP/1.1\nHost: localhost\n\n")
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as connection:
        connection.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\n")
        time.sleep(0.5)
        web.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        connection.sendall(b"\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert web.process.wait(30) == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"CHEC_SECRET_KEY": ""}, "CHEC_SECRET_KEY is not set."),
        ({"CHEC_TOTP_KEY": "my-own-words"}, "CHEC_TOTP_KEY can be guessed"),
        ({"CHEC_PUBLIC_URL": "http://chec.example"}, "names another machine without TLS"),
        ({"CHEC_BIND": "0.0.0.0:8000"}, "is open to other machines, and there is no TLS."),
        ({"CHEC_TRUSTED_PROXIES": "my-own-words"}, "CHEC_TRUSTED_PROXIES: "),
        ({"CHEC_LOG_LEVEL": "my-own-words"}, "CHEC_LOG_LEVEL: "),
    ],
)
def test_it_does_not_start_with_a_door_open(
    environment: dict[str, str], changed: dict[str, str], reason: str
) -> None:
    refused = chec_web(environment | changed)
    assert refused.exit_code == 1
    assert reason in refused.output
    assert "my-own-words" not in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.parametrize("place", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.9.9.9:1"])
def test_without_tls_it_listens_to_this_machine(settings: Settings, place: str) -> None:
    assert reasons_not_to_bind(place, settings) == []


@pytest.mark.parametrize(
    "place", ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:80", "unix:/tmp/chec", "8000", ":8000", "x:1"]
)
def test_without_tls_it_listens_to_no_other(settings: Settings, place: str) -> None:
    assert len(reasons_not_to_bind(place, settings)) == 1


def test_behind_tls_it_listens_where_its_proxy_asks(settings: Settings) -> None:
    for place in ("0.0.0.0:8000", "[::]:8000", "unix:/run/chec.sock", "127.0.0.1:8000"):
        assert reasons_not_to_bind(place, behind_tls(settings)) == []
    for place in ("nonsense", "1.2.3.4:99999", "unix:relative"):
        assert len(reasons_not_to_bind(place, behind_tls(settings))) == 1


def chec_web(environment: dict[str, str]) -> Result:
    return CliRunner().invoke(main, ["web"], env=environment)


def form(path: str, data: str) -> str:
    head = f"POST {path} HTTP/1.1\nHost: localhost\nContent-Length: {len(data)}\n"
    return f"{head}Content-Type: application/x-www-form-urlencoded\n\n{data}"


def free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
        return port


def wait_until_it_answers(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("It does not answer.")
