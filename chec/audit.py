"""The audit trail. Called for by each action, never conjured.

What is recorded waits with the session and is put on the chain just before the transaction commits,
under a lock on the one head row: the last lock that a transaction takes, so that it is held only
for the commit, and events stand in the order of commits. What is rolled back was never recorded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert
from sqlmodel import Session, select

from chec.models import AuditEvent, AuditHead, AuditSubject, Event
from chec.permissions import Actor
from chec.rules.audit_chain import Link, changes_text, link_hash

_WAITING = "audit_events"


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
    waiting: list[Link] = session.info.setdefault(_WAITING, [])
    waiting.append(
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


@sqlalchemy_event.listens_for(Session, "before_commit")
def _put_on_the_chain(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_WAITING):
        return
    session.flush()  # whatever else this transaction locks, it has locked before the head
    waiting: list[Link] = session.info.pop(_WAITING)
    head = session.exec(
        select(AuditHead).with_for_update(), execution_options={"populate_existing": True}
    ).one()
    events: list[dict[str, Any]] = []
    subjects: list[dict[str, Any]] = []
    for number, told in enumerate(waiting, head.last_id + 1):
        link = told._replace(id=number)
        fields = link._asdict()
        about = fields.pop("about")
        events.append({**fields, "previous_hash": head.hash, "hash": link_hash(head.hash, link)})
        subjects += [{"event_id": number, "subject": each} for each in about]
        head.hash, head.last_id = events[-1]["hash"], number
    session.execute(insert(AuditEvent), events)
    if subjects:
        session.execute(insert(AuditSubject), subjects)


@sqlalchemy_event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_WAITING, None)
