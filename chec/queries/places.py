"""Where a viewer's roles lead: a centre, an investment, an inbox, a venture."""

from typing import NamedTuple

from sqlmodel import Session, col, select

from chec.models import Centre, Organisation, Role, Venture
from chec.permissions import Action, Viewer
from chec.queries.reach import centre_and_partner


class Place(NamedTuple):
    """Where one of a user's roles leads. An organisation may have no centre yet."""

    role: Role
    name: str
    centre_id: int | None
    centre_name: str | None
    organisation_id: int | None = None
    venture_id: int | None = None


def list_places(session: Session, viewer: Viewer) -> list[Place]:
    """Where the viewer's roles lead today: centres first, then by name."""
    others = [
        *_of_organisations(session, viewer, Role.INVESTOR, Action.VIEW_INVESTOR),
        *_of_organisations(session, viewer, Role.COMMISSIONER, Action.VIEW_PAYER),
        *_ventures(session, viewer),
    ]
    return sorted(_centres(session, viewer), key=_by_name) + sorted(others, key=_by_name)


def _centres(session: Session, viewer: Viewer) -> list[Place]:
    own = {grant.centre_id for grant in viewer.grants if grant.centre_id}
    if not own:
        return []
    names = dict(session.exec(select(Centre.id, Centre.name).where(col(Centre.id).in_(own))).all())
    return [
        Place(grant.role, names[grant.centre_id], grant.centre_id, names[grant.centre_id])
        for grant in viewer.grants
        if grant.centre_id
    ]


def _of_organisations(session: Session, viewer: Viewer, role: Role, action: Action) -> list[Place]:
    own = viewer.organisations(action, role)
    if not own:
        return []
    pairs = centre_and_partner(role)
    rows = session.exec(
        select(Organisation.id, Organisation.name, Centre.id, Centre.name)
        .join(pairs, pairs.c.partner_id == Organisation.id, isouter=True)
        .join(Centre, pairs.c.centre_id == Centre.id, isouter=True)
        .where(col(Organisation.id).in_(own))
    )
    return [Place(role, name, centre_id, centre, key) for key, name, centre_id, centre in rows]


def _ventures(session: Session, viewer: Viewer) -> list[Place]:
    own = viewer.ventures(Action.VIEW_VENTURE)
    if not own:
        return []
    rows = session.exec(
        select(Venture.id, Venture.name, Centre.id, Centre.name)
        .join(Centre, col(Venture.centre_id) == Centre.id)
        .where(col(Venture.id).in_(own))
    )
    return [
        Place(Role.PROVIDER, name, centre_id, centre, venture_id=key)
        for key, name, centre_id, centre in rows
    ]


def _by_name(place: Place) -> tuple[str, str, str]:
    return place.name, place.centre_name or "", place.role
