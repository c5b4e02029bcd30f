"""Giving a user a role, and ending one."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from chec import audit
from chec.actions.ledger import refuse
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import (
    Centre,
    Event,
    Invitation,
    Membership,
    Organisation,
    Role,
    User,
    Venture,
)
from chec.models.references import reference
from chec.permissions import Actor, Grant
from chec.queries.memberships import is_last_administrator, list_same_held
from chec.queries.reach import grant_of, lock_reach, name_acted_for, reached_by
from chec.queries.viewers import get_viewer
from chec.rules.membership_terms import (
    faults_of_days,
    faults_of_first_day,
    reasons_not_to_hold,
)
from chec.rules.posting import Fault
from chec.rules.role_giving import end_of, reasons_not_to_decide_on, reasons_not_to_end


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

    Raises RuleBroken unless the one thing that the role is held for is named, and where
    `faults_to_give` finds some.
    """
    reasons = reasons_not_to_hold(role, centre, organisation, venture)
    if reasons:
        raise RuleBroken(reasons)
    grant = Grant(
        role,
        centre_id=centre.id if centre else None,
        organisation_id=organisation.id if organisation else None,
        venture_id=venture.id if venture else None,
    )
    return give_grant(session, actor, user, grant, starts_on=starts_on, ends_before=ends_before)


def give_grant(
    session: Session,
    actor: Actor,
    user: User,
    grant: Grant,
    *,
    starts_on: date,
    ends_before: date | None,
) -> Membership:
    """As `give_membership`, of a role that can be held for that."""
    reached = lock_reach(session, actor, [grant])
    refuse(
        faults_to_give(
            session, actor, grant, starts_on=starts_on, ends_before=ends_before, user_id=user.id
        )
    )
    membership = Membership(
        user_id=user.id,
        role=grant.role,
        centre_id=grant.centre_id,
        organisation_id=grant.organisation_id,
        venture_id=grant.venture_id,
        starts_on=starts_on,
        ends_before=ends_before,
    )
    session.add(membership)
    session.flush()
    _record(session, actor, Event.MEMBERSHIP_GIVEN, membership, reached)
    return membership


def end_membership(session: Session, actor: Actor, membership: Membership) -> Membership:
    """The membership, which from now on opens nothing: not on its first day, and not today.

    Raises RuleBroken where `reasons_to_keep` finds some.
    """
    reached = lock_reach(session, actor, [grant_of(membership)])
    session.refresh(membership)
    reasons = reasons_to_keep(session, actor, membership)
    if reasons:
        raise RuleBroken(reasons)
    before = told_of(membership)
    membership.ends_before = end_of(membership, london_day(actor.at))
    session.add(membership)
    session.flush()
    _record(session, actor, Event.MEMBERSHIP_ENDED, membership, reached, before=before)
    return membership


def faults_to_give(
    session: Session,
    actor: Actor,
    grant: Grant,
    *,
    starts_on: date,
    ends_before: date | None,
    user_id: int | None,
) -> list[Fault]:
    """Why the actor cannot give this role, field by field; empty where they can.

    `user_id` None: to somebody who is no user yet. The system gives any role, from any day.
    """
    faults: list[Fault] = []
    if actor.grant:
        reasons = reasons_not_to_leave_to(session, actor, grant, is_own=actor.user_id == user_id)
        faults += [Fault("held_for", reason) for reason in reasons]
        faults += faults_of_first_day(starts_on, london_day(actor.at))
    held = list_same_held(session, user_id, grant) if user_id else []
    return faults + faults_of_days(starts_on, ends_before, held)


def reasons_to_keep(session: Session, actor: Actor, membership: Membership) -> list[str]:
    """Why the actor cannot end the membership now; empty where they can."""
    today, grant = london_day(actor.at), grant_of(membership)
    is_last = is_last_administrator(session, membership, today)
    reasons = reasons_not_to_end(membership, today, is_last_administrator=is_last)
    if actor.grant:
        is_own = actor.user_id == membership.user_id
        reasons += reasons_not_to_leave_to(session, actor, grant, is_own=is_own)
    return reasons


def reasons_not_to_leave_to(
    session: Session, actor: Actor, grant: Grant, *, is_own: bool
) -> list[str]:
    """Why a role is not the actor's to give or end, by what they hold now."""
    assert actor.user_id
    holds = get_viewer(session, actor.user_id, london_day(actor.at))
    reached = reached_by(session, holds, [grant])
    acts_for = name_acted_for(session, grant)
    return reasons_not_to_decide_on(grant.role, acts_for, reached, is_own=is_own)


def told_of(row: Membership | Invitation) -> dict[str, object]:
    """What the trail tells of a role that is given or promised."""
    return {
        "role": row.role,
        "held_for": grant_of(row).held_for,
        "starts_on": row.starts_on,
        "ends_before": row.ends_before,
    }


def centre_in_trail(actor: Actor, reached: Sequence[int]) -> int | None:
    """The centre in whose trail a role belongs: the one that it reaches, or else the actor's.

    None where it reaches several: whoever administers one of them then sees it by whom it is about.
    """
    if reached:
        return reached[0] if len(reached) == 1 else None
    return actor.grant.centre_id if actor.grant else None


def _record(
    session: Session,
    actor: Actor,
    event: Event,
    membership: Membership,
    reached: Sequence[int],
    *,
    before: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor,
        event,
        reference("user", membership.user_id),
        centre_id=centre_in_trail(actor, reached),
        about=[reference("membership", membership.id), grant_of(membership).held_for],
        before=before,
        after=told_of(membership),
    )
