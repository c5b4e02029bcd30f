"""Mails with the head of the audit trail, recorded in it once they are sent."""

from sqlmodel import Session

from chec import audit
from chec.models import Event
from chec.models.references import reference
from chec.permissions import Actor


def record_trail_mail(
    session: Session, actor: Actor, *, centre_id: int, user_id: int, event_count: int, head: str
) -> None:
    """The user was told this head, as an administrator of the centre."""
    audit.record(
        session,
        actor,
        Event.TRAIL_HEAD_MAILED,
        reference("user", user_id),
        centre_id=centre_id,
        after={"events": event_count, "head": head},
    )
