"""Adding an organisation."""

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from chec import audit
from chec.errors import RuleBroken
from chec.models import Event, Organisation, OrganisationKind
from chec.models.references import reference
from chec.permissions import Actor
from chec.rules.naming import reasons_not_to_name, squeezed


def lock_organisations(session: Session) -> None:
    """Until the transaction ends nobody else adds one. Which there are is read after it.

    Centres share them, and no lock of one keeps another from adding the same name. Rows that only
    refer to one need not wait. On SQLite the whole writing transaction is one lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE organisation IN SHARE ROW EXCLUSIVE MODE"))


def add_organisation(
    session: Session,
    actor: Actor,
    name: str,
    kind: OrganisationKind,
    *,
    centre_id: int | None = None,
) -> Organisation:
    """The new organisation, which all centres share; `centre_id` is the one that it is added for.

    Raises RuleBroken for a name that cannot be had.
    """
    lock_organisations(session)
    name = squeezed(name)
    reasons = reasons_not_to_name("the organisation", name)
    same_name = func.lower(col(Organisation.name)) == func.lower(name)
    if session.exec(select(Organisation.id).where(same_name)).first():
        reasons.append(f"There is already an organisation called {name}.")
    if reasons:
        raise RuleBroken(reasons)
    organisation = Organisation(name=name, kind=kind)
    session.add(organisation)
    session.flush()
    audit.record(
        session,
        actor,
        Event.ORGANISATION_ADDED,
        reference("organisation", organisation.id),
        centre_id=centre_id,
        after={"kind": kind},
    )
    return organisation
