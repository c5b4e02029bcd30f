"""Centres: the ones a viewer may see, and the one lock that every act on money takes."""

from datetime import date

from sqlmodel import Session, col, func, select

from chec.errors import NotFound
from chec.finance.periods import quarter_of
from chec.models import Centre, QuarterClose
from chec.permissions import Action, Actor, Viewer
from chec.queries.viewers import refuse_if_no_longer


def lock_centre(session: Session, actor: Actor, centre_id: int) -> Centre:
    """The centre, locked until the transaction ends. What is checked is read after it.

    That is so of the actor's role too: NotAllowed where it ended while they waited.

    Rows that only refer to the centre need not wait: PostgreSQL locks FOR NO KEY UPDATE. SQLite
    leaves that out: there the whole writing transaction is one lock.
    """
    query = select(Centre).where(Centre.id == centre_id).with_for_update(key_share=True)
    centre = session.exec(query, execution_options={"populate_existing": True}).one()
    refuse_if_no_longer(session, actor)
    return centre


def get_centre(session: Session, viewer: Viewer, action: Action, centre_id: int) -> Centre:
    """The centre for which the viewer may `action`; NotFound where there is none."""
    centre = session.get(Centre, centre_id)
    if centre is None or not (viewer.sees_all or centre_id in viewer.centres(action)):
        raise NotFound
    return centre


def list_centres(session: Session, viewer: Viewer, action: Action) -> list[Centre]:
    """The centres for which the viewer may `action`, by name."""
    query = select(Centre).order_by(Centre.name)
    if not viewer.sees_all:
        query = query.where(col(Centre.id).in_(viewer.centres(action)))
    return list(session.exec(query))


def closed_before(session: Session, centre_id: int) -> date | None:
    """The first day after the last closed quarter, or None where none is closed."""
    query = select(func.max(QuarterClose.quarter_starts_on)).where(
        QuarterClose.centre_id == centre_id
    )
    last: date | None = session.exec(query).one()
    return quarter_of(last).ends_before if last is not None else None
