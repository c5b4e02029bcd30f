"""`chec demo` starts everything, and leaves nothing running."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from chec.seeding import list_sign_ins

START = [sys.executable, "-m", "chec.cli", "demo"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"CHEC_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(START, env=environment, stdout=subprocess.PIPE, text=True)
    yield running
    running.kill()
    running.communicate()


def children_of(process_id: int) -> list[int]:
    listed = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    return [int(child) for child in listed.split()]


def is_running(process_id: int) -> bool:
    return Path(f"/proc/{process_id}").exists()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_until_it_is_told_to_stop(
    demo: subprocess.Popen[str], ending: signal.Signals, tmp_path: Path
) -> None:
    assert demo.stdout
    told = ""
    while "Press Ctrl-C to stop." not in told:
        line = demo.stdout.readline()
        assert line, told
        told += line
    address = re.search(r"http://localhost:\d+", told)
    assert address
    assert "127.0.0.1" not in told.split("Open ")[1], "passkeys belong to a name"
    assert f"Mail is written into {tmp_path / 'demo' / 'mail'}." in told
    for name in ("secret-key", "totp-key"):
        key = tmp_path / "demo" / name
        assert key.stat().st_mode & 0o077 == 0
        assert key.read_text() not in told
    for role in ("director", "investor", "commissioner", "provider team", "evaluator"):
        assert f"  {role} " in told
    for each in list_sign_ins():
        assert f"\n{each.centre}\n" in told
        assert f" {each.email} " in told
    page = urllib.request.urlopen(f"{address[0]}/login").read().decode()
    assert "Sign in" in page
    parts = children_of(demo.pid)
    workers = [worker for part in parts for worker in children_of(part)]
    assert len(parts) == 2
    demo.send_signal(ending)
    assert demo.wait(30) == 0
    assert not any(is_running(each) for each in parts + workers)
