"""What each database does about its backups."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from chec.backups import postgresql_archive, sqlite_file
from chec.errors import RuleBroken
from chec.rules.restoring import Stand


class Kind(Protocol):
    """A module for each kind of database. All of it may raise RuleBroken."""

    NAME: str
    BEGINS_WITH: bytes

    def write(self, engine: Engine, part: Path) -> None:
        """Write a backup into an empty file, while others write into the database."""

    def read_stand(self, file: Path) -> Stand | None:
        """Where a backup stands, after all of it was read; None where it holds nothing of ours."""

    def alone(self, engine: Engine) -> AbstractContextManager[Connection]:
        """The database while nobody else is connected to it, which is refused otherwise."""

    def loaded(self, live: Connection, file: Path) -> AbstractContextManager[Connection]:
        """What a backup holds, in place of what `live` has; not where the block raises."""


KINDS: dict[str, Kind] = {"sqlite": sqlite_file, "postgresql": postgresql_archive}


@contextmanager
def errors_told(engine: Engine, what: str) -> Iterator[None]:
    """What the database says against it is raised as RuleBroken, without the values of any row."""
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        words = getattr(getattr(cause, "diag", None), "message_primary", None) or str(cause)
        raise RuleBroken(f"{what}: {words.strip()}.") from error
