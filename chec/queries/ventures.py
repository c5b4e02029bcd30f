"""Ventures: the ones a viewer may see."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import or_, select, true, union
from sqlmodel import Session, col

from chec.errors import NotFound
from chec.models import Account, Centre, Organisation, Transfer, Venture
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


def latest_transfers(session: Session, found: VentureOfCentre, *, limit: int) -> Sequence[Transfer]:
    """The last transfers on any account of the venture, newest first."""
    # One side after the other, each by its index: asked for both at once, SQLite reads the ledger.
    own = union(
        *(
            select(col(Transfer.id))
            .join(Account, side == col(Account.id))
            .where(col(Account.venture_id) == found.venture.id)
            for side in (col(Transfer.debit_account_id), col(Transfer.credit_account_id))
        )
    )
    newest_first = (col(Transfer.on).desc(), col(Transfer.id).desc())
    query = select(Transfer).where(col(Transfer.id).in_(own)).order_by(*newest_first)
    return session.scalars(query.limit(limit)).all()
