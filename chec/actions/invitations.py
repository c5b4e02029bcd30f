"""Inviting a person: sent, sent again, withdrawn, accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from secrets import token_urlsafe
from typing import TypedDict

from sqlmodel import Session

from chec import audit
from chec.actions.ledger import refuse
from chec.actions.memberships import (
    centre_in_trail,
    faults_to_give,
    give_grant,
    reasons_not_to_leave_to,
    told_of,
)
from chec.actions.sign_ins import hash_of
from chec.actions.users import add_user, lock_email
from chec.clock import london_day
from chec.errors import NotFound, RuleBroken
from chec.models import Centre, Event, Invitation, User
from chec.models.references import reference
from chec.permissions import Actor, Grant
from chec.queries.invitations import find_by_token_hash, list_open_of, state_now
from chec.queries.reach import grant_of, list_centres_reached, lock_reach, name_acted_for
from chec.queries.users import find_user
from chec.rules.invitation_terms import (
    GOOD_FOR,
    InvitationState,
    first_day_of,
    reasons_not_to_send_again,
    reasons_not_to_withdraw,
)
from chec.rules.naming import squeezed
from chec.rules.posting import Fault
from chec.rules.role_giving import OWN_ROLE
from chec.rules.user_details import faults_of_details, kept_address

_HAS_ACCOUNT = (
    "You have got an account meanwhile, with another password. Open the link again and take the"
    " role with that account."
)


class Days(TypedDict):
    """From when a role is held until the day before another (None: no end)."""

    starts_on: date
    ends_before: date | None


@dataclass(frozen=True)
class Invited:
    """Who is to hold which role, from a day until the day before another (None: no end)."""

    email: str
    name: str
    grant: Grant
    starts_on: date
    ends_before: date | None = None

    @property
    def address(self) -> str:
        """The email address as it is kept."""
        return kept_address(self.email)

    @property
    def days(self) -> Days:
        """From when, and until when."""
        return Days(starts_on=self.starts_on, ends_before=self.ends_before)


@dataclass(frozen=True)
class Sent:
    """An invitation, and the token of its link, which is kept nowhere."""

    invitation: Invitation
    token: str


def invite_person(session: Session, actor: Actor, centre: Centre, invited: Invited) -> Sent:
    """The invitation, whether that address is a user's or not: whoever sends it is not told.

    The system, which has no page to send one again, does so by inviting again. Raises RuleBroken
    where `faults_to_invite` finds some.
    """
    reached = lock_reach(session, actor, [invited.grant], centre.id)
    lock_email(session, invited.address)
    refuse(faults_to_invite(session, actor, centre, invited))
    present = _find_open(session, actor, invited)
    if present:
        return send_invitation_again(session, actor, present)
    token = token_urlsafe(32)
    invitation = Invitation(
        token_hash=hash_of(token),
        email=invited.address,
        name=squeezed(invited.name),
        role=invited.grant.role,
        for_centre_id=centre.id,
        centre_id=invited.grant.centre_id,
        organisation_id=invited.grant.organisation_id,
        venture_id=invited.grant.venture_id,
        starts_on=invited.starts_on,
        ends_before=invited.ends_before,
        invited_by_id=actor.user_id,
        invited_at=actor.at,
        expires_at=actor.at + GOOD_FOR,
    )
    session.add(invitation)
    session.flush()
    _record(session, actor, Event.PERSON_INVITED, invitation, reached)
    return Sent(invitation, token)


def faults_to_invite(
    session: Session, actor: Actor, centre: Centre, invited: Invited
) -> list[Fault]:
    """Why the actor cannot invite this person from the centre, field by field."""
    user = find_user(session, invited.address)
    is_own = bool(actor.grant and user and user.id == actor.user_id)
    faults = faults_of_details(invited.address, squeezed(invited.name))
    if is_own:
        faults.append(Fault("email", OWN_ROLE))
    faults += faults_to_give(
        session,
        actor,
        invited.grant,
        **invited.days,
        user_id=user.id if user and not is_own else None,
    )
    if centre.id not in {each.id for each in list_centres_reached(session, [invited.grant])}:
        name = name_acted_for(session, invited.grant)
        faults.append(Fault("held_for", f"{name} neither invests in {centre.name} nor pays it."))
    open_one = _find_open(session, actor, invited) if actor.grant else None
    if open_one:
        which = reference("invitation", open_one.id)
        reason = f"This person is invited to that role already. Send {which} again instead."
        faults.append(Fault("email", reason))
    return faults


def send_invitation_again(session: Session, actor: Actor, invitation: Invitation) -> Sent:
    """The invitation with another link, good for 72 hours from now; the old link opens nothing.

    It is then the actor's. Raises RuleBroken where it was accepted or withdrawn, where its days are
    over, and where the role is not the actor's to give.
    """
    reached = _lock(session, actor, invitation)
    reasons = reasons_not_to_send_again(invitation, london_day(actor.at))
    _refuse_without_authority(session, actor, invitation, reasons)
    token = token_urlsafe(32)
    before = _told_of(invitation)
    invitation.token_hash = hash_of(token)
    invitation.invited_by_id, invitation.invited_at = actor.user_id, actor.at
    invitation.expires_at = actor.at + GOOD_FOR
    session.add(invitation)
    _record(session, actor, Event.PERSON_INVITED, invitation, reached, before=before)
    return Sent(invitation, token)


def withdraw_invitation(session: Session, actor: Actor, invitation: Invitation) -> None:
    """The link opens nothing from now on.

    Raises RuleBroken where it was accepted or withdrawn, and where the role is not the actor's to
    give.
    """
    reached = _lock(session, actor, invitation)
    reasons = reasons_not_to_withdraw(invitation)
    _refuse_without_authority(session, actor, invitation, reasons)
    before = _told_of(invitation)
    invitation.withdrawn_at = actor.at
    session.add(invitation)
    _record(session, actor, Event.INVITATION_WITHDRAWN, invitation, reached, before=before)


def accept_invitation(
    session: Session, actor: Actor, token: str, password_hash: str | None
) -> User:
    """The user who now holds the role: a new one, or the one who has that address already.

    `password_hash` is the new user's: RuleBroken where they have an account by now. Raises
    NotFound, whatever the reason, where the link cannot be used: it is nobody's business whether
    there ever was such an invitation.
    """
    invitation = find_by_token_hash(session, hash_of(token))
    if invitation is None:
        raise NotFound
    reached = _lock(session, actor, invitation)
    lock_email(session, invitation.email)
    is_good = invitation.token_hash == hash_of(token)
    if not is_good or state_now(session, invitation, actor.at) is not InvitationState.OPEN:
        raise NotFound
    user = find_user(session, invitation.email)
    if user and password_hash:
        raise RuleBroken(_HAS_ACCOUNT)
    user = user or _new_user(session, actor, invitation, password_hash)
    actor = replace(actor, user_id=user.id)
    grant, first_day = grant_of(invitation), first_day_of(invitation, london_day(actor.at))
    days = Days(starts_on=first_day, ends_before=invitation.ends_before)
    if faults_to_give(session, actor, grant, **days, user_id=user.id):
        raise NotFound  # they were given the role meanwhile
    give_grant(session, actor, user, grant, **days)
    before = _told_of(invitation)
    invitation.accepted_at, invitation.accepted_by_id = actor.at, user.id
    session.add(invitation)
    _record(session, actor, Event.INVITATION_ACCEPTED, invitation, reached, before=before)
    return user


def _find_open(session: Session, actor: Actor, invited: Invited) -> Invitation | None:
    open_ones = list_open_of(session, invited.address, actor.at)
    return next((each for each in open_ones if grant_of(each) == invited.grant), None)


def _new_user(
    session: Session, actor: Actor, invitation: Invitation, password_hash: str | None
) -> User:
    if password_hash is None:
        raise NotFound
    return add_user(session, actor, invitation.email, invitation.name, password_hash)


def _lock(session: Session, actor: Actor, invitation: Invitation) -> Sequence[int]:
    """The keys of the centres that the role reaches, which are locked."""
    reached = lock_reach(session, actor, [grant_of(invitation)], invitation.for_centre_id)
    session.refresh(invitation)
    return reached


def _refuse_without_authority(
    session: Session, actor: Actor, invitation: Invitation, reasons: list[str]
) -> None:
    if actor.grant:
        user = find_user(session, invitation.email)
        is_own = user is not None and user.id == actor.user_id
        grant = grant_of(invitation)
        reasons = reasons + reasons_not_to_leave_to(session, actor, grant, is_own=is_own)
    if reasons:
        raise RuleBroken(reasons)


def _record(
    session: Session,
    actor: Actor,
    event: Event,
    invitation: Invitation,
    reached: Sequence[int],
    *,
    before: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor,
        event,
        reference("invitation", invitation.id),
        "again" if event is Event.PERSON_INVITED and before else "",
        centre_id=centre_in_trail(actor, reached),
        about=[grant_of(invitation).held_for],
        before=before,
        after=_told_of(invitation),
    )


def _told_of(invitation: Invitation) -> dict[str, object]:
    accepted_by = invitation.accepted_by_id
    return {
        **told_of(invitation),
        "expires_at": invitation.expires_at,
        "withdrawn_at": invitation.withdrawn_at,
        "accepted_at": invitation.accepted_at,
        "accepted_by": reference("user", accepted_by) if accepted_by else None,
    }
