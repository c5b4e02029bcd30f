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


class Kept(NamedTuple):
    """A link as it is stored, with the two hashes beside it."""

    link: Link
    previous_hash: str
    hash: str


class Break(NamedTuple):
    """Where a chain is broken: the number of the event, and what is wrong, in a sentence."""

    number: int
    why: str


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

    The fields stand in the order told. One that is the same before and after is left out.
    """
    old, new = before or {}, after or {}
    fields = {name: [_told(old.get(name)), _told(new.get(name))] for name in {**new, **old}}
    changed = {name: pair for name, pair in fields.items() if pair[0] != pair[1]}
    return json.dumps(changed, separators=(",", ":")) if changed else ""


def first_break(
    genesis: str, chain: Iterable[Kept], *, head_id: int, head_hash: str
) -> Break | None:
    """The first thing wrong with the chain, from `genesis` to its head; None where all is well."""
    number, previous = 0, genesis
    for number, kept in enumerate(chain, 1):
        why = _wrong_with(kept, number, previous) or ("" if number <= head_id else _AFTER_THE_HEAD)
        if why:
            return Break(kept.link.id, why.format(expected=number, before=number - 1))
        previous = kept.hash
    if number < head_id:
        return Break(number + 1, f"It is not there: the trail once reached event {head_id}.")
    return None if previous == head_hash else Break(number, _LAST if number else _NONE)


def read_moment(stored: object) -> datetime:
    """The moment as SQLite keeps it, in text, or as PostgreSQL gives it.

    Text that was not written by us is no moment: the earliest one, at which nothing ever happened.
    """
    if isinstance(stored, datetime):
        return stored
    try:
        moment = datetime.fromisoformat(str(stored))
    except ValueError:
        return _NEVER
    is_ours = moment.isoformat(sep=" ", timespec="microseconds") == stored and not moment.tzinfo
    return moment.replace(tzinfo=UTC) if is_ours else _NEVER


_NEVER = datetime.min.replace(tzinfo=UTC)


_AFTER_THE_HEAD = "It stands after the head of the trail, which is event {before}."
_GAP = "Event {expected} is not there: after {before} comes this one."
_OUT_OF_PLACE = "It does not belong there: the trail begins with event 1."
_NO_FOLLOWER = "It does not follow event {before}: the hash that it carries is another's."
_NO_BEGINNING = "It does not begin this trail: the hash that it carries is another's."
_LAST = "The head of the trail says another hash than this, its last event."
_NONE = "The head of the trail, which has no event, says another hash."
_CHANGED = "It was changed: what it says no longer gives its hash."


def _wrong_with(kept: Kept, expected: int, previous: str) -> str:
    if kept.link.id != expected:
        return _GAP if kept.link.id > expected else _OUT_OF_PLACE
    if kept.previous_hash != previous:
        return _NO_FOLLOWER if expected > 1 else _NO_BEGINNING
    try:
        return "" if kept.hash == link_hash(previous, kept.link) else _CHANGED
    except TypeError:  # a field of a kind that no event ever had
        return _CHANGED


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
