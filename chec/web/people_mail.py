"""Mail about invitations and roles: to the person, by the address that they sign in with."""

from datetime import date, timedelta
from typing import Any

from flask import current_app, url_for

from chec import clock
from chec.actions.invitations import Sent
from chec.config import Settings
from chec.mail import Mail
from chec.models import Membership, User
from chec.web.formats import day, moment, role_for


def invitation_mail(sent: Sent, acts_for: str, sender: str) -> Mail:
    """The link of an invitation; nothing else tells it."""
    invitation = sent.invitation
    first = invitation.starts_on if invitation.starts_on > clock.today() else None
    days = days_told(first, invitation.ends_before)
    text = f"""\
Dear {invitation.name},

{sender} invites you to CHEC as {role_for(invitation.role, acts_for)}{days}.

Open this link, and choose a password if you have no account here yet. It works once, until
{moment(invitation.expires_at)}:

{address_of("invitations.accept", token=sent.token)}

Keep it to yourself: whoever opens it can act in your name. If you do not know what this is about,
leave it; nothing happens then.
"""
    return Mail(invitation.email, "You are invited to CHEC", text)


def role_given_mail(user: User, membership: Membership, acts_for: str, sender: str) -> Mail:
    """That somebody who has an account has a role more."""
    days = days_told(membership.starts_on, membership.ends_before)
    text = f"""\
Dear {user.name},

{sender} has made you {role_for(membership.role, acts_for)}{days}.

Sign in as always: {address_of("home.index")}

If you did not expect this, tell an administrator of your centre.
"""
    return Mail(user.email, "You have a new role in CHEC", text)


def role_ended_mail(user: User, membership: Membership, acts_for: str, sender: str) -> Mail:
    """That somebody has a role no more."""
    text = f"""\
Dear {user.name},

{sender} has ended your role: you are no longer {role_for(membership.role, acts_for)}.
Other roles that you have stay as they are.

If you did not expect this, tell an administrator of your centre.
"""
    return Mail(user.email, "A role of yours in CHEC has ended", text)


def days_told(first: date | None, ends_before: date | None) -> str:
    """`, from 1 March 2026 to 31 March 2026, the last day`: of both, which there are."""
    parts = ["from " + day(first)] if first else []
    if ends_before:
        last = day(ends_before - timedelta(days=1))
        parts.append(f"{'to' if first else 'until'} {last}, the last day")
    return ", " + " ".join(parts) if parts else ""


def address_of(endpoint: str, **values: Any) -> str:
    """The address of a page as others than its browser know it."""
    settings: Settings = current_app.extensions["chec_settings"]
    return settings.site + url_for(endpoint, **values)
