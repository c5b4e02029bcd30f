"""The people of a centre: everybody who ever held a role that reaches it.

That is its own people, those of its ventures, and those of organisations that invest in it or pay
it. Their addresses for email are shown to whoever may act on them.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.models import Membership, Organisation, Role, User, Venture
from chec.permissions import Action, Grant, Viewer
from chec.queries.centres import get_centre
from chec.queries.memberships import HeldRole, held_role_of, held_roles
from chec.queries.reach import partners_of, reaches
from chec.rules.membership_terms import OF_A_CENTRE, reasons_not_to_hold
from chec.rules.role_giving import roles_given_by


class Person(NamedTuple):
    """Somebody with their roles in the centre, the first first; `email` None: not to be seen."""

    id: int
    name: str
    email: str | None
    active: bool
    has_second_factor: bool
    roles: Sequence[HeldRole]

    def has_left(self, day: date) -> bool:
        """Whether none of the roles is held on `day` or later."""
        return all(role.is_over(day) for role in self.roles)


def list_people(session: Session, viewer: Viewer, centre_id: int) -> list[Person]:
    """Everybody who ever held a role that reaches the centre, by name."""
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    return _people(session, viewer, centre_id, _held_in(centre_id))


def get_person(session: Session, viewer: Viewer, centre_id: int, user_id: int) -> Person:
    """The person, if they ever held a role that reaches the centre; NotFound otherwise."""
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    query = _held_in(centre_id).where(col(User.id) == user_id)
    for person in _people(session, viewer, centre_id, query):
        return person
    raise NotFound


def get_membership(
    session: Session, viewer: Viewer, centre_id: int, user_id: int, membership_id: int
) -> Membership:
    """The membership of that person, if it reaches the centre; NotFound otherwise."""
    person = get_person(session, viewer, centre_id, user_id)
    if membership_id not in {role.id for role in person.roles}:
        raise NotFound
    return session.get_one(Membership, membership_id)


def given_in(viewer: Viewer, centre_id: int) -> frozenset[Role]:
    """The roles that the viewer gives and ends in the centre."""
    if viewer.sees_all:
        return frozenset(Role)
    return roles_given_by(grant.role for grant in viewer.grants if grant.centre_id == centre_id)


def list_roles_to_give(session: Session, viewer: Viewer, centre_id: int) -> dict[Grant, str]:
    """What the viewer may give in the centre, each with what it is held for, by role and name."""
    centre = get_centre(session, viewer, Action.GIVE_ROLE, centre_id)
    found = {Grant(role, centre_id=centre_id): centre.name for role in OF_A_CENTRE}
    organisations = _partners(session, centre_id)
    for role in (Role.INVESTOR, Role.COMMISSIONER):
        for organisation in organisations:
            if not reasons_not_to_hold(role, organisation=organisation):
                found[Grant(role, organisation_id=organisation.id)] = organisation.name
    for venture in _ventures(session, centre_id):
        found[Grant(Role.PROVIDER, venture_id=venture.id)] = venture.name
    given = given_in(viewer, centre_id)
    return {grant: name for grant, name in found.items() if grant.role in given}


def _held_in(centre_id: int) -> Select[User, Membership, str]:
    return held_roles().where(reaches(centre_id))


def _people(
    session: Session,
    viewer: Viewer,
    centre_id: int,
    query: Select[User, Membership, str],
) -> list[Person]:
    given = given_in(viewer, centre_id)
    return [
        _person(user, [held_role_of(each, name) for _user, each, name in own], viewer, given)
        for user, own in groupby(session.execute(query), key=lambda row: row[0])
    ]


def _person(user: User, roles: Sequence[HeldRole], viewer: Viewer, given: Iterable[Role]) -> Person:
    is_acted_on = user.id == viewer.user_id or not {role.role for role in roles}.isdisjoint(given)
    return Person(
        id=user.id,
        name=user.name,
        email=user.email if is_acted_on else None,
        active=user.active,
        has_second_factor=user.has_second_factor,
        roles=roles,
    )


def _partners(session: Session, centre_id: int) -> Sequence[Organisation]:
    query = select(Organisation).where(col(Organisation.id).in_(partners_of(centre_id)))
    return session.scalars(query.order_by(func.lower(Organisation.name))).all()


def _ventures(session: Session, centre_id: int) -> Sequence[Venture]:
    query = select(Venture).where(col(Venture.centre_id) == centre_id)
    return session.scalars(query.order_by(func.lower(Venture.name))).all()
