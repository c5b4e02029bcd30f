"""What every test may ask for.

**Databases.** A test that asks for one of these runs twice, on SQLite and on PostgreSQL, each time
on a database of its own that is thrown away afterwards:

- `database_url`, `engine`, `session`: the schema as the migrations build it, and nothing in it.
  `session` writes; what the test does not commit is rolled back.
- `demo_url`, `demo_engine`, `demo_session`: the same with the demo and a returns run.

`@pytest.mark.backend("sqlite")` (or `"postgresql"`), or a module's `pytestmark`, keeps to one of
them. A test that asks for none of the fixtures touches no database and runs once.

**Pages.** `client` asks `app`, which is made with `settings` on the same database, and
`demo_client` asks `demo_app` on the demo. A test commits its rows (`session.commit()`) before the
client asks: they are two connections, and on SQLite `session` holds the write lock.
`client.sign_in(user)` takes any committed user. What the client watches is in `tests/client.py`;
journeys in a browser are in `tests/browser/`.

A skip is a failure: what cannot run here does not hold here.
"""

import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from sqlmodel import Session
from xdist.workermanage import WorkerController

from chec.config import Settings
from chec.db import make_engine, open_session
from tests.databases import BACKENDS, Databases, Postgresql
from tests.settings import settings_for

if TYPE_CHECKING:
    from tests.client import Client

RUN_FOLDER = pytest.StashKey[Path]()

# How long an example takes says how busy the machine is, and nothing about what is tested.
hypothesis_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "backend(name): run on this database only")
    # Not pytest's own temporary folder, which PostgreSQL's user may not enter.
    shared = getattr(config, "workerinput", {}).get("run_folder")
    config.stash[RUN_FOLDER] = Path(shared or tempfile.mkdtemp(prefix="chec-tests-"))
    # A time limit ends the run like Ctrl-C: in order, so that PostgreSQL is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        Postgresql.stop(config.stash[RUN_FOLDER] / "postgresql")
        shutil.rmtree(config.stash[RUN_FOLDER])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("backend")
        names = marker.args if marker else tuple(BACKENDS)
        metafunc.parametrize("backend", names, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Databases:
    folder = pytestconfig.stash[RUN_FOLDER] / request.param
    folder.mkdir(exist_ok=True)
    return Databases(request.param, folder)


@pytest.fixture
def database_url(backend: Databases) -> Iterator[str]:
    with backend.copy_of("empty") as url:
        yield url


@pytest.fixture
def demo_url(backend: Databases) -> Iterator[str]:
    with backend.copy_of("demo") as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with _connected(database_url) as engine:
        yield engine


@pytest.fixture
def demo_engine(demo_url: str) -> Iterator[Engine]:
    with _connected(demo_url) as engine:
        yield engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with open_session(engine, write=True) as session:
        yield session


@pytest.fixture
def demo_session(demo_engine: Engine) -> Iterator[Session]:
    with open_session(demo_engine, write=True) as session:
        yield session


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    with _served(settings) as app:
        yield app


@pytest.fixture
def demo_app(demo_url: str, tmp_path: Path) -> Iterator[Flask]:
    with _served(settings_for(demo_url, tmp_path)) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> "Client":
    return cast("Client", app.test_client())


@pytest.fixture
def demo_client(demo_app: Flask) -> "Client":
    return cast("Client", demo_app.test_client())


@contextmanager
def _connected(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


def _served(settings: Settings) -> AbstractContextManager[Flask]:
    from tests.client import serving  # noqa: PLC0415  tests of arithmetic do not wait for it

    return serving(settings)


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped: {report.longrepr}"
