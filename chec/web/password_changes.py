"""New passwords: changed by whoever knows the old one, or set anew with a link by mail.

The link is good once, for an hour, and signs nobody in. Its token does not stay in the address: it
waits in the session, so that no log, no history and no other page sees it.
"""

from datetime import timedelta
from typing import Any

from flask import Flask, current_app, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import (
    MailUtil,
    logout_user,
    password_changed,
    password_reset,
    reset_password_instructions_sent,
)
from flask_security.recoverable import reset_password_token_status

from chec.actions.sign_ins import record_new_password
from chec.mail import Mail
from chec.models import Event
from chec.models.references import reference
from chec.web.factor_changes import actor_of, row_of, tell
from chec.web.forms.sign_in import SAME_PASSWORD, WRONG_PASSWORD
from chec.web.mailing import post
from chec.web.sessions import start_afresh
from chec.web.trail import note

LINK_IS_GOOD_FOR = timedelta(hours=1)
_HERE = "new-password"
"""What stands in the address in place of a token."""
CONFIGURATION: dict[str, Any] = {
    "SECURITY_CHANGEABLE": True,
    "SECURITY_CHANGE_URL": "/account/password",
    "SECURITY_EMAIL_HTML": False,
    "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": "Set a new password for CHEC",
    # Nothing hangs on this hash but how long a reset takes; the token is signed.
    "SECURITY_HASHING_SCHEMES": ["hex_sha512"],
    "SECURITY_DEPRECATED_HASHING_SCHEMES": [],
    "SECURITY_MSG_INVALID_PASSWORD": (WRONG_PASSWORD, "error"),
    "SECURITY_MSG_PASSWORD_IS_THE_SAME": (SAME_PASSWORD, "error"),
    "SECURITY_POST_CHANGE_VIEW": "account.show",
    "SECURITY_RECOVERABLE": True,
    "SECURITY_RESET_PASSWORD_WITHIN": LINK_IS_GOOD_FOR,
    # What happened to a password is told by the mail that tells of every such change.
    "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False,
    "SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL": False,
}


def prepare(app: Flask) -> None:
    """Join what happens around the passwords of `app`, whose flask-security is there."""
    app.before_request(_take_token_out_of_address)
    app.extensions["security"].mail_context_processor(_for_mails)
    password_changed.connect(_changed, app)
    password_reset.connect(_reset, app)
    reset_password_instructions_sent.connect(_asked, app)


class Mails(MailUtil):
    """The mails of flask-security, sent our way."""

    def send_mail(  # type: ignore[override]  # what it is called with
        self, _template: str, subject: str, recipient: str, *rest: Any, **context: Any
    ) -> None:
        """Post the mail, where the database knows the person it is for."""
        _sender, text, _html = rest
        if context["user"].id is not None:
            post(Mail(recipient, subject, text), secretly=True)

    def validate(self, email: str) -> str:
        """The address in one spelling; no other server is asked about it."""
        return self.normalize(email)


def _for_mails() -> dict[str, Any]:
    settings = current_app.extensions["chec_settings"]
    return {"site": settings.site, "minutes": LINK_IS_GOOD_FOR.seconds // 60}


def _take_token_out_of_address() -> ResponseReturnValue | None:
    if request.endpoint != "security.reset_password":
        return None
    assert request.view_args
    if request.view_args["token"] != _HERE:
        session["reset_token"] = request.view_args["token"]
        return redirect(url_for("security.reset_password", token=_HERE), 303)
    token = session.get("reset_token", "")
    expired, invalid, user = reset_password_token_status(token)  # type: ignore[no-untyped-call]
    if expired or invalid or user is None or not user.active:
        return render_template("security/link_ended.html"), 410
    request.view_args["token"] = token
    return None


def _asked(_app: Flask, **_more: Any) -> None:
    asked_for = g.asked_for
    about = [reference("user", asked_for.id)] if asked_for else []
    note(Event.PASSWORD_RESET_ASKED, about=about)


def _changed(_app: Flask, *, user: Any, **_more: Any) -> None:
    tell(row_of(user), "your password was changed")
    flash("Your password was changed, and you were signed out everywhere else.")


def _reset(_app: Flask, *, user: Any, **_more: Any) -> None:
    row = row_of(user)
    record_new_password(g.session, actor_of(row), row.id, "with a link by mail")
    tell(row, "a new password was set with a link that we had mailed to you")
    if current_user.is_authenticated:
        logout_user()
    start_afresh()
    flash("Your new password is set. Sign in with it.")
