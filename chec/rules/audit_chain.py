"""The chain of the audit trail: each event carries the hash of the one before.

A hash is SHA-256 over the event as canonical JSON (keys sorted, no spaces, moments in UTC to the
microsecond), the hash before it included. So no event can be changed, left out, moved or put in
without every later hash changing, and whoever knows one hash can prove all that came before it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple


class Link(NamedTuple):
    """One event as the chain sees it. `about` is sorted; `changes` is the text that is stored."""

    id: int
    at: datetime
    user_id: int | None
    acting_for: str
    event: str
    subject: str
    about: tuple[str, ...]
    centre_id: int | None
    address: str
    detail: str
    changes: str
    row_count: int | None
    content_hash: str


def link_hash(previous: str, link: Link) -> str:
    """The hash of `link` after the one whose hash is `previous`: 64 hexadecimal digits."""
    told = link._asdict() | {
        "at": link.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": previous,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def changes_text(before: Mapping[str, object] | None, after: Mapping[str, object] | None) -> str:
    """What changed, as it is stored: JSON of field to [before, after]; empty where nothing did.

    A field that is the same before and after is left out.
    """
    old, new = before or {}, after or {}
    fields = {name: [_told(old.get(name)), _told(new.get(name))] for name in {**old, **new}}
    changed = {name: pair for name, pair in fields.items() if pair[0] != pair[1]}
    return json.dumps(changed, sort_keys=True, separators=(",", ":")) if changed else ""


class ContentHash:
    """SHA-256 over the lines of what a bulk job stores, each ended by a newline."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, line: str) -> None:
        """The next line."""
        self._hash.update(f"{line}\n".encode())

    def hexdigest(self) -> str:
        """The hash of the lines so far: 64 hexadecimal digits."""
        return self._hash.hexdigest()


def content_hash_of(lines: Iterable[str]) -> str:
    """The `ContentHash` of all these lines."""
    content = ContentHash()
    for line in lines:
        content.add(line)
    return content.hexdigest()


def _told(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    return str(value)
