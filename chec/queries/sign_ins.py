"""Sign-ins: whose session a request belongs to."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from chec.models import SignIn, User

LONGEST = timedelta(hours=12)
"""How long a sign-in is good for, however busy."""
IDLE = timedelta(minutes=30)
"""How long it is good for while nothing is asked."""


def find_signed_in(
    session: Session, uniquifier: str, token_hash: str, now: datetime
) -> tuple[User, SignIn] | None:
    """The user and the sign-in whose token this is, if it is still good; else None."""
    query = (
        select(User, SignIn)
        .join(SignIn, col(SignIn.user_id) == User.id)
        .where(
            User.fs_uniquifier == uniquifier,
            col(User.active),
            SignIn.token_hash == token_hash,
            col(SignIn.ended_at).is_(None),
            SignIn.began_at > now - LONGEST,
        )
    )
    return session.exec(query).one_or_none()
