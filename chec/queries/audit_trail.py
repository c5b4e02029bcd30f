"""The audit trail as it is read: all of it by administrators, the history of one thing in a centre.

An administrator sees the events of the centres they administer. Of those that belong to no centre
(sign-ins above all) they see what was done by people on days on which their roles reached these
centres, and by nobody, unless it is about another person, or about an organisation that has nothing
to do with them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true, union_all
from sqlmodel import Session, col

from chec.clock import LONDON
from chec.models import AuditEvent, AuditSubject, Centre, Event
from chec.models.references import PREFIXES, parse_reference, reference
from chec.permissions import Action, Viewer
from chec.queries.people import list_people
from chec.queries.reach import organisations_of

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


class Known(NamedTuple):
    """Somebody of whom a reader may know.

    `held`: from which day each of their roles holds, and before which it ends (None: no end).
    """

    name: str
    held: frozenset[tuple[date, date | None]]


def list_persons(session: Session, viewer: Viewer) -> dict[int, Known]:
    """The people whose roles ever reached a centre that the viewer administers, by key."""
    found: dict[int, Known] = {}
    for centre in viewer.centres(Action.VIEW_TRAIL):
        for each in list_people(session, viewer, centre):
            held = {(role.starts_on, role.ends_before) for role in each.roles}
            before = found[each.id].held if each.id in found else frozenset()
            found[each.id] = Known(each.name, before | held)
    return dict(sorted(found.items(), key=lambda item: item[1].name))


def list_trail(
    session: Session,
    viewer: Viewer,
    persons: Mapping[int, Known],
    chosen: TrailFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int,
) -> TrailPage:
    """The newest events that the viewer may see, or those just `before` or `after` a number.

    `persons` are those that `list_persons` found.
    """
    wanted = list(_wanted(chosen))
    sources = [and_(source, *wanted) for source in _visible_to(session, viewer, persons)]
    return _page_of(session, sources, before, after, limit)


def each_event(
    session: Session, viewer: Viewer, persons: Mapping[int, Known], chosen: TrailFilter
) -> Iterator[tuple[AuditEvent, str | None]]:
    """All of them, newest first, read a batch at a time; each with what it is about."""
    visible = or_(*_visible_to(session, viewer, persons))
    about = select(func.aggregate_strings(col(AuditSubject.subject), " "))
    of_each = about.where(col(AuditSubject.event_id) == AuditEvent.id).scalar_subquery()
    newest_first = col(AuditEvent.id).desc()
    query = select(AuditEvent, of_each).where(visible, *_wanted(chosen)).order_by(newest_first)
    yield from session.execute(query, execution_options={"yield_per": _BATCH})


def users_meant(session: Session, events: Sequence[AuditEvent]) -> dict[int, list[int]]:
    """The keys of the users whom each of the events is about, by the event's key."""
    subject, event_id = col(AuditSubject.subject), col(AuditSubject.event_id)
    is_user = subject.like(f"{PREFIXES['user']}-%")
    of_these = event_id.in_([each.id for each in events])
    meant = defaultdict(list)
    for each, told in session.execute(select(event_id, subject).where(of_these, is_user)):
        key = parse_reference("user", told)
        if key:
            meant[each].append(key)
    return meant


def list_acted_for(
    session: Session, viewer: Viewer, persons: Mapping[int, Known], chosen: TrailFilter
) -> Sequence[str]:
    """In which roles they were done, each once."""
    visible = or_(*_visible_to(session, viewer, persons))
    query = select(col(AuditEvent.acting_for)).where(visible, *_wanted(chosen)).distinct()
    return session.scalars(query).all()


def count_events(
    session: Session, viewer: Viewer, persons: Mapping[int, Known], chosen: TrailFilter
) -> Counter[str]:
    """How many there are of each kind."""
    visible, kind = or_(*_visible_to(session, viewer, persons)), col(AuditEvent.event)
    query = select(kind, func.count()).where(visible, *_wanted(chosen)).group_by(kind)
    return Counter(dict(session.execute(query).all()))


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
    acts = and_(
        col(AuditEvent.centre_id) == centre.id,
        col(AuditEvent.event).not_in(NO_ACTS),
        _is_about(subject),
    )
    return _page_of(session, [acts], before, after, limit)


def _page_of(
    session: Session,
    sources: Sequence[ColumnElement[bool]],
    before: int | None,
    after: int | None,
    limit: int,
) -> TrailPage:
    """A page of what the sources give; each is read in the order of its index."""
    key = col(AuditEvent.id)
    if after is not None:
        found = _first_of(session, sources, key > after, key.asc(), limit + 1)
        events = list(reversed(found[:limit]))
        return TrailPage(events, _last_of(events), events[0].id if len(found) > limit else None)
    is_before = true() if before is None else key < before
    found = _first_of(session, sources, is_before, key.desc(), limit + 1)
    events = list(found[:limit])
    older = _last_of(events) if len(found) > limit else None
    return TrailPage(events, older, events[0].id if events and before is not None else None)


def _first_of(
    session: Session,
    sources: Sequence[ColumnElement[bool]],
    beyond: ColumnElement[bool],
    order: ColumnElement[int],
    limit: int,
) -> Sequence[AuditEvent]:
    key = col(AuditEvent.id)
    each = (select(key).where(one, beyond).order_by(order).limit(limit) for one in sources)
    keys = union_all(*(select(one.subquery().c.id) for one in each))
    query = select(AuditEvent).where(key.in_(keys)).order_by(order).limit(limit)
    return session.scalars(query).all()


def _last_of(events: Sequence[AuditEvent]) -> int | None:
    return events[-1].id if events else None


def _wanted(chosen: TrailFilter) -> Iterator[ColumnElement[bool]]:
    at = col(AuditEvent.at)
    if chosen.from_on:
        yield at >= _begin_of(chosen.from_on)
    if chosen.to_on:
        yield at < _begin_of(chosen.to_on + timedelta(days=1))
    if chosen.subject:
        yield _is_about(chosen.subject)
    for name in ("event", "user_id", "centre_id"):
        if getattr(chosen, name) is not None:
            yield col(getattr(AuditEvent, name)) == getattr(chosen, name)


def _visible_to(
    session: Session, viewer: Viewer, persons: Mapping[int, Known]
) -> list[ColumnElement[bool]]:
    """The sources of what the viewer may see, no event being of two."""
    if viewer.sees_all:
        return [true()]
    by, centre_id = col(AuditEvent.user_id), col(AuditEvent.centre_id)
    of_centres = [centre_id == each for each in viewer.centres(Action.VIEW_TRAIL)]
    theirs = session.scalars(organisations_of(viewer.centres(Action.VIEW_TRAIL)))
    subject = col(AuditSubject.subject)
    is_own = or_(
        subject.in_([reference("organisation", key) for key in theirs]),
        _while_held(subject, persons, lambda key: reference("user", key)),
    )
    by_them = or_(by.is_(None), _while_held(by, persons, lambda key: key))
    return [*of_centres, and_(centre_id.is_(None), by_them, ~_is_about_others(is_own))]


def _while_held(
    column: Any, persons: Mapping[int, Known], written: Callable[[int], object]
) -> ColumnElement[bool]:
    """Whether `column` is one of the persons, as it is `written` there, on days of their roles.

    Also on the day before which a role ends: it may be the one on which it was taken away.
    """
    at, keys = col(AuditEvent.at), defaultdict(list)
    for key, known in persons.items():
        for days in known.held:
            keys[days].append(written(key))
    return or_(
        false(),
        *(
            and_(
                column.in_(those),
                at >= _begin_of(first),
                true() if ends_before is None else at < _begin_of(ends_before + timedelta(days=1)),
            )
            for (first, ends_before), those in keys.items()
        ),
    )


def _is_about_others(is_own: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an event is about a person or an organisation that is not the reader's own."""
    subject = col(AuditSubject.subject)
    kinds = (f"{PREFIXES[noun]}-%" for noun in ("user", "organisation"))
    return exists().where(
        col(AuditSubject.event_id) == AuditEvent.id,
        or_(*(subject.like(kind) for kind in kinds)),
        ~is_own,
    )


def _is_about(subject: str) -> ColumnElement[bool]:
    about = select(col(AuditSubject.event_id)).where(col(AuditSubject.subject) == subject)
    return col(AuditEvent.id).in_(about)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)
