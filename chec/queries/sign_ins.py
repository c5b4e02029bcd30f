"""Sign-ins: whose session a request belongs to, and somebody's own of the last weeks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    CompoundSelect,
    String,
    cast,
    desc,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlmodel import Session, col

from chec.errors import NotFound
from chec.models import AuditEvent, AuditSubject, Event, SignIn, SignInMethod, User
from chec.models.references import reference
from chec.permissions import Viewer

LONGEST = timedelta(hours=12)
"""How long a sign-in is good for, however busy."""
IDLE = timedelta(minutes=30)
"""How long it is good for while nothing is asked."""
REMEMBERED = timedelta(days=90)
"""How far back somebody's own sign-ins are listed."""


class Attempt(NamedTuple):
    """A sign-in, or one that failed: then `method` is empty and the browser is not known."""

    at: datetime
    method: str
    browser: str
    address: str
    ended_at: datetime | None

    @property
    def has_failed(self) -> bool:
        """Whether nobody was let in."""
        return not self.method

    def is_open(self, now: datetime) -> bool:
        """Whether nothing but idleness has ended it by `now`."""
        return not self.has_failed and self.ended_at is None and self.at > now - LONGEST


def find_signed_in(
    session: Session, uniquifier: str, token_hash: str, now: datetime
) -> tuple[User, SignIn] | None:
    """The user and the sign-in whose token this is, if it is still good; else None.

    What a password alone began is not, once its user has a second factor.
    """
    query = (
        select(User, SignIn)
        .join(SignIn, col(SignIn.user_id) == col(User.id))
        .where(
            col(User.fs_uniquifier) == uniquifier,
            col(User.active),
            col(SignIn.token_hash) == token_hash,
            col(SignIn.ended_at).is_(None),
            col(SignIn.began_at) > now - LONGEST,
        )
    )
    row = session.execute(query).one_or_none()
    if row is None or (row[0].has_second_factor and row[1].method is SignInMethod.PASSWORD):
        return None
    return row[0], row[1]


def list_open_sign_ins(session: Session, viewer: Viewer, now: datetime) -> Sequence[SignIn]:
    """The viewer's own that are still good, the newest first. Which are idle, only they know."""
    query = (
        select(SignIn)
        .where(
            col(SignIn.user_id) == viewer.user_id,
            col(SignIn.ended_at).is_(None),
            col(SignIn.began_at) > now - LONGEST,
        )
        .order_by(col(SignIn.id).desc())
    )
    return session.scalars(query).all()


def get_own_sign_in(session: Session, viewer: Viewer, sign_in_id: int) -> SignIn:
    """The sign-in of the viewer. Raises NotFound where it is another's or none."""
    query = select(SignIn).where(
        col(SignIn.id) == sign_in_id, col(SignIn.user_id) == viewer.user_id
    )
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def count_attempts(session: Session, viewer: Viewer, now: datetime) -> int:
    """How often the viewer, or somebody in their name, has signed in or tried to of late."""
    attempts = _attempts(viewer, now).subquery()
    return session.scalar(select(func.count()).select_from(attempts)) or 0


def list_attempts(
    session: Session, viewer: Viewer, now: datetime, *, offset: int, limit: int
) -> list[Attempt]:
    """Those attempts, the newest first."""
    query = _attempts(viewer, now).order_by(desc("at"), "method").offset(offset).limit(limit)
    return [Attempt(*row) for row in session.execute(query)]


def _attempts(viewer: Viewer, now: datetime) -> CompoundSelect[Any]:
    assert viewer.user_id is not None
    since = now - REMEMBERED
    began_with: list[Any] = [
        col(SignIn.began_at).label("at"),
        cast(col(SignIn.method), String).label("method"),
        col(SignIn.browser),
        col(SignIn.address),
        col(SignIn.ended_at),
    ]
    began = select(*began_with).where(
        col(SignIn.user_id) == viewer.user_id, col(SignIn.began_at) > since
    )
    failed = (
        select(col(AuditEvent.at), literal(""), literal(""), col(AuditEvent.address), null())
        .join(AuditSubject, col(AuditSubject.event_id) == col(AuditEvent.id))
        .where(
            col(AuditSubject.subject) == reference("user", viewer.user_id),
            col(AuditEvent.event) == Event.SIGN_IN_FAILED,
            col(AuditEvent.at) > since,
        )
    )
    return union_all(began, failed)
