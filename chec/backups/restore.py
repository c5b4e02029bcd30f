"""Putting a backup back: into an empty database, or into the one that it was made of.

What is put back is first brought up to date and looked through, with the restoring recorded at the
end of its trail. Then it takes the place of what was there, all at once.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, update
from sqlmodel import Session, col, select

from chec import audit, database_schema
from chec.backups.backup import hash_of
from chec.backups.kinds import KINDS, Kind, errors_told
from chec.backups.stand import head_in, stand_of
from chec.errors import RuleBroken
from chec.models import AuditEvent, Event, SignIn
from chec.permissions import Actor
from chec.queries.audit_chain import find_break
from chec.rules.restoring import Head, Stand, reasons_not_to_restore

_NOT_AS_READ = (
    "What was read in {} is not what was put into the database. Either the file was changed"
    " meanwhile, or the backup is of a PostgreSQL schema of another name: let search_path begin"
    " with that name, then restore again."
)


class Loss(NamedTuple):
    """What the database has and the backup has not.

    `event_count` is None where they went different ways since an earlier restore.
    """

    event_count: int | None
    last_event_at: datetime | None


class Restored(NamedTuple):
    """A backup that was put back: the head it came with, and the one it has with the restoring."""

    backed_up: Head
    now: Head


def restore(
    engine: Engine, actor: Actor, file: Path, *, agreed: Callable[[Loss], bool]
) -> Restored | None:
    """Put the backup `file` in place of the database, all of it or nothing.

    Where the database is not empty, `agreed` is asked first; None if it says no. Raises RuleBroken,
    also while anybody else is connected to the database.
    """
    kind = KINDS[engine.dialect.name]
    with errors_told(engine, f"{file} cannot be restored"):
        backup = _read(kind, file)
        with kind.alone(engine) as live:
            present = stand_of(live)
            reasons = reasons_not_to_restore(backup, present, database_schema.list_migrations())
            if reasons:
                raise RuleBroken(reasons)
            replaced = present.head if present else None
            if replaced and backup.head and not agreed(_loss(live, replaced, backup.head)):
                return None
            with kind.loaded(live, file) as connection:
                if stand_of(connection) != backup:
                    raise RuleBroken(_NOT_AS_READ.format(file))
                return _made_good(connection, actor, replaced, hash_of(file))


def _read(kind: Kind, file: Path) -> Stand:
    try:
        with file.open("rb") as content:
            begins_with = content.read(16)
    except OSError as error:
        raise RuleBroken(f"{file} cannot be read: {error.strerror}.") from error
    found = [each for each in KINDS.values() if begins_with.startswith(each.BEGINS_WITH)]
    if found and found != [kind]:
        raise RuleBroken(
            f"{file} is a backup of {found[0].NAME}, and CHEC_DATABASE_URL names a database of"
            f" {kind.NAME}."
        )
    stand = kind.read_stand(file) if found else None
    if stand is None or stand.migration is None:
        raise RuleBroken(f"{file} is no backup of CHEC.")
    return stand


def _loss(live: Connection, present: Head, backup: Head) -> Loss:
    columns = select(AuditEvent.hash, AuditEvent.at)
    then = live.execute(columns.where(AuditEvent.id == backup.event_count)).first()
    last = live.execute(columns.where(AuditEvent.id == present.event_count)).first()
    is_part = backup.hash == (then.hash if then else present.genesis)
    lost = present.event_count - backup.event_count if is_part else None
    return Loss(lost, last.at if last else None)


def _made_good(
    connection: Connection, actor: Actor, replaced: Head | None, content_hash: str
) -> Restored:
    """Bring up to date what was loaded, prove its trail, and record the restoring at its end."""
    if strange := database_schema.triggers_of_others(connection):
        raise RuleBroken([*strange, "Restore a backup from before that."])
    database_schema.upgrade_within(connection)
    backed_up = head_in(connection)
    with Session(connection) as session:
        if broken := find_break(session):
            raise RuleBroken(
                f"The trail of the backup is broken at event {broken.number}. {broken.why}"
            )
        # Else a sign-in that was ended since would be good again.
        still_open = update(SignIn).where(col(SignIn.ended_at).is_(None))
        session.execute(still_open.values(ended_at=actor.at))
        audit.record(
            session,
            actor,
            Event.RESTORED,
            "",
            before=_told(replaced) if replaced else None,
            after=_told(backed_up),
            content_hash=content_hash,
        )
        session.commit()
    return Restored(backed_up, head_in(connection))


def _told(head: Head) -> dict[str, object]:
    return {"events": head.event_count, "head": head.hash}
