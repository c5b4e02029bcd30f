"""The chain of the audit trail, read from its first event to its head."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import String, select, type_coerce
from sqlmodel import Session, col

from chec.models import AuditEvent, AuditHead, AuditSubject
from chec.rules.audit_chain import Break, Kept, Link, first_break, read_moment

_BATCH = 5_000
_FIELDS = tuple(name for name in Link._fields if name not in {"at", "about"})


def head_of(session: Session) -> AuditHead:
    """The head of the trail: the number and the hash of its last event."""
    return session.scalars(select(AuditHead)).one()


def find_break(session: Session) -> Break | None:
    """The first break of the chain; None where every event follows the one before, to the head.

    Read in one transaction, a batch at a time.
    """
    head = session.scalars(select(AuditHead)).one_or_none()
    if head is None:
        return Break(0, "The head of the trail is not there.")
    return first_break(
        head.genesis, _list_kept(session), head_id=head.last_id, head_hash=head.hash
    ) or _stray_subject(session)


def get_event(session: Session, number: int) -> AuditEvent | None:
    """The event of this number; None where there is none."""
    return session.get(AuditEvent, number)


def find_event_of_hash(session: Session, told: str) -> AuditEvent | None:
    """The event whose hash this is."""
    return session.scalars(select(AuditEvent).where(col(AuditEvent.hash) == told)).first()


def _list_kept(session: Session) -> Iterator[Kept]:
    at = type_coerce(col(AuditEvent.at), String).label("at")  # as it is stored, readable or not
    others = (getattr(AuditEvent, name) for name in (*_FIELDS, "previous_hash", "hash"))
    query = select(at, *others).order_by(col(AuditEvent.id)).limit(_BATCH)
    batch = session.execute(query).all()
    while batch:
        yield from _with_subjects(session, batch)
        after = batch[-1].id
        batch = session.execute(query.where(col(AuditEvent.id) > after)).all()


def _with_subjects(session: Session, batch: Sequence[Any]) -> Iterator[Kept]:
    key, subject = col(AuditSubject.event_id), col(AuditSubject.subject)
    about: dict[int, list[str]] = defaultdict(list)
    found = select(key, subject).where(key.between(batch[0].id, batch[-1].id))
    for event_id, each in session.execute(found):
        about[event_id].append(each)
    for row in batch:
        at, *fields, previous_hash, own_hash = row
        told = dict(zip(_FIELDS, fields, strict=True))
        subjects = tuple(sorted(about[row.id], key=str))
        yield Kept(Link(at=read_moment(at), about=subjects, **told), previous_hash, own_hash)


def _stray_subject(session: Session) -> Break | None:
    key = col(AuditSubject.event_id)
    query = select(key).where(key.not_in(select(col(AuditEvent.id)))).order_by(key).limit(1)
    stray = session.scalars(query).first()
    return None if stray is None else Break(stray, "It is not there, but something is said of it.")
