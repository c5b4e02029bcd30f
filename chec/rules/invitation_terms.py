"""When an invitation can be used.

Its link is good once, and for 72 hours. It stops being good when it is withdrawn, when it is sent
again with another link, when the last day of the role has passed, and when whoever sent it may no
longer give that role: what they could not do today, nobody does on their word.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum

from chec.models import Invitation

GOOD_FOR = timedelta(hours=72)


class InvitationState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"


def state_of(invitation: Invitation, at: datetime, today: date) -> InvitationState:
    """Where the invitation stands by itself; an open one is void if its sender may no longer."""
    if invitation.accepted_at is not None:
        return InvitationState.ACCEPTED
    if invitation.withdrawn_at is not None:
        return InvitationState.WITHDRAWN
    if at >= invitation.expires_at or _is_over(invitation, today):
        return InvitationState.EXPIRED
    return InvitationState.OPEN


def first_day_of(invitation: Invitation, today: date) -> date:
    """From when the role is held that is accepted today: never from before."""
    return max(invitation.starts_on, today)


def reasons_not_to_send_again(invitation: Invitation, today: date) -> list[str]:
    """Why the invitation gets no new link; empty where it does, expired or void as it may be."""
    if _is_over(invitation, today):
        return ["The last day of the role has passed. Invite the person anew, with another day."]
    return reasons_not_to_withdraw(invitation)


def reasons_not_to_withdraw(invitation: Invitation) -> list[str]:
    """Why the invitation cannot be withdrawn; empty where it can."""
    if invitation.accepted_at is not None:
        return ["This invitation was accepted. What it gave is a role now, which can be ended."]
    if invitation.withdrawn_at is not None:
        return ["This invitation was withdrawn. Invite the person anew."]
    return []


def _is_over(invitation: Invitation, today: date) -> bool:
    return invitation.ends_before is not None and invitation.ends_before <= today
