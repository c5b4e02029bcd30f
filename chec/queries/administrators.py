"""Who administers a centre on a day: the readers of its trail."""

from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from chec.models import Membership, Role, User
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.queries.viewers import holds_on


def list_administrators(
    session: Session, viewer: Viewer, centre_id: int, day: date
) -> dict[int, str]:
    """The addresses for email of those whose account is not locked, by the user's key."""
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    query = (
        select(col(User.id), col(User.email))
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(
            col(Membership.centre_id) == centre_id,
            col(Membership.role) == Role.ADMINISTRATOR,
            holds_on(day),
            col(User.active),
        )
        .order_by(col(User.id))
    )
    return dict(session.execute(query).all())
