"""Who changed something about how they sign in, and the mail that tells them so."""

from typing import Any

from flask import current_app, g, request, url_for

from chec import audit, clock
from chec.mail import Mail
from chec.models import Event, User
from chec.models.references import reference
from chec.permissions import Actor
from chec.web.mailing import post

_TEXT = """Hello {name},

On CHEC, {what}.

If that was you, or was agreed with you, there is nothing to do.

If not, set a new password at once, at {reset_url}
and tell an administrator of your centre.
"""


def row_of(user: Any) -> User:
    """The row behind flask-login's proxy, or the row itself."""
    row = getattr(user, "_get_current_object", lambda: user)()
    assert isinstance(row, User)
    return row


def actor_of(user: User) -> Actor:
    """The user, who acts on their own account, now."""
    return Actor(user.id, "", request.remote_addr or "", clock.now())


def record(user: User, event: Event) -> None:
    """Have it recorded that the user did this to their own account."""
    audit.record(g.session, actor_of(user), event, reference("user", user.id))


def tell(user: User, what: str, *, if_refused: bool = False) -> None:
    """Mail to the user, once it is kept, that `what` happened: half a sentence.

    `if_refused`: also where the request is refused.
    """
    # Secretly: it is no use to say here that it failed.
    post(mail_about(user, what), secretly=True, if_refused=if_refused)


def mail_about(user: User, what: str) -> Mail:
    """The mail that tells the user what happened to how they sign in."""
    settings = current_app.extensions["chec_settings"]
    reset_url = settings.site + url_for("security.forgot_password")
    text = _TEXT.format(name=user.name, what=what, reset_url=reset_url)
    return Mail(user.email, "A change to how you sign in to CHEC", text)


def mail_about_reset(user: User) -> Mail:
    """The mail to post when `actions.second_factors.reset_second_factor` was done to the user."""
    return mail_about(
        user,
        "an administrator has reset your second factor. Your authenticator app, recovery codes and "
        "passkeys no longer sign in, and you were signed out everywhere. Sign in with your "
        "password and set them up anew",
    )
