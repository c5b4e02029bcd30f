"""Recovery codes: ten that each sign in once in place of the authenticator app.

They are shown when they are made, and never again: what is kept is their SHA-256.
"""

import secrets
from typing import Any

from flask import flash, g
from flask_security import MfRecoveryCodesUtil

from chec.actions.sign_ins import hash_of
from chec.models import Event, User
from chec.queries.users import lock_user
from chec.web.factor_changes import record, row_of, tell
from chec.web.forms.factors import NewCodesForm, RecoveryCodeForm

_LETTERS = "abcdefghjkmnpqrstuvwxyz"
"""Without i, l and o. Letters only: a code can be no NHS number, which would be refused."""


def new_codes(number: int) -> list[str]:
    """So many codes of 25 letters: 113 bits, so that nobody finds one from its hash."""
    return ["-".join(_five_letters() for _ in range(5)) for _ in range(number)]


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

    def get_recovery_codes(self, _user: Any) -> list[str]:
        """None: those that there are cannot be shown again."""
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether this is a code of the user; nobody else can use one until the request is over."""
        row = row_of(user)
        lock_user(g.session, row)
        return row.active and super().check_recovery_code(row, hash_of(code))

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Whether the code was there; it no longer is."""
        row = row_of(user)
        deleted = super().delete_recovery_code(row, hash_of(code))
        record(row, Event.RECOVERY_CODE_USED)
        tell(row, f"you signed in with a recovery code; {row.recovery_code_count} are left")
        flash(f"That recovery code is used up. You have {row.recovery_code_count} left.")
        return deleted

    def _encrypt_codes(self, codes: list[str]) -> list[str]:
        return [hash_of(code) for code in codes]


def _five_letters() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


PARTS: dict[str, Any] = {
    "mf_recovery_codes_form": NewCodesForm,
    "mf_recovery_codes_util_cls": RecoveryCodes,
    "mf_recovery_form": RecoveryCodeForm,
}
