"""Memberships: who holds which role, from when to when, and for what."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlmodel import Session, col, func

from chec.models import Centre, Membership, Organisation, Role, User, Venture
from chec.permissions import Grant, Viewer
from chec.rules.role_giving import leave_a_day


class HeldRole(NamedTuple):
    """One membership, as people read it. `ends_before` None: no end."""

    id: int
    role: Role
    acts_for: str
    starts_on: date
    ends_before: date | None

    @property
    def last_day(self) -> date | None:
        """The last day on which the role is held; None: no end, or it was held on no day."""
        if self.ends_before is None or self.is_held_never:
            return None
        return self.ends_before - timedelta(days=1)

    @property
    def is_held_never(self) -> bool:
        """Whether it was taken away before it had lasted a day."""
        return self.ends_before == self.starts_on

    def holds_on(self, day: date) -> bool:
        """Whether the role is held on `day`."""
        return self.starts_on <= day and not self.is_over(day)

    def is_over(self, day: date) -> bool:
        """Whether the role is held neither on `day` nor later."""
        return self.is_held_never or (self.ends_before is not None and self.ends_before <= day)


def held_roles() -> Select[User, Membership, str]:
    """Every membership with its user and what it is held for; each user's by their first day."""
    acts_for = func.coalesce(Centre.name, Organisation.name, Venture.name)
    return (
        select(User, Membership, acts_for)
        .join(Membership, col(Membership.user_id) == col(User.id))
        .join(Centre, col(Membership.centre_id) == col(Centre.id), isouter=True)
        .join(Organisation, col(Membership.organisation_id) == col(Organisation.id), isouter=True)
        .join(Venture, col(Membership.venture_id) == col(Venture.id), isouter=True)
        .order_by(
            func.lower(User.name),
            col(User.id),
            col(Membership.starts_on),
            col(Membership.id),
        )
    )


def held_role_of(membership: Membership, acts_for: str) -> HeldRole:
    """The membership as people read it."""
    return HeldRole(
        membership.id,
        membership.role,
        acts_for,
        membership.starts_on,
        membership.ends_before,
    )


def list_own_roles(session: Session, viewer: Viewer, today: date) -> list[HeldRole]:
    """The roles that the viewer holds today or will hold, by their first day."""
    query = held_roles().where(col(User.id) == viewer.user_id, _not_over(today))
    return [held_role_of(membership, name) for _user, membership, name in session.execute(query)]


def list_unended(session: Session, user_id: int, today: date) -> Sequence[Membership]:
    """The memberships of a user that hold today or later, as they are now."""
    query = select(Membership).where(col(Membership.user_id) == user_id, _not_over(today))
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def list_same_held(session: Session, user_id: int, grant: Grant) -> Sequence[Membership]:
    """The memberships, past ones too, of a user in the same role for the same thing."""
    query = select(Membership).where(
        col(Membership.user_id) == user_id,
        col(Membership.role) == grant.role,
        col(Membership.centre_id).is_not_distinct_from(grant.centre_id),
        col(Membership.organisation_id).is_not_distinct_from(grant.organisation_id),
        col(Membership.venture_id).is_not_distinct_from(grant.venture_id),
    )
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def is_last_administrator(session: Session, membership: Membership, today: date) -> bool:
    """Whether on a day from today on, without it, a centre would have no administrator.

    A locked account is nobody's.
    """
    if membership.role is not Role.ADMINISTRATOR:
        return False
    others = (
        select(col(Membership.starts_on), col(Membership.ends_before))
        .join(User, col(Membership.user_id) == col(User.id))
        .where(
            col(Membership.role) == Role.ADMINISTRATOR,
            col(Membership.centre_id) == membership.centre_id,
            col(Membership.user_id) != membership.user_id,
            _not_over(today),
            col(User.active),
        )
    )
    first_day = max(today, membership.starts_on)
    held = [(starts_on, ends_before) for starts_on, ends_before in session.execute(others)]
    return leave_a_day(first_day, membership.ends_before, held)


def _not_over(today: date) -> ColumnElement[bool]:
    ends, starts = col(Membership.ends_before), col(Membership.starts_on)
    return or_(ends.is_(None), and_(ends > today, ends > starts))
