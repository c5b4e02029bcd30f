"""Invitations: those of a centre, and the one that a link leads to."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from chec.clock import london_day
from chec.errors import NotFound
from chec.models import Invitation, User
from chec.permissions import Action, Grant, Viewer
from chec.queries.centres import get_centre
from chec.queries.people import given_in
from chec.queries.reach import grant_of, name_acted_for, reached_by
from chec.queries.users import THE_SYSTEM
from chec.queries.viewers import get_viewer
from chec.rules.invitation_terms import InvitationState, state_of
from chec.rules.role_giving import reasons_not_to_decide_on


class FoundInvitation(NamedTuple):
    """An invitation with what people read about it; `email` None: not to be seen."""

    invitation: Invitation
    acts_for: str
    state: InvitationState
    sent_by: str
    email: str | None

    @property
    def grant(self) -> Grant:
        """The role that it gives."""
        return grant_of(self.invitation)

    @property
    def last_day(self) -> date | None:
        """The last day of the role; None: no end."""
        ends_before = self.invitation.ends_before
        return ends_before - timedelta(days=1) if ends_before else None


def list_invitations(
    session: Session, viewer: Viewer, centre_id: int, at: datetime
) -> list[FoundInvitation]:
    """Every invitation sent from the centre, the newest first."""
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    query = select(Invitation).where(col(Invitation.for_centre_id) == centre_id)
    newest_first = (col(Invitation.invited_at).desc(), col(Invitation.id).desc())
    rows = session.scalars(query.order_by(*newest_first)).all()
    return [_as_seen(session, viewer, row, at) for row in rows]


def get_invitation(
    session: Session, viewer: Viewer, centre_id: int, invitation_id: int, at: datetime
) -> FoundInvitation:
    """The invitation, if it was sent from that centre of the viewer's; NotFound otherwise."""
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    invitation = session.get(Invitation, invitation_id)
    if invitation is None or invitation.for_centre_id != centre_id:
        raise NotFound
    return _as_seen(session, viewer, invitation, at)


def get_open_invitation(session: Session, token_hash: str, at: datetime) -> FoundInvitation:
    """The invitation whose link holds this token, if it can be used now; NotFound otherwise."""
    invitation = find_by_token_hash(session, token_hash)
    if invitation is None or state_now(session, invitation, at) is not InvitationState.OPEN:
        raise NotFound
    return _found(session, invitation, at, with_email=True)


def find_by_token_hash(session: Session, token_hash: str) -> Invitation | None:
    """The invitation whose link holds this token, whatever became of it."""
    return session.scalar(select(Invitation).where(col(Invitation.token_hash) == token_hash))


def state_now(session: Session, invitation: Invitation, at: datetime) -> InvitationState:
    """Where the invitation stands at this moment; its sender's roles are asked afresh."""
    state = state_of(invitation, at, london_day(at))
    is_void = state is InvitationState.OPEN and not _sender_may(session, invitation, at)
    return InvitationState.VOID if is_void else state


def list_open_of(session: Session, email: str, at: datetime) -> Sequence[Invitation]:
    """What this address was invited to and neither accepted nor withdrawn, in time or not."""
    query = select(Invitation).where(
        col(Invitation.email) == email,
        col(Invitation.accepted_at).is_(None),
        col(Invitation.withdrawn_at).is_(None),
        col(Invitation.expires_at) > at,
    )
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def _found(
    session: Session, invitation: Invitation, at: datetime, *, with_email: bool
) -> FoundInvitation:
    sender = session.get(User, invitation.invited_by_id) if invitation.invited_by_id else None
    return FoundInvitation(
        invitation,
        name_acted_for(session, grant_of(invitation)),
        state_now(session, invitation, at),
        sender.name if sender else THE_SYSTEM,
        invitation.email if with_email else None,
    )


def _as_seen(
    session: Session, viewer: Viewer, invitation: Invitation, at: datetime
) -> FoundInvitation:
    may_act = invitation.role in given_in(viewer, invitation.for_centre_id)
    return _found(session, invitation, at, with_email=may_act)


def _sender_may(session: Session, invitation: Invitation, at: datetime) -> bool:
    if invitation.invited_by_id is None:
        return True
    sender = get_viewer(session, invitation.invited_by_id, london_day(at))
    grant = grant_of(invitation)
    reached = reached_by(session, sender, [grant])
    return not reasons_not_to_decide_on(grant.role, "", reached, is_own=False)
