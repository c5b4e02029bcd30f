"""Starting a venture."""

from datetime import date

from sqlmodel import Session, col, func, select

from chec import audit
from chec.errors import RuleBroken
from chec.models import Centre, Event, Organisation, Stage, Venture
from chec.models.references import reference
from chec.permissions import Actor
from chec.rules.naming import reasons_not_to_name, squeezed
from chec.rules.venture_start import reasons_not_to_start


def start_venture(
    session: Session,
    actor: Actor,
    centre: Centre,
    provider: Organisation,
    *,
    name: str,
    care_model: str,
    stage: Stage,
    started_on: date,
    stage_since_on: date | None = None,
) -> Venture:
    """The new venture, in its stage since `stage_since_on` (None: since it started).

    Raises RuleBroken for a name that the centre has given already, a provider that is none, a care
    model that is empty or holds an NHS number, or dates in the wrong order.
    """
    name, care_model = squeezed(name), squeezed(care_model)
    since_on = stage_since_on or started_on
    reasons = reasons_not_to_name("the venture", name)
    reasons += reasons_not_to_start(centre, provider, care_model, started_on, since_on)
    if _is_taken(session, centre, name):
        reasons.append(f"The centre already has a venture called {name}.")
    if reasons:
        raise RuleBroken(reasons)
    venture = Venture(
        centre_id=centre.id,
        provider_id=provider.id,
        name=name,
        care_model=care_model,
        stage=stage,
        stage_since_on=since_on,
        started_on=started_on,
    )
    session.add(venture)
    session.flush()
    audit.record(
        session,
        actor,
        Event.VENTURE_STARTED,
        reference("venture", venture.id),
        centre_id=centre.id,
        about=[reference("organisation", provider.id)],
        after={
            "provider": reference("organisation", provider.id),
            "started_on": started_on,
            "stage": stage,
            "stage_since_on": since_on,
        },
    )
    return venture


def _is_taken(session: Session, centre: Centre, name: str) -> bool:
    same_name = func.lower(col(Venture.name)) == func.lower(name)
    found = select(Venture.id).where(Venture.centre_id == centre.id, same_name)
    return session.exec(found).first() is not None
