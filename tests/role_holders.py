"""People who hold a role and act by it, as somebody does who has signed in."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from chec.models import Membership, Role, User
from chec.permissions import Actor
from chec.queries.reach import grant_of
from tests import builders


def holder(
    session: Session,
    role: Role,
    *,
    user: User | None = None,
    at: datetime = builders.NOW,
    **held_for: Any,
) -> Actor:
    """Somebody, new unless given, who holds `role` for what is named, and acts by it."""
    user = user or builders.a_user(session)
    return acting_by(builders.a_membership(session, role, user=user, **held_for), at=at)


def acting_by(membership: Membership, *, at: datetime = builders.NOW) -> Actor:
    """Whoever holds the membership, acting by it."""
    grant = grant_of(membership)
    return Actor(membership.user_id, grant.acting_for, "127.0.0.1", at, grant)


def user_of(session: Session, actor: Actor) -> User:
    """The row of whoever acts."""
    return session.get_one(User, actor.user_id)
