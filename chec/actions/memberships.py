"""Giving a user a role."""

from datetime import date

from sqlmodel import Session, select

from chec import audit
from chec.errors import RuleBroken
from chec.models import Centre, Event, Membership, Organisation, Role, User, Venture
from chec.models.references import reference
from chec.permissions import Actor
from chec.rules.membership_terms import reasons_not_to_give, reasons_not_to_last


def give_membership(
    session: Session,
    actor: Actor,
    user: User,
    role: Role,
    *,
    starts_on: date,
    ends_before: date | None = None,
    centre: Centre | None = None,
    organisation: Organisation | None = None,
    venture: Venture | None = None,
) -> Membership:
    """The new membership, from `starts_on` until the day before `ends_before` (None: no end).

    Raises RuleBroken unless the one thing that the role is held for is named, or where the dates
    are in the wrong order or meet the same membership of that user.
    """
    membership = Membership(
        user_id=user.id,
        role=role,
        centre_id=centre.id if centre else None,
        organisation_id=organisation.id if organisation else None,
        venture_id=venture.id if venture else None,
        starts_on=starts_on,
        ends_before=ends_before,
    )
    reasons = reasons_not_to_give(role, centre, organisation, venture)
    reasons += reasons_not_to_last(starts_on, ends_before, _same_held(session, membership))
    if reasons:
        raise RuleBroken(reasons)
    session.add(membership)
    session.flush()
    audit.record(session, actor, Event.MEMBERSHIP_GIVEN, reference("user", user.id), role)
    return membership


def _same_held(session: Session, membership: Membership) -> list[Membership]:
    held = select(Membership).where(
        Membership.user_id == membership.user_id,
        Membership.role == membership.role,
        Membership.centre_id == membership.centre_id,
        Membership.organisation_id == membership.organisation_id,
        Membership.venture_id == membership.venture_id,
    )
    return list(session.exec(held))
