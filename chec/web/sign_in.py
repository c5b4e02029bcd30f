"""Signing in and out, by flask-security: password only, nothing that a user could set up alone."""

from typing import Any

from flask import Flask, Response, g, request
from flask_login import user_logged_out
from flask_security import (
    LoginForm,
    Security,
    SQLAlchemySessionUserDatastore,
    user_authenticated,
)
from flask_security.utils import aware_utcnow, validate_redirect_url
from werkzeug.local import LocalProxy
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from chec.models import Event, User
from chec.permissions import Viewer
from chec.web import passwords
from chec.web.forms.base import SaysWhatWasRefused
from chec.web.trail import note

MISMATCH = "The email address or the password is not right. Check both and try again."


class SignInForm(SaysWhatWasRefused, LoginForm):
    """Email address and password. Which of the two was wrong is not said."""

    email = EmailField("Email address", [InputRequired("Enter your email address.")])
    password = PasswordField(
        "Password",
        [
            InputRequired("Enter your password."),
            Length(max=passwords.LONGEST, message=MISMATCH),
        ],
    )
    remember: None = None  # type: ignore[assignment]  # a shared computer is the rule in this trade

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not validate_redirect_url(self.next.data or ""):
            self.next.data = ""  # to the first page then: whoever followed the link did no wrong

    def validate(self, **options: Any) -> bool:
        """Whether the two belong together."""
        valid = super().validate(**options)
        if not valid and self.ifield is not None:
            self.email.errors = [MISMATCH]
            self.password.errors = []
        return valid


def prepare(app: Flask, *, cheap_passwords: bool) -> None:
    """Let users sign in to `app` with sessions in its own database session."""
    costs = passwords.hashing_costs(cheap=cheap_passwords)
    app.config.from_mapping(
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_DATETIME_FACTORY=aware_utcnow,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  an algorithm, not a password
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            f"argon2__{name}": cost for name, cost in costs.items()
        },
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=True,
    )
    session = LocalProxy(lambda: g.session)
    users = SQLAlchemySessionUserDatastore(session, User, None)  # type: ignore[arg-type]
    security = Security(app, users, login_form=SignInForm)
    security.want_json(lambda _request: False)
    user_authenticated.connect(_note_sign_in, app)
    user_logged_out.connect(_note_sign_out, app)
    app.after_request(_mark_failure)


def _mark_failure(response: Response) -> Response:
    failed = request.endpoint == "security.login" and request.method == "POST"
    if failed and response.status_code == 200:  # noqa: PLR2004  the form again, says flask-security
        response.status_code = 422
        note(Event.SIGN_IN_FAILED)
    return response


def _note_sign_in(_app: Flask, *, user: User, **_more: Any) -> None:
    note(Event.SIGNED_IN, viewer=Viewer(user.id))


def _note_sign_out(_app: Flask, *, user: User, **_more: Any) -> None:
    note(Event.SIGNED_OUT, viewer=Viewer(user.id))
