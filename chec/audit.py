"""The audit trail. Called for by each action, never conjured."""

from sqlmodel import Session

from chec.models import AuditEvent, Event
from chec.permissions import Actor


def record(session: Session, actor: Actor, event: Event, subject: str, detail: str = "") -> None:
    """Add one event to the trail, in the transaction of `session`.

    `subject` is a reference (`T-0042`) or a path. Neither may hold personal data.
    """
    session.add(
        AuditEvent(
            at=actor.at,
            user_id=actor.user_id,
            acting_for=actor.acting_for,
            event=event,
            subject=subject,
            address=actor.address,
            detail=detail,
        )
    )
