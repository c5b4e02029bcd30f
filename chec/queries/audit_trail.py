"""The audit trail as it is read: all of it by administrators, the history of one thing in a centre.

An administrator sees the events of the centres they administer. Of those that belong to no centre
(sign-ins above all) they see what was done by people whose roles reach these centres, and by
nobody.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlmodel import Session, col

from chec.clock import LONDON
from chec.models import AuditEvent, AuditSubject, Centre, Event
from chec.permissions import Action, Viewer
from chec.queries.people import list_people

_BATCH = 1_000
NO_ACTS = frozenset({Event.REFUSED, Event.DOWNLOADED, Event.RATE_LIMITED})
"""What was looked at or tried: it changed nothing, and is in no history."""


@dataclass(frozen=True)
class TrailFilter:
    """Which events: London days, `to_on` included, and the one thing they are about."""

    from_on: date | None = None
    to_on: date | None = None
    event: str | None = None
    user_id: int | None = None
    centre_id: int | None = None
    subject: str | None = None


class TrailPage(NamedTuple):
    """A page of events, newest first; older and newer ones lie beyond these numbers, if any."""

    events: Sequence[AuditEvent]
    older_than: int | None
    newer_than: int | None


def list_persons(session: Session, viewer: Viewer) -> dict[int, str]:
    """The people whose roles ever reached a centre that the viewer administers, by key."""
    centres = viewer.centres(Action.VIEW_TRAIL)
    found = {p.id: p.name for centre in centres for p in list_people(session, viewer, centre)}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def list_trail(
    session: Session,
    viewer: Viewer,
    chosen: TrailFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int,
) -> TrailPage:
    """The newest events that the viewer may see, or those just `before` or `after` a number."""
    return _page_of(session, _chosen_by(session, viewer, chosen), before, after, limit)


def each_event(session: Session, viewer: Viewer, chosen: TrailFilter) -> Iterator[AuditEvent]:
    """All of them, newest first, read a batch at a time."""
    query = _chosen_by(session, viewer, chosen).order_by(col(AuditEvent.id).desc()).limit(_BATCH)
    batch = session.scalars(query).all()
    while batch:
        yield from batch
        batch = session.scalars(query.where(col(AuditEvent.id) < batch[-1].id)).all()


def list_history(
    session: Session,
    centre: Centre,
    subject: str,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int,
) -> TrailPage:
    """What was done in a centre about one thing, by its reference."""
    query = select(AuditEvent).where(
        col(AuditEvent.centre_id) == centre.id,
        col(AuditEvent.event).not_in(NO_ACTS),
        _is_about(subject),
    )
    return _page_of(session, query, before, after, limit)


def _page_of(
    session: Session,
    query: Select[AuditEvent],
    before: int | None,
    after: int | None,
    limit: int,
) -> TrailPage:
    key = col(AuditEvent.id)
    if after is not None:
        found = session.scalars(query.where(key > after).order_by(key).limit(limit + 1)).all()
        events = list(reversed(found[:limit]))
        return TrailPage(events, _last_of(events), events[0].id if len(found) > limit else None)
    if before is not None:
        query = query.where(key < before)
    found = session.scalars(query.order_by(key.desc()).limit(limit + 1)).all()
    events = list(found[:limit])
    older = _last_of(events) if len(found) > limit else None
    return TrailPage(events, older, events[0].id if events and before is not None else None)


def _last_of(events: Sequence[AuditEvent]) -> int | None:
    return events[-1].id if events else None


def _chosen_by(session: Session, viewer: Viewer, chosen: TrailFilter) -> Select[AuditEvent]:
    at = col(AuditEvent.at)
    conditions = [_visible_to(session, viewer)]
    if chosen.from_on:
        conditions.append(at >= _begin_of(chosen.from_on))
    if chosen.to_on:
        conditions.append(at < _begin_of(chosen.to_on + timedelta(days=1)))
    if chosen.subject:
        conditions.append(_is_about(chosen.subject))
    for name in ("event", "user_id", "centre_id"):
        if getattr(chosen, name) is not None:
            conditions.append(col(getattr(AuditEvent, name)) == getattr(chosen, name))
    return select(AuditEvent).where(*conditions)


def _visible_to(session: Session, viewer: Viewer) -> ColumnElement[bool]:
    if viewer.sees_all:
        return true()
    by, centre_id = col(AuditEvent.user_id), col(AuditEvent.centre_id)
    persons = list_persons(session, viewer)
    return or_(
        centre_id.in_(viewer.centres(Action.VIEW_TRAIL)),
        and_(centre_id.is_(None), or_(by.is_(None), by.in_(persons))),
    )


def _is_about(subject: str) -> ColumnElement[bool]:
    about = select(col(AuditSubject.event_id)).where(col(AuditSubject.subject) == subject)
    return col(AuditEvent.id).in_(about)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)
