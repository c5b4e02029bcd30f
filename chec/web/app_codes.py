"""Codes of authenticator apps: taken once, wrong ones counted, their secrets kept sealed.

A secret is sealed with AES-256-GCM under a key made of `CHEC_TOTP_KEY`: who has the database alone
reads none, and makes none up.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import token_bytes
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app, g, request, session
from flask_security import Totp

from chec import clock
from chec.actions.second_factors import count_wrong_code, take_code
from chec.models import User
from chec.models.references import reference
from chec.queries.users import lock_user
from chec.rules.second_factor import WRONG_CODES, codes_taken_from
from chec.web.factor_changes import actor_of, row_of, tell
from chec.web.passkeys import OfWhoeverBegan
from chec.web.recovery_codes import new_codes
from chec.web.transaction import begin_to_write

_SET_UP = "security.two_factor_setup_validate"
_HERE = "app"
"""What stands in the address in place of a token."""
_BEGUN = "tf_begun"
_NONCE_BYTES = 12


class BegunInTheSession(OfWhoeverBegan):
    """What setting an app up needs to go on: in the session, for no log to see in an address."""

    def dumps(self, value: object) -> str:
        """What stands for `value` in the address: the same for all."""
        session[_BEGUN] = super().dumps(value)
        return _HERE

    def loads(self, text: str, max_age: float) -> Any:
        """The value; raises BadSignature where this person has begun nothing."""
        return super().loads(session.get(_BEGUN, ""), max_age)


class CodesOnce(Totp):
    """A code is taken once, and wrong ones are counted, except while an app is being set up."""

    def __init__(self, secrets: dict[str, str], issuer: str) -> None:
        super().__init__(secrets, issuer)
        [key] = secrets.values()
        hkdf = HKDF(SHA256(), length=32, salt=None, info=b"secrets of authenticator apps")
        self._cipher = AESGCM(hkdf.derive(key.encode()))
        # Where the library would open what it had sealed itself, or what anybody has not sealed.
        self._totp = type("Sealed", (self._totp,), {"from_source": self._opened})

    def generate_totp_secret(self) -> str:
        """A new secret, sealed."""
        return self.sealed(self._totp.new().key)

    def sealed(self, secret: bytes) -> str:
        """The secret as it is kept."""
        nonce = token_bytes(_NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, secret, None)).decode()

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Whether the code is right, now, and was not used; wrong codes stay counted."""
        if request.endpoint == _SET_UP:
            return super().verify_totp(token, totp_secret, user, window)
        begin_to_write()
        row = row_of(user)
        lock_user(g.session, row)
        if _must_wait(row) or not row.active or totp_secret != row.tf_totp_secret:
            return False
        right = self._is_right(token, row, window)
        if not right:
            count_wrong_code(g.session, actor_of(row), row)
            if _must_wait(row):
                what = f"your password and then {WRONG_CODES} wrong codes were entered"
                tell(row, what, if_refused=True)
            g.session.commit()  # whatever becomes of the request
        return right

    def get_last_counter(self, user: Any) -> int | None:
        """The time step of the last code that was taken; a new app has none yet."""
        return None if request.endpoint == _SET_UP else row_of(user).tf_last_counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Take no code of this time step or an earlier one again."""
        take_code(g.session, row_of(user), tmatch.counter)

    def generate_recovery_codes(self, number: int) -> list[str]:
        """So many codes that are easy to type."""
        return new_codes(number)

    def _opened(self, kept: str) -> Any:
        """The app whose secret is kept so; raises InvalidTag where we have not sealed it."""
        sealed = urlsafe_b64decode(kept)
        secret = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        return self._totp(key=secret, format="raw")

    def _is_right(self, token: str, user: User, window: int) -> bool:
        try:
            return super().verify_totp(token, str(user.tf_totp_secret), user, window)
        except (InvalidTag, ValueError):
            who = reference("user", user.id)
            current_app.logger.error("The secret of the app of %s was not sealed by this key.", who)
            return False


def set_up() -> None:
    """What was begun is done, and not to be done again."""
    session.pop(_BEGUN, None)


def _must_wait(user: User) -> bool:
    again = codes_taken_from(user.wrong_code_count, user.last_wrong_code_at)
    if again is None or again <= clock.now():
        return False
    g.codes_taken_from = again
    return True
