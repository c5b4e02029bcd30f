"""Memberships: who may look, where a user's roles lead, and the people of a centre."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, or_, select

from chec.models import (
    Centre,
    Instrument,
    Membership,
    Organisation,
    Role,
    User,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.queries.payers import centre_and_payer


class Place(NamedTuple):
    """Where one of a user's roles leads. An organisation may have no centre yet."""

    role: Role
    name: str
    centre_id: int | None
    centre_name: str | None
    organisation_id: int | None = None
    venture_id: int | None = None


class Person(NamedTuple):
    """One membership, as the people page lists it. `ends_before` None: no end."""

    name: str
    email: str
    active: bool
    role: Role
    acts_for: str
    starts_on: date
    ends_before: date | None

    @property
    def last_day(self) -> date | None:
        """The last day on which the role is held; None: no end."""
        return self.ends_before - timedelta(days=1) if self.ends_before else None

    def holds_on(self, day: date) -> bool:
        """Whether the role is held on `day`."""
        return self.starts_on <= day and (self.ends_before is None or day < self.ends_before)


def list_places(session: Session, viewer: Viewer) -> list[Place]:
    """Where the viewer's roles lead today: centres first, then by name."""
    centres = {grant.centre_id for grant in viewer.grants if grant.centre_id}
    named = select(Centre.id, Centre.name).where(col(Centre.id).in_(centres))
    names = dict(session.exec(named).all())
    own = [
        Place(grant.role, names[grant.centre_id], grant.centre_id, names[grant.centre_id])
        for grant in viewer.grants
        if grant.centre_id
    ]
    others = _investments(session, viewer) + _payers(session, viewer) + _ventures(session, viewer)
    return sorted(own, key=_by_name) + sorted(others, key=_by_name)


def list_people(session: Session, viewer: Viewer, centre_id: int) -> Sequence[Person]:
    """Everybody who ever held a role that reaches the centre, by name and first day.

    That is its own people, those of its ventures, and those of organisations that invest or pay.
    """
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    investors = select(Instrument.investor_id).where(Instrument.centre_id == centre_id)
    pairs = centre_and_payer().c
    payers = select(pairs.payer_id).where(pairs.centre_id == centre_id)
    rows = session.execute(
        select(  # type: ignore[call-overload]
            User.name,
            User.email,
            User.active,
            Membership.role,
            col(Centre.name).label("centre"),
            col(Organisation.name).label("organisation"),
            col(Venture.name).label("venture"),
            Membership.starts_on,
            Membership.ends_before,
        )
        .join(User, col(Membership.user_id) == User.id)
        .join(Centre, col(Membership.centre_id) == Centre.id, isouter=True)
        .join(Organisation, col(Membership.organisation_id) == Organisation.id, isouter=True)
        .join(Venture, col(Membership.venture_id) == Venture.id, isouter=True)
        .where(
            or_(
                Membership.centre_id == centre_id,
                Venture.centre_id == centre_id,
                col(Membership.organisation_id).in_(investors),
                col(Membership.organisation_id).in_(payers),
            )
        )
        .order_by(User.name, User.id, Membership.starts_on, Membership.id)
    )
    return [
        Person(name, email, active, role, centre or organisation or venture, starts, ends)
        for name, email, active, role, centre, organisation, venture, starts, ends in rows
    ]


def _investments(session: Session, viewer: Viewer) -> list[Place]:
    mine = viewer.organisations(Action.VIEW_INVESTOR, Role.INVESTOR)
    rows = session.exec(
        select(Organisation.id, Organisation.name, Centre.id, Centre.name)
        .join(Instrument, col(Instrument.investor_id) == Organisation.id, isouter=True)
        .join(Centre, col(Instrument.centre_id) == Centre.id, isouter=True)
        .where(col(Organisation.id).in_(mine))
        .distinct()
    )
    return [Place(Role.INVESTOR, name, key, centre, own) for own, name, key, centre in rows]


def _payers(session: Session, viewer: Viewer) -> list[Place]:
    mine = viewer.organisations(Action.VIEW_PAYER, Role.COMMISSIONER)
    pairs = centre_and_payer()
    rows = session.exec(
        select(Organisation.id, Organisation.name, Centre.id, Centre.name)
        .join(pairs, pairs.c.payer_id == Organisation.id, isouter=True)
        .join(Centre, pairs.c.centre_id == Centre.id, isouter=True)
        .where(col(Organisation.id).in_(mine))
    )
    return [Place(Role.COMMISSIONER, name, key, centre, own) for own, name, key, centre in rows]


def _ventures(session: Session, viewer: Viewer) -> list[Place]:
    rows = session.exec(
        select(Venture.id, Venture.name, Centre.id, Centre.name)
        .join(Centre, col(Venture.centre_id) == Centre.id)
        .where(col(Venture.id).in_(viewer.ventures(Action.VIEW_VENTURE)))
    )
    return [
        Place(Role.PROVIDER, name, centre_id, centre, venture_id=own)
        for own, name, centre_id, centre in rows
    ]


def _by_name(place: Place) -> tuple[str, str, str]:
    return place.name, place.centre_name or "", place.role
