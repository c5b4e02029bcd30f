"""Recovery codes: ten that each sign in once in place of the authenticator app.

They are shown when they are made, and never again; kept encrypted.
"""

import secrets
from typing import Any

from flask import current_app, flash, g, session
from flask_security import MfRecoveryCodesUtil

from chec import clock
from chec.actions.second_factors import lock_user
from chec.models import Event, User
from chec.web.factor_changes import record, row_of, tell
from chec.web.forms.factors import NewCodesForm, RecoveryCodeForm

_LETTERS = "abcdefghjkmnpqrstuvwxyz"
"""Without i, l and o. Letters only: a code can be no NHS number, which would be refused."""
_SECONDS_TO_SHOW = 60


def new_codes(number: int) -> list[str]:
    """So many codes of 15 letters, which is more than anybody can guess: 67 bits."""
    return ["-".join(_five_letters() for _ in range(3)) for _ in range(number)]


class RecoveryCodes(MfRecoveryCodesUtil):
    """The codes of a user, each taken once."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        """New codes; the old ones no longer work."""
        row = row_of(user)
        tell(row, "recovery codes were made for you, and any older ones no longer work")
        return self.make(row)

    def make(self, user: User) -> list[str]:
        """The same without a mail."""
        record(user, Event.RECOVERY_CODES_MADE)
        return super().create_recovery_codes(user)

    def get_recovery_codes(self, user: Any) -> list[str]:
        """The codes, on the page to which setting up a second factor has led; else none."""
        made_at = session.pop("codes_made_at", 0)
        if clock.now().timestamp() - made_at > _SECONDS_TO_SHOW:
            return []
        return super().get_recovery_codes(user)

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether this is a code of the user; nobody else can use one until the request is over."""
        row = row_of(user)
        lock_user(g.session, row)
        return row.active and super().check_recovery_code(row, code)

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Whether the code was there; it no longer is."""
        row = row_of(user)
        deleted = super().delete_recovery_code(row, code)
        record(row, Event.RECOVERY_CODE_USED)
        tell(row, f"you signed in with a recovery code; {row.recovery_code_count} are left")
        flash(f"That recovery code is used up. You have {row.recovery_code_count} left.")
        return deleted


def make_and_show(user: User) -> None:
    """Make codes for a second factor that was just set up; the next page shows them."""
    current_app.extensions["security"].mf_recovery_codes_util.make(user)
    session["codes_made_at"] = int(clock.now().timestamp())


def _five_letters() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


PARTS: dict[str, Any] = {
    "mf_recovery_codes_form": NewCodesForm,
    "mf_recovery_codes_util_cls": RecoveryCodes,
    "mf_recovery_form": RecoveryCodeForm,
}
