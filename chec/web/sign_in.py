"""Signing in and out, by flask-security, in sessions that are rows (`models/sign_in.py`).

The session cookie holds a token of the row and when it was last used. A request belongs to a user
only while the row is open, not older than twelve hours, and not idle for thirty minutes.
"""

from typing import Any

from flask import Flask, Response, g, request, session
from flask_login import user_logged_out
from flask_security import (
    LoginForm,
    Security,
    user_authenticated,
)
from flask_security.utils import aware_utcnow, set_request_attr, validate_redirect_url
from werkzeug.local import LocalProxy
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from chec import clock
from chec.actions.sign_ins import begin_sign_in, end_sign_in, hash_of
from chec.config import Settings
from chec.models import Event, Passkey, SignIn, User
from chec.permissions import Actor
from chec.queries.sign_ins import IDLE, find_signed_in
from chec.web import passwords, second_factor
from chec.web.forms.base import SaysWhatWasRefused
from chec.web.trail import note
from chec.web.transaction import begin_to_write

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


def prepare(app: Flask, settings: Settings) -> None:
    """Let users sign in to `app` with sessions in its own database session."""
    costs = passwords.hashing_costs(cheap=settings.cheap_passwords)
    app.config.from_mapping(
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_CHANGEABLE=True,
        SECURITY_DATETIME_FACTORY=aware_utcnow,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_PASSWORD_COMPLEXITY_CHECKER="zxcvbn",  # noqa: S106  a library, not a password
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  an algorithm, not a password
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            f"argon2__{name}": cost for name, cost in costs.items()
        },
        SECURITY_PASSWORD_LENGTH_MIN=passwords.SHORTEST,
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_RECOVERABLE=True,
        **second_factor.configuration(settings),
    )
    users = second_factor.Users(
        LocalProxy(lambda: g.session),  # type: ignore[arg-type]
        User,
        None,  # type: ignore[arg-type]
        Passkey,
    )
    security = Security(app, users, login_form=SignInForm, **second_factor.PARTS)
    security.want_json(lambda _request: False)
    app.login_manager.user_loader(_signed_in_user)  # type: ignore[attr-defined]
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_end, app)
    app.after_request(_mark_failure)
    second_factor.prepare(app)


def _signed_in_user(uniquifier: str) -> User | None:
    """Who has signed in, or None: then the request is nobody's, whatever its cookie says."""
    token, seen_at = session.get("sign_in"), session.get("seen_at")
    now = clock.now()
    if not isinstance(token, str) or not isinstance(seen_at, int):
        return None
    idle_seconds = now.timestamp() - seen_at
    if idle_seconds > IDLE.total_seconds():
        return None
    found = find_signed_in(g.session, uniquifier, hash_of(token), now)
    if found is None:
        return None
    user, g.sign_in = found
    if idle_seconds > _WORTH_A_COOKIE:
        session["seen_at"] = int(now.timestamp())
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return user


_WORTH_A_COOKIE = 30
"""Seconds: what was used more recently is not told to the browser again."""


def _begin(_app: Flask, *, user: User, authn_via: list[str] | None = None, **_more: Any) -> None:
    begin_to_write()
    browser = request.user_agent.string[:200]
    method = second_factor.sign_in_method()
    token = begin_sign_in(g.session, _actor(user.id), user.id, method, browser)
    session["sign_in"], session["seen_at"] = token, int(clock.now().timestamp())
    # The token of forms that were open before belongs to nobody's session.
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def _end(_app: Flask, **_more: Any) -> None:
    sign_in = g.pop("sign_in", None)
    if isinstance(sign_in, SignIn):
        begin_to_write()
        end_sign_in(g.session, _actor(sign_in.user_id), sign_in)
        g.session.commit()  # flask-security does not, in signing out
    session.pop("sign_in", None)


def _actor(user_id: int) -> Actor:
    return Actor(user_id, "", request.remote_addr or "", clock.now())


def _mark_failure(response: Response) -> Response:
    failed = request.endpoint == "security.login" and request.method == "POST"
    if failed and response.status_code == 200:  # noqa: PLR2004  the form again, says flask-security
        response.status_code = 422
        note(Event.SIGN_IN_FAILED)
    return response
