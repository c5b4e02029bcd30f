"""A restore is refused while anybody is connected, however idle; whoever was killed is not."""

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import Engine, text

from chec.db import make_engine
from tests.backups.commands import Chec, chec_process, kill_all_of
from tests.jobs.workers import wait_until
from tests.settings import settings_for

REFUSED = "connected to the database. Stop the web and every worker"


@pytest.fixture
def backup(chec: Chec, file: Path) -> Path:
    assert chec("db", "backup", file).exit_code == 0
    return file


def is_restored(chec: Chec, backup: Path) -> bool:
    done = chec("db", "restore", backup, "--yes")
    assert done.exit_code == 0 or REFUSED in done.output, done.output
    return done.exit_code == 0


def children_of(process: subprocess.Popen[str]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(each) for each in listed.split()]


@contextmanager
def two_web_processes(url: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The web with two processes, which nobody has asked for anything yet; and where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    settings = settings_for(url, folder)
    environment = {
        "CHEC_DATA_DIR": str(folder),
        "CHEC_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CHEC_TOTP_KEY": settings.totp_key.get_secret_value(),
        "CHEC_PUBLIC_URL": f"http://{place}",
    }
    with chec_process("web", "--bind", place, **environment) as web:
        wait_until(lambda: len(children_of(web)) == 2)
        yield web, place


def is_connected(engine: Engine, process: int) -> bool:
    """Whether this process has the file open, or any has a session on the server but ours."""
    if engine.dialect.name == "sqlite":
        opened = (os.path.realpath(each) for each in Path(f"/proc/{process}/fd").iterdir())
        return str(engine.url.database) in opened  # what was closed meanwhile stands as it is
    with engine.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        count = connection.execute(text(query)).scalar_one()
    engine.dispose()
    return bool(count > 1)


def test_a_web_that_nobody_has_asked_for_a_page_is_seen(
    chec: Chec, engine: Engine, database_url: str, backup: Path, tmp_path: Path
) -> None:
    """Also when one of its two processes is gone, and after it was asked."""
    with two_web_processes(database_url, tmp_path) as (web, place):
        wait_until(lambda: all(is_connected(engine, each) for each in children_of(web)))
        assert not is_restored(chec, backup)
        with urllib.request.urlopen(f"http://{place}/login") as page:
            assert page.status == 200
        assert not is_restored(chec, backup)
        os.kill(children_of(web)[0], signal.SIGKILL)
        assert not is_restored(chec, backup)

        kill_all_of(web)
        wait_until(lambda: is_restored(chec, backup))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_is_seen_until_it_ends_however_it_ends(
    chec: Chec, engine: Engine, backup: Path, number: signal.Signals
) -> None:
    with chec_process("worker") as worker:
        wait_until(lambda: is_connected(engine, worker.pid))
        sleep(3)  # it has done what there was to do, and waits
        assert not is_restored(chec, backup)
        worker.send_signal(number)
        worker.wait()
        wait_until(lambda: is_restored(chec, backup))


def test_a_connection_that_waits_in_a_pool_is_seen(
    chec: Chec, database_url: str, backup: Path
) -> None:
    other = make_engine(database_url)
    other.connect().close()

    assert not is_restored(chec, backup)

    other.dispose()
    wait_until(lambda: is_restored(chec, backup))


def test_whoever_is_in_the_middle_of_something_is_not_disturbed(
    chec: Chec, database_url: str, backup: Path
) -> None:
    other = make_engine(database_url)
    with other.begin() as connection:
        connection.execute(text("INSERT INTO organisation (name, kind) VALUES ('A', 'provider')"))
        assert not is_restored(chec, backup)
    other.dispose()
