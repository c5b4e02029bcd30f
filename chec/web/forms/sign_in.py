"""Signing in, and passwords: flask-security's forms in our words.

Each verifies a password while the request only reads, and then asks for the user's row again: what
was verified has to hold still when something is written.
"""

from typing import Any, ClassVar

import flask_security
from flask import g
from flask_login import current_user
from flask_security import verify_password
from flask_security.forms import Form as SecurityForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length, Regexp

from chec.models import Event, User
from chec.models.references import reference
from chec.permissions import Viewer
from chec.queries.users import find_user, lock_user
from chec.rules.user_details import kept_address
from chec.web import passwords
from chec.web.factor_changes import row_of
from chec.web.forms.factors import RemembersRefusal, code_field, is_code_of, why_not_taken
from chec.web.limits import may_mail
from chec.web.trail import note
from chec.web.transaction import begin_to_write

MISMATCH = "The email address or the password is not right. Check both and try again."
WRONG_PASSWORD = "This is not your password. Check it and try again."  # noqa: S105
SAME_PASSWORD = "This is the password that you have. Choose another."  # noqa: S105
CHANGED_MEANWHILE = (
    "Your password was changed a moment ago, or your account was locked. Open this page afresh."
)
_HINT = f"At least {passwords.SHORTEST} characters. {passwords.ADVICE}"


def _present_password(label: str, missing: str, wrong: str) -> PasswordField:
    return PasswordField(
        label, [InputRequired(missing), Length(max=passwords.LONGEST, message=wrong)]
    )


def _new_password() -> PasswordField:
    return PasswordField(
        "New password", [InputRequired("Enter a new password.")], description=_HINT
    )


_NOBODY = User(email="-", name="-", password="-", fs_uniquifier="-")  # noqa: S106  no password


class SignInForm(RemembersRefusal, flask_security.LoginForm):
    """Email address and password. Which of the two was wrong is not said."""

    email = EmailField(
        "Email address",
        [InputRequired("Enter your email address.")],
        filters=[lambda typed: kept_address(typed or "")],
    )
    password = _present_password("Password", "Enter your password.", MISMATCH)
    remember: None = None  # type: ignore[assignment]  # a shared computer is the rule in this trade

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.password.description = ""  # the page says in our words what to do without it

    def validate(self, **options: Any) -> bool:
        """Whether the two belong together."""
        if super().validate(**options):
            _keep_hashed_anew(row_of(self.user))
            return True
        if self.email.data and self.password.data:
            _note_failure(self.user)
        if self.ifield is not None:
            self.email.errors, self.password.errors = [MISMATCH], []
        return False


class PasswordAgainForm(RemembersRefusal, flask_security.VerifyForm):
    """What signs in, once more, before what needs a fresh sign-in: the password, and a code."""

    password = _present_password("Password", "Enter your password.", WRONG_PASSWORD)
    code = code_field()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not current_user.has_second_factor:
            del self.code

    def validate(self, **options: Any) -> bool:
        """Whether it is the password, and the code of whoever has an app for it."""
        user = row_of(current_user)
        if super().validate(**options):
            _keep_hashed_anew(user)
            if "code" not in self or is_code_of(user, str(self.code.data)):
                return True
            self.code.errors = [why_not_taken()]
        if self.password.data:
            _note_failure(user, by=user)
        return self.taken(False)


class ChangePasswordForm(RemembersRefusal, flask_security.ChangePasswordForm):
    """The current password, and a new one."""

    password = _present_password("Current password", "Enter your current password.", WRONG_PASSWORD)
    new_password = _new_password()
    new_password_confirm: None = None  # type: ignore[assignment]  # it can be shown instead

    def validate(self, **options: Any) -> bool:
        """Whether the one is right and the other is taken."""
        user = row_of(current_user)
        valid = super().validate(**options)
        if WRONG_PASSWORD in self.password.errors:
            _note_failure(user, by=user)
        if SAME_PASSWORD in self.password.errors:
            self.password.errors, self.new_password.errors = [], [SAME_PASSWORD]
        if valid and not _is_still(user):
            self.password.errors = [CHANGED_MEANWHILE]
        return self.taken(valid and not self.errors)


class ForgottenPasswordForm(RemembersRefusal, SecurityForm):
    """An email address, to which a link goes if it is somebody's.

    Where it is nobody's, `user` is one whom the database does not know, for whom the same is done,
    so that nothing tells the two apart; only the mail is not sent (`password_changes.py`).
    """

    email = EmailField(
        "Email address",
        [
            InputRequired("Enter your email address."),
            Length(max=254, message="Enter at most 254 characters."),
            Regexp(r"[^@\s]+@[^@\s]+$", message="Enter it like name@example.org."),
        ],
    )
    user: User
    requires_confirmation: ClassVar = False  # flask-security asks

    def validate(self, **options: Any) -> bool:
        """Whether it is an address at all."""
        if not super().validate(**options):
            return False
        typed = str(self.email.data)
        found = find_user(g.session, typed)
        g.asked_for = found
        is_within = may_mail(typed)
        self.user = found if is_within and found and found.active else _NOBODY
        return True


class NewPasswordForm(RemembersRefusal, flask_security.ResetPasswordForm):
    """A new password, for whoever has the link."""

    password = _new_password()
    password_confirm: None = None  # type: ignore[assignment]  # it can be shown instead

    def validate(self, **options: Any) -> bool:
        """Whether it is taken, and the link still good."""
        if not super().validate(**options):
            return False
        user = row_of(self.user)
        if verify_password(str(self.password.data), user.password):
            self.password.errors = [SAME_PASSWORD]
        elif not _is_still(user):
            self.password.errors = [CHANGED_MEANWHILE]
        return self.taken(not self.errors)


FORMS: dict[str, Any] = {
    "change_password_form": ChangePasswordForm,
    "forgot_password_form": ForgottenPasswordForm,
    "login_form": SignInForm,
    "reset_password_form": NewPasswordForm,
    "verify_form": PasswordAgainForm,
}
"""What flask-security is given instead of its own."""


def _note_failure(user: Any, *, by: Any = None) -> None:
    """Note that somebody did not know the password of `user`: in their own list they see it."""
    about = [reference("user", user.id)] if user else []
    note(Event.SIGN_IN_FAILED, viewer=Viewer(by.id) if by else None, about=about)


def _keep_hashed_anew(user: User) -> None:
    """Keep the hash that flask-security made anew where it costs more now; often it did not."""
    if g.session.is_modified(user):
        hashed = user.password
        g.session.refresh(user)
        begin_to_write()
        user.password = hashed


def _is_still(user: User) -> bool:
    """Whether the user is as they were when this request asked; from here on they stay so."""
    known = user.password, user.fs_uniquifier
    begin_to_write()
    lock_user(g.session, user)
    return user.active and (user.password, user.fs_uniquifier) == known
