"""Opening a centre."""

from datetime import date

from sqlmodel import Session, col, func, select

from chec import audit
from chec.errors import RuleBroken
from chec.models import Centre, Event
from chec.models.references import reference
from chec.permissions import Actor
from chec.rules.naming import reasons_not_to_name, squeezed


def open_centre(session: Session, actor: Actor, name: str, opened_on: date) -> Centre:
    """The new centre. Raises RuleBroken for a name that cannot be had."""
    name = squeezed(name)
    reasons = reasons_not_to_name("the centre", name)
    same_name = func.lower(col(Centre.name)) == func.lower(name)
    if session.exec(select(Centre.id).where(same_name)).first():
        reasons.append(f"There is already a centre called {name}.")
    if reasons:
        raise RuleBroken(reasons)
    centre = Centre(name=name, opened_on=opened_on)
    session.add(centre)
    session.flush()
    audit.record(
        session,
        actor,
        Event.CENTRE_OPENED,
        reference("centre", centre.id),
        centre_id=centre.id,
        after={"opened_on": opened_on},
    )
    return centre
