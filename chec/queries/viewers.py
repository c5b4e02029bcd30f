"""Who looks and who acts: a user, with the memberships that hold on a day."""

from datetime import date

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from chec.clock import london_day
from chec.errors import NotAllowed
from chec.models import Membership, User
from chec.permissions import Actor, Grant, Viewer


def holds_on(day: date) -> ColumnElement[bool]:
    """Of a membership, whether it holds on `day`: from `starts_on`, before `ends_before`."""
    ends = col(Membership.ends_before)
    return and_(col(Membership.starts_on) <= day, or_(ends.is_(None), ends > day))


def get_viewer(session: Session, user_id: int, today: date) -> Viewer:
    """The user with the memberships that hold today; none does where the account is locked."""
    rows = session.exec(
        select(
            Membership.role,
            Membership.centre_id,
            Membership.organisation_id,
            Membership.venture_id,
        )
        .join(User, col(Membership.user_id) == User.id)
        .where(
            Membership.user_id == user_id,
            col(User.active),
            holds_on(today),
        )
    )
    return Viewer(user_id, frozenset(Grant(*row) for row in rows))


def refuse_if_no_longer(session: Session, actor: Actor) -> None:
    """Raise NotAllowed where the actor has lost the role through which they act.

    The door asked when the request began. Whoever ends a role holds the lock of each centre that it
    reaches: asked under that lock, the answer stays true until the act is committed.
    """
    if actor.grant is None:
        return
    assert actor.user_id
    if actor.grant not in get_viewer(session, actor.user_id, london_day(actor.at)).grants:
        raise NotAllowed(f"You are no longer {actor.acting_for}.")
