"""Making a backup: whole, looked through, and only then called by its name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from tempfile import mkstemp
from typing import NamedTuple

from sqlalchemy import Engine

from chec import audit, database_schema
from chec.backups.kinds import KINDS, errors_told
from chec.db import open_session
from chec.errors import RuleBroken
from chec.models import Event
from chec.permissions import Actor
from chec.rules.restoring import Stand


class Backup(NamedTuple):
    """A backup that was made. `is_recorded` is false where the trail is not up to date."""

    stand: Stand
    content_hash: str
    is_recorded: bool


def back_up(engine: Engine, actor: Actor, file: Path) -> Backup:
    """Back the database up into the new `file`, which only its owner may read.

    Others may read and write meanwhile; the backup is of one moment. Raises RuleBroken.
    """
    kind = KINDS[engine.dialect.name]
    with _becoming(file) as part, errors_told(engine, "The backup could not be made"):
        kind.write(engine, part)
        stand = kind.read_stand(part)
        if stand is None:
            raise RuleBroken("The database is empty: there is nothing to back up.")
        content_hash = hash_of(part)
    is_recorded = database_schema.is_up_to_date(engine)
    if is_recorded:
        _record(engine, actor, stand, content_hash)
    return Backup(stand, content_hash, is_recorded)


def hash_of(file: Path) -> str:
    """SHA-256 of the file: 64 hexadecimal digits."""
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


@contextmanager
def _becoming(file: Path) -> Iterator[Path]:
    """A file beside `file` that gets its name when it is complete, and goes if it is not."""
    taken = f"{file} is there already, and nothing is written over. Name a new file."
    if file.exists():
        raise RuleBroken(taken)
    try:
        descriptor, name = mkstemp(prefix=f"{file.name}.", suffix=".part", dir=file.parent)
        part = Path(name)
        try:
            yield part
            os.fsync(descriptor)
            os.link(part, file)  # unlike a renaming, refused where another has come to be
        finally:
            os.close(descriptor)
            part.unlink()
        _sync(file.parent)
    except FileExistsError as error:
        raise RuleBroken(taken) from error
    except OSError as error:
        raise RuleBroken(f"{file} cannot be written: {error.strerror}.") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _record(engine: Engine, actor: Actor, stand: Stand, content_hash: str) -> None:
    assert stand.head
    after = {"events": stand.head.event_count, "head": stand.head.hash}
    with open_session(engine, write=True) as session:
        audit.record(session, actor, Event.BACKED_UP, "", after=after, content_hash=content_hash)
        session.commit()
