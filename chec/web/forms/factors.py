"""Second factors: flask-security's forms in our words."""

from typing import Any

from flask import current_app, g
from flask_login import current_user
from flask_security import TwoFactorRescueForm, TwoFactorSetupForm, TwoFactorVerifyCodeForm
from flask_security.recovery_codes import MfRecoveryCodesForm, MfRecoveryForm
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import InputRequired, Regexp

from chec.models import User
from chec.rules.second_factor import reasons_not_to_remove
from chec.web.access import needs_second_factor
from chec.web.factor_changes import row_of
from chec.web.formats import moment
from chec.web.forms.base import SaysWhatWasRefused

WRONG_CODE = (
    "This code is not right, or was used already. Wait for the next one and enter that. If no code "
    "works, check that the clock of your phone is right."
)
WRONG_RECOVERY_CODE = (
    "This is not one of your recovery codes, or it was used already. Check it, or enter another "
    "one."
)


def code_field() -> StringField:
    """The field for the six digits."""
    return StringField(
        "Code",
        [
            InputRequired("Enter the code that your authenticator app shows."),
            Regexp("^[0-9]{6}$", message="A code has six digits. Enter the one your app shows."),
        ],
        filters=[lambda typed: "".join((typed or "").split())],
        description="Six digits that your authenticator app shows.",
    )


def is_code_of(user: User, code: str) -> bool:
    """Whether the user's app shows this code; if so, it is used up."""
    security = current_app.extensions["security"]
    window = current_app.config["SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY"]
    return bool(security.totp_factory.verify_totp(code, user.tf_totp_secret, user, window))


def why_not_taken() -> str:
    """What was wrong with the code that `is_code_of` has just refused."""
    again = g.get("codes_taken_from")
    if again is None:
        return WRONG_CODE
    return f"Too many wrong codes. From {moment(again)} a code is taken again."


class RemembersRefusal(SaysWhatWasRefused):
    """For a form class: `g.form_refused` is the form that was not taken."""

    def validate(self, **options: Any) -> bool:
        """Whether the form is taken."""
        return self.taken(super().validate(**options))

    def taken(self, valid: bool) -> bool:
        """`valid`, remembered."""
        if not valid:
            g.form_refused = self
        return valid


class SetUpForm(RemembersRefusal, TwoFactorSetupForm):
    """Which of its buttons was pressed: set an app up, or remove the second factor."""

    setup = HiddenField()  # type: ignore[assignment]  # the buttons say it

    def validate(self, **options: Any) -> bool:
        """Whether that may be done."""
        if not super().validate(**options):
            return False
        if self.setup.data == "disable":
            user = row_of(self.user)
            self.setup.errors = reasons_not_to_remove(user, needed=needs_second_factor())
        return self.taken(not self.setup.errors)


class CodeForm(RemembersRefusal, TwoFactorVerifyCodeForm):
    """The six digits of an authenticator app."""

    code = code_field()


class OtherWaysForm(TwoFactorRescueForm):
    """Nothing to choose: the page leads to the recovery codes."""

    help_setup = RadioField(choices=[])


class RecoveryCodeForm(RemembersRefusal, MfRecoveryForm):
    """One of the recovery codes, however it is typed."""

    code = StringField(
        "Recovery code",
        [InputRequired("Enter one of your recovery codes.")],
        filters=[lambda typed: _as_it_was_shown(typed or "")],
        description="Five times five letters: abcde-fghjk-mnpqr-stuvw-xyzab. Each works once.",
    )


class NewCodesForm(RemembersRefusal, MfRecoveryCodesForm):
    """The button that makes recovery codes anew."""

    def validate(self, **options: Any) -> bool:
        """Whether there is a second factor that they can stand in for."""
        if not super().validate(**options):
            return False
        return self.taken(current_user.has_second_factor)


def _as_it_was_shown(typed: str) -> str:
    letters = "".join(letter for letter in typed.lower() if letter.isalpha())
    return "-".join(letters[start : start + 5] for start in range(0, len(letters), 5))
