"""Ventures: the ones a viewer may see."""

from typing import NamedTuple

from sqlalchemy import or_, select, true
from sqlmodel import Session, col

from chec.errors import NotFound
from chec.models import Centre, Organisation, Venture
from chec.permissions import Action, Viewer


class VentureOfCentre(NamedTuple):
    """A venture with the centre that funds it and the provider whose team it is."""

    venture: Venture
    centre: Centre
    provider: Organisation


def get_venture(session: Session, viewer: Viewer, venture_id: int) -> VentureOfCentre:
    """The venture, if it is the viewer's or of a centre of theirs; NotFound otherwise."""
    see = Action.VIEW_VENTURE
    visible = or_(
        col(Venture.centre_id).in_(viewer.centres(see)), col(Venture.id).in_(viewer.ventures(see))
    )
    query = (
        select(Venture, Centre, Organisation)
        .join(Centre, col(Venture.centre_id) == Centre.id)
        .join(Organisation, col(Venture.provider_id) == Organisation.id)
        .where(col(Venture.id) == venture_id, true() if viewer.sees_all else visible)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return VentureOfCentre._make(found)
