"""Passkeys: signing in by a device that has verified its user, by flask-security.

A passkey is both factors at once. What flask-security leaves open is here: the address it is for is
the public one, what was begun belongs to whoever began it, and an answer is taken once.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, flash, g, request
from flask_login import current_user
from flask_security import (
    WebAuthnDeleteForm,
    WebAuthnRegisterForm,
    WebAuthnRegisterResponseForm,
    WebAuthnSigninResponseForm,
    WebauthnUtil,
    wan_deleted,
    wan_registered,
)
from itsdangerous import BadSignature, URLSafeTimedSerializer
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired

from chec import clock
from chec.models import Event, Passkey
from chec.queries.users import lock_user
from chec.web.factor_changes import record, row_of, tell
from chec.web.forms.factors import RemembersRefusal
from chec.web.transaction import begin_to_write

NOT_TAKEN = (
    "The passkey was not taken. It may have been removed here, or the page was open for too long. "
    "Try again, or sign in with your password."
)
NOT_ADDED = "The passkey was not added. Try again."
TOO_LATE = "That page was open for too long. Begin again."
CONFIGURATION: dict[str, Any] = {
    "SECURITY_WEBAUTHN": True,
    "SECURITY_WAN_ALLOW_AS_VERIFY": ["first"],
    "SECURITY_WAN_ALLOW_USER_HINTS": False,
    "SECURITY_WAN_REGISTER_WITHIN": timedelta(minutes=10),
    "SECURITY_WAN_RP_NAME": "CHEC",
    "SECURITY_MSG_WEBAUTHN_NAME_INUSE": (
        "You have a passkey called “%(name)s” already. Give this one another name.",
        "error",
    ),
    "SECURITY_MSG_WEBAUTHN_NAME_DISALLOWED_CHARACTERS": (
        "Use letters, digits, spaces, hyphens and underscores only.",
        "error",
    ),
    "SECURITY_MSG_INVALID_INPUT": ("Use letters, digits and spaces only.", "error"),
    "SECURITY_MSG_INVALID_INPUT_LENGTH": ("Use at most %(length)s characters.", "error"),
}


def prepare(app: Flask) -> None:
    """Record what becomes of passkeys in `app`."""
    wan_registered.connect(_added, app)
    wan_deleted.connect(_removed, app)


class OfWhoeverBegan:
    """Signed texts that only the second half of the same act takes back, from the same person."""

    def __init__(self, signed: URLSafeTimedSerializer) -> None:
        self._signed = signed

    def dumps(self, value: object) -> str:
        """`value` as a signed text."""
        return str(self._signed.dumps(value, salt=_of_whom_and_what()))

    def loads(self, text: str, max_age: float) -> Any:
        """The value; raises BadSignature, with a word to the person, where it is not theirs."""
        try:
            return self._signed.loads(text, max_age=int(max_age), salt=_of_whom_and_what())
        except BadSignature:
            flash(TOO_LATE, "important")
            raise

    def loads_unsafe(self, text: str) -> tuple[bool, Any]:
        """What an expired text says."""
        return self._signed.loads_unsafe(text, salt=_of_whom_and_what())


class Challenges(WebauthnUtil):
    """What a device is asked: to verify its user, and to keep the passkey itself."""

    def generate_challenge(self, nbytes: int | None = None) -> str:
        """A random text, after the moment at which it was made."""
        return f"{clock.now().timestamp():.6f} {secrets.token_urlsafe(nbytes)}"

    def origin(self) -> str:
        """The public address."""
        address = urlsplit(current_app.extensions["chec_settings"].public_url)
        return f"{address.scheme}://{address.netloc}"

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        """Any device that verifies its user and keeps the passkey."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        """By PIN, finger or face, every time."""
        return UserVerificationRequirement.REQUIRED


class NewPasskeyForm(RemembersRefusal, WebAuthnRegisterForm):
    """What the person calls the passkey."""

    name = StringField(
        "Name of the passkey",
        [DataRequired("Give the passkey a name, such as the device it is on.")],
        description="The device it is on, such as: work laptop.",
    )
    usage = HiddenField()  # type: ignore[assignment]  # nothing to choose

    def validate(self, **options: Any) -> bool:
        """Whether the name can be used; every passkey signs in."""
        self.usage.data = "first"
        return super().validate(**options)


class NewPasskeyAnswerForm(RemembersRefusal, WebAuthnRegisterResponseForm):
    """What the device answered to being asked for a passkey."""

    def validate(self, **options: Any) -> bool:
        """Whether it is a passkey that can be kept; nobody else adds one for them meanwhile."""
        lock_user(g.session, row_of(current_user))
        return self.taken(_is_sound(super().validate, options) or _refuse(NOT_ADDED))


class PasskeyAnswerForm(RemembersRefusal, WebAuthnSigninResponseForm):
    """What the device answered to being asked to sign in, or to prove who is there."""

    def validate(self, **options: Any) -> bool:
        """Whether a passkey of ours has answered, to a challenge made after its last use."""
        begin_to_write()
        sound = _is_sound(super().validate, options)
        return self.taken((sound and self._is_the_first_answer()) or _refuse(NOT_TAKEN))

    def _is_the_first_answer(self) -> bool:
        assert self.user is not None
        user = row_of(self.user)
        lock_user(g.session, user)
        assert isinstance(self.cred, Passkey)
        passkey = g.session.get(Passkey, self.cred.id, populate_existing=True)
        made_at = datetime.fromtimestamp(float(self.challenge.split()[0]), UTC)
        return bool(user.active and passkey and passkey.lastuse_datetime < made_at)


class RemovalForm(RemembersRefusal, WebAuthnDeleteForm):
    """The name of the passkey to remove."""

    def validate(self, **options: Any) -> bool:
        """Whether there is one of that name."""
        return super().validate(**options) or _refuse("That passkey was removed before.")


PARTS: dict[str, Any] = {
    "wan_delete_form": RemovalForm,
    "wan_register_form": NewPasskeyForm,
    "wan_register_response_form": NewPasskeyAnswerForm,
    "wan_signin_response_form": PasskeyAnswerForm,
    "webauthn_util_cls": Challenges,
}


def _is_sound(validate: Any, options: dict[str, Any]) -> bool:
    """Whether the library takes the answer; a client can make up one at which it stumbles."""
    try:
        return bool(validate(**options))
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return False


def _refuse(why: str) -> bool:
    flash(why, "important")
    return False


def _of_whom_and_what() -> str:
    endpoint = request.endpoint or ""
    act = endpoint.removesuffix("_response").removesuffix("_validate")
    who = current_user.fs_uniquifier if current_user.is_authenticated else "anybody"
    return f"{act} {who}"


def _added(_app: Flask, *, user: Any, name: str, **_more: Any) -> None:
    row = row_of(user)
    record(row, Event.PASSKEY_ADDED)
    tell(row, f"the passkey “{name}” was added to your account")
    flash(f"The passkey “{name}” was added. You can sign in with it from now on.")


def _removed(_app: Flask, *, user: Any, name: str, **_more: Any) -> None:
    row = row_of(user)
    record(row, Event.PASSKEY_REMOVED)
    tell(row, f"the passkey “{name}” was removed from your account")
    flash(f"The passkey “{name}” was removed. It no longer signs in.")
