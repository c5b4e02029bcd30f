"""`chec demo`: the two centres of the seeds, served from this machine to this machine.

Sets up a database of its own on the first start, then runs the web and the worker until Ctrl-C, and
leaves nothing running.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from threading import Event

from pydantic import SecretStr
from sqlmodel import select

from chec import clock, database_schema
from chec.config import Settings
from chec.db import make_engine, open_session
from chec.errors import RuleBroken
from chec.models import Centre
from chec.seeding import SignIn, list_sign_ins, load_demo
from chec.web.passwords import hash_password

HOST = "127.0.0.1"
PORTS = range(8000, 8020)
SECONDS_TO_START = 60
SECONDS_TO_STOP = 15
_SHOWN = ("role", "email", "password", "acting_for")


def run_demo(say: Callable[[str], None]) -> int:
    """Serve the demo until a signal ends it. The exit code is 0 unless one of its parts failed.

    `say` is told each step, the address and the sign-ins.
    """
    settings = _demo_settings()
    sign_ins = _prepare(settings, say)
    port = _free_port()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop.set())
    parts = _start(settings, port)
    try:
        if _wait_until_up(port, parts, stop):
            _welcome(port, sign_ins, say)
            say(f"\nMail is written into {settings.mail_dir}.\nPress Ctrl-C to stop.")
        while not stop.wait(0.5):
            if any(part.poll() is not None for part in parts):
                say("A part of the demo has ended by itself; see above. Stopping the rest.")
                return 1
        return 0
    finally:
        say("Stopping ...")
        _stop(parts)


def _demo_settings() -> Settings:
    """The settings of the environment, but a folder and a secret of the demo's own."""
    given = Settings()
    folder = given.data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    return given.model_copy(
        update={
            "data_dir": folder,
            "secret_key": _kept_secret(folder / "secret-key"),
            "totp_key": _kept_secret(folder / "totp-key"),
            "second_factor_required": False,
        }
    )


def _kept_secret(file: Path) -> SecretStr:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return SecretStr(file.read_text())


def _prepare(settings: Settings, say: Callable[[str], None]) -> list[SignIn]:
    engine = make_engine(settings.url)
    database_schema.upgrade(engine)
    with open_session(engine, write=True) as session:
        if not session.exec(select(Centre)).first():
            say("Loading four years of an invented centre, and the published contracts ...")
            load_demo(session, clock.today(), hash_password)
            session.commit()
    engine.dispose()
    return list_sign_ins()


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuleBroken(f"Every port from {PORTS.start} to {PORTS.stop - 1} is taken. Free one.")


def _start(settings: Settings, port: int) -> list[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "CHEC_DATA_DIR": str(settings.data_dir),
        "CHEC_DATABASE_URL": settings.url,
        "CHEC_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CHEC_TOTP_KEY": settings.totp_key.get_secret_value(),
        "CHEC_SECOND_FACTOR_REQUIRED": "false",
        "CHEC_PUBLIC_URL": _address(port),
        "CHEC_TRUSTED_PROXIES": "0",
        "CHEC_SMTP_URL": "",
        "CHEC_LOG_LEVEL": "WARNING",
    }
    commands = (["chec.cli", "web", f"--bind={HOST}:{port}"], ["chec.cli", "worker"])
    # In sessions of their own: Ctrl-C reaches only us, and we end them in order.
    return [
        subprocess.Popen(  # noqa: S603  our own two commands
            [sys.executable, "-m", *each], env=environment, start_new_session=True
        )
        for each in commands
    ]


def _wait_until_up(port: int, parts: Sequence[subprocess.Popen[bytes]], stop: Event) -> bool:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and not stop.is_set():
        if any(part.poll() is not None for part in parts):
            return False
        try:
            urllib.request.urlopen(f"http://localhost:{port}/login", timeout=5).close()
        except OSError:
            stop.wait(0.2)
        else:
            return True
    return False


def _welcome(port: int, sign_ins: list[SignIn], say: Callable[[str], None]) -> None:
    widths = [max(len(getattr(each, part)) for each in sign_ins) for part in _SHOWN]
    say(f"\nOpen {_address(port)} and sign in as one of these:")
    for centre, people in groupby(sign_ins, key=attrgetter("centre")):
        say(f"\n{centre}")
        for each in people:
            cells = (
                getattr(each, part).ljust(width) for part, width in zip(_SHOWN, widths, strict=True)
            )
            say("  " + "  ".join(cells).rstrip())


def _address(port: int) -> str:
    """By a name: passkeys belong to one, and never to the number of a machine."""
    return f"http://localhost:{port}"


def _stop(parts: Sequence[subprocess.Popen[bytes]]) -> None:
    for part in parts:
        part.terminate()
    for part in parts:
        try:
            part.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(part.pid, signal.SIGKILL)
