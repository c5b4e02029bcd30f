"""What a backup may be put into: an empty database, or the one that it was made of.

A trail tells databases apart by its genesis. A backup may be older than the code, and is then
brought up to date; it may not be newer.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Head(NamedTuple):
    """The head of a trail: whose it is, how many events it has, and the hash of the last one."""

    genesis: str
    event_count: int
    hash: str


class Stand(NamedTuple):
    """Where a database or a backup stands. From before the trail was a chain, it has no `head`."""

    migration: str | None
    head: Head | None


def reasons_not_to_restore(
    backup: Stand, present: Stand | None, known_migrations: Sequence[str]
) -> list[str]:
    """Why the backup may not take the place of what is `present`; empty where it may.

    `present` is None for an empty database; `known_migrations` are the code's, the newest first.
    """
    if backup.migration not in known_migrations:
        return [
            f"The backup is at migration {backup.migration}, and this CHEC knows none after"
            f" {known_migrations[0]}. Install the CHEC that made it, or a newer one."
        ]
    return _reasons_to_keep(present, backup.head) if present else []


def _reasons_to_keep(present: Stand, backup: Head | None) -> list[str]:
    if present.migration is None:
        return ["The database holds something else than CHEC. Name an empty one."]
    if present.head is None:
        return [
            f"The database is at migration {present.migration}, where nothing tells it from"
            " others. Run `chec db upgrade` first, or restore into an empty database."
        ]
    if backup is None:
        return [
            "The backup is from before the trail was a chain, so that nothing tells whose it is."
            " Restore it into an empty database."
        ]
    if backup.genesis != present.head.genesis:
        return ["The backup is of another database. Restore it into an empty one."]
    return []
