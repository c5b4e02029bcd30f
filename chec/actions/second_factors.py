"""Second factors: codes taken once, wrong ones counted, and all of it taken away."""

from sqlmodel import Session

from chec import audit
from chec.actions.sign_ins import end_every_sign_in
from chec.actions.users import lock_to_manage
from chec.errors import RuleBroken
from chec.models import Event, User
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.users import lock_user
from chec.rules.second_factor import reasons_not_to_reset


def take_code(session: Session, user: User, counter: int) -> None:
    """Of the user, locked: the code of time step `counter`, and none before it, works again."""
    user.tf_last_counter = counter
    user.wrong_code_count = 0
    session.add(user)


def count_wrong_code(session: Session, actor: Actor, user: User) -> None:
    """Of the user, locked: one more wrong code in a row."""
    user.wrong_code_count += 1
    user.last_wrong_code_at = actor.at
    session.add(user)


def forget_second_factor(session: Session, actor: Actor, user: User) -> None:
    """The user has no authenticator app and no recovery codes any more; the passkeys stay."""
    user.tf_primary_method = user.tf_totp_secret = user.tf_last_counter = None
    user.mf_recovery_codes = None
    user.wrong_code_count = 0
    session.add(user)
    audit.record(session, actor, Event.SECOND_FACTOR_REMOVED, reference("user", user.id))


def reset_second_factor(session: Session, actor: Actor, user: User) -> None:
    """Take away the second factor, recovery codes and passkeys of another, and end their sign-ins.

    What is left is the password; a role that needs a second factor has it set up at the next
    sign-in. Raises RuleBroken for one's own, for an account that is not the actor's to manage, and
    where there is nothing to take away.
    """
    lock_to_manage(session, actor, user)
    lock_user(session, user)
    reasons = reasons_not_to_reset(user)
    if reasons:
        raise RuleBroken(reasons)
    forget_second_factor(session, actor, user)
    for passkey in list(user.webauthn):
        user.webauthn.remove(passkey)
        audit.record(session, actor, Event.PASSKEY_REMOVED, reference("user", user.id))
    end_every_sign_in(session, actor, user.id)
