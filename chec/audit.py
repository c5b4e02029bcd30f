"""The audit trail. Called for by each action, never conjured.

What is recorded waits with the session and is put on the chain just before the transaction commits,
under a lock on the one head row: the last lock that a transaction takes, so that it is held only
for the commit, and events stand in the order of commits. What is rolled back was never recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col, select

from chec.models import AuditEvent, AuditHead, AuditSubject, Event, User
from chec.permissions import Actor
from chec.rules.audit_chain import Link, changes_text, link_hash

_WAITING, _SAVEPOINTS = "audit_events", "audit_savepoints"


def record(
    session: Session,
    actor: Actor,
    event: Event,
    subject: str,
    detail: str = "",
    *,
    centre_id: int | None = None,
    about: Sequence[str] = (),
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    row_count: int | None = None,
    content_hash: str = "",
) -> None:
    """Add one event to the trail, in the transaction of `session`: with it, or not at all.

    `subject` is a reference (`T-0042`) or a path; `about` names what else it is about, in whose
    histories it then stands. `before` and `after` are what changed, field by field: money in pence,
    days and moments as they are, a thing by its reference. A bulk job gives `row_count` and
    `content_hash` instead of its rows. Nothing of it may hold a secret or personal data.
    """
    if not session.in_transaction():
        session.begin()  # so that a rollback knows of it
    _waiting(session).append(
        Link(
            id=0,
            at=actor.at,
            user_id=actor.user_id,
            acting_for=actor.acting_for,
            event=str(event),
            subject=subject,
            about=tuple(sorted({subject, *about} - {""})),
            centre_id=centre_id,
            address=actor.address,
            detail=detail,
            changes=changes_text(before, after),
            row_count=row_count,
            content_hash=content_hash,
        )
    )


def _waiting(session: Session) -> list[Link]:
    waiting: list[Link] = session.info.setdefault(_WAITING, [])
    return waiting


def _savepoints(session: Session) -> dict[SessionTransaction, int]:
    """How many events waited when each open savepoint was made."""
    made: dict[SessionTransaction, int] = session.info.setdefault(_SAVEPOINTS, {})
    return made


@sqlalchemy_event.listens_for(Session, "before_commit")
def _put_on_the_chain(session: Session) -> None:
    waiting = _waiting(session)
    if session.in_nested_transaction() or not waiting:
        return
    session.flush()
    _lock_users(session, {told.user_id for told in waiting})
    # Whatever else this transaction locks, it has locked by now.
    head = session.exec(
        select(AuditHead).with_for_update(), execution_options={"populate_existing": True}
    ).one()
    links = [told._replace(id=number) for number, told in enumerate(waiting, head.last_id + 1)]
    session.execute(insert(AuditEvent), list(_chained(head, links)))
    subjects = [{"event_id": each.id, "subject": one} for each in links for one in each.about]
    if subjects:
        session.execute(insert(AuditSubject), subjects)
    session.flush()
    waiting.clear()


def _lock_users(session: Session, user_ids: set[int | None]) -> None:
    """What their events' foreign keys lock anyway, before the head rather than under it.

    Else whoever changes a key of such a user and then waits for the head would wait for ever.
    """
    query = select(User.id).where(col(User.id).in_(user_ids - {None})).order_by(col(User.id))
    session.exec(query.with_for_update(read=True, key_share=True)).all()


def _chained(head: AuditHead, links: Sequence[Link]) -> Iterator[dict[str, Any]]:
    """The rows of these events, each with the hash of the one before; the head moves with them."""
    for link in links:
        fields = link._asdict()
        del fields["about"]
        previous, head.hash, head.last_id = head.hash, link_hash(head.hash, link), link.id
        yield {**fields, "previous_hash": previous, "hash": head.hash}


@sqlalchemy_event.listens_for(Session, "after_transaction_create")
def _note_savepoint(session: Session, begun: SessionTransaction) -> None:
    if begun.nested:
        _savepoints(session)[begun] = len(_waiting(session))


@sqlalchemy_event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    savepoint = session.get_nested_transaction()
    if savepoint:
        del _savepoints(session)[savepoint]


@sqlalchemy_event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """What was recorded since a savepoint that was not kept; at the very end, everything."""
    since = 0 if ended.parent is None else _savepoints(session).pop(ended, None)
    if since is not None:
        del _waiting(session)[since:]
