"""When a code from an authenticator app is taken, and whose second factor may be taken away.

Of a million codes three are right at any moment. After five wrong ones in a row none is taken for a
quarter of an hour, after five more for twice as long, up to four hours. Only somebody who knows the
password gets that far, so nobody else can lock a person out; and the person can still use a passkey
or a recovery code, or set a new password, which forgets the wrong codes.
"""

from datetime import datetime, timedelta

from chec.models import User

WRONG_CODES = 5
"""How many wrong codes a sign-in is given."""
_FIRST_WAIT = timedelta(minutes=15)
_DOUBLED_AT_MOST = 4


def codes_taken_from(wrong_count: int, last_wrong_at: datetime | None) -> datetime | None:
    """The moment from which a code is taken again after so many wrong ones; None: at once."""
    rounds, unfinished = divmod(wrong_count, WRONG_CODES)
    if not rounds or unfinished or last_wrong_at is None:
        return None
    return last_wrong_at + _FIRST_WAIT * (1 << min(rounds - 1, _DOUBLED_AT_MOST))


def reasons_not_to_reset(user: User) -> list[str]:
    """Why nobody may take the second factor, the recovery codes and the passkeys of `user`."""
    if not (user.has_second_factor or user.mf_recovery_codes or user.webauthn):
        return ["This person has no second factor and no passkey: there is nothing to reset."]
    return []


def reasons_not_to_remove(user: User, *, needed: bool) -> list[str]:
    """Why `user` may not remove their own second factor; `needed`: a role of theirs asks for it."""
    if not user.has_second_factor:
        return ["You have no second factor: there is nothing to remove."]
    if needed:
        return [
            "Your role needs a second factor, so it cannot be removed. If you have a new phone, "
            "set it up on that one: the old one then stops working."
        ]
    return []
