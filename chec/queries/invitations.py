"""Invitations: those of a centre, and the one that a link leads to."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session, col

from chec.clock import london_day
from chec.errors import NotFound
from chec.models import Centre, Invitation, Organisation, User, Venture
from chec.permissions import Action, Grant, Viewer
from chec.queries.centres import get_centre
from chec.queries.people import given_in
from chec.queries.reach import grant_of, reached_by
from chec.queries.users import THE_SYSTEM
from chec.queries.viewers import get_viewer
from chec.rules.invitation_terms import InvitationState, state_of
from chec.rules.role_giving import reasons_not_to_decide_on

_MayGive = Callable[[int, Grant], bool]
_WithNames = Select[Invitation, str, str | None]


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
    newest_first = (col(Invitation.invited_at).desc(), col(Invitation.id).desc())
    return _list_seen(session, viewer, centre_id, at, _with_names().order_by(*newest_first))


def get_invitation(
    session: Session, viewer: Viewer, centre_id: int, invitation_id: int, at: datetime
) -> FoundInvitation:
    """The invitation, if it was sent from that centre of the viewer's; NotFound otherwise."""
    query = _with_names().where(col(Invitation.id) == invitation_id)
    for found in _list_seen(session, viewer, centre_id, at, query):
        return found
    raise NotFound


def get_open_invitation(session: Session, token_hash: str, at: datetime) -> FoundInvitation:
    """The invitation whose link holds this token, if it can be used now; NotFound otherwise."""
    row = session.execute(_with_names().where(col(Invitation.token_hash) == token_hash)).first()
    if row is None or state_now(session, row[0], at) is not InvitationState.OPEN:
        raise NotFound
    return _found(row, InvitationState.OPEN, with_email=True)


def find_by_token_hash(session: Session, token_hash: str) -> Invitation | None:
    """The invitation whose link holds this token, whatever became of it."""
    return session.scalar(select(Invitation).where(col(Invitation.token_hash) == token_hash))


def state_now(session: Session, invitation: Invitation, at: datetime) -> InvitationState:
    """Where the invitation stands at this moment; its sender's roles are asked afresh."""
    return _state(invitation, at, _asker(session, at))


def list_open_of(session: Session, email: str, at: datetime) -> list[Invitation]:
    """What this address was invited to and can accept at this moment."""
    query = select(Invitation).where(col(Invitation.email) == email)
    rows = session.scalars(query, execution_options={"populate_existing": True}).all()
    return [row for row in rows if state_now(session, row, at) is InvitationState.OPEN]


def _list_seen(
    session: Session, viewer: Viewer, centre_id: int, at: datetime, query: _WithNames
) -> list[FoundInvitation]:
    """Those of `query` that were sent from the centre."""
    get_centre(session, viewer, Action.VIEW_PEOPLE, centre_id)
    rows = session.execute(query.where(col(Invitation.for_centre_id) == centre_id)).all()
    given, may_give = given_in(viewer, centre_id), _asker(session, at)
    return [
        _found(row, _state(row[0], at, may_give), with_email=row[0].role in given) for row in rows
    ]


def _with_names() -> _WithNames:
    """Each invitation with what the role is held for, and the name of whoever sent it."""
    acts_for = func.coalesce(Centre.name, Organisation.name, Venture.name)
    of = Invitation
    return (
        select(Invitation, acts_for, col(User.name))
        .join(Centre, col(of.centre_id) == col(Centre.id), isouter=True)
        .join(Organisation, col(of.organisation_id) == col(Organisation.id), isouter=True)
        .join(Venture, col(of.venture_id) == col(Venture.id), isouter=True)
        .join(User, col(of.invited_by_id) == col(User.id), isouter=True)
    )


def _found(
    row: Row[Invitation, str, str | None], state: InvitationState, *, with_email: bool
) -> FoundInvitation:
    invitation, acts_for, sender = row
    email = invitation.email if with_email else None
    return FoundInvitation(invitation, acts_for, state, sender or THE_SYSTEM, email)


def _state(invitation: Invitation, at: datetime, may_give: _MayGive) -> InvitationState:
    state = state_of(invitation, at, london_day(at))
    sender_id, grant = invitation.invited_by_id, grant_of(invitation)
    is_void = state is InvitationState.OPEN and sender_id and not may_give(sender_id, grant)
    return InvitationState.VOID if is_void else state


def _asker(session: Session, at: datetime) -> _MayGive:
    """Whether somebody may give a role at this moment; asked once of each, however often."""

    @cache
    def may_give(user_id: int, grant: Grant) -> bool:
        reached = reached_by(session, get_viewer(session, user_id, london_day(at)), [grant])
        return not reasons_not_to_decide_on(grant.role, "", reached, is_own=False)

    return may_give
