"""Adding a user, and locking and unlocking an account."""

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

from sqlalchemy import func, select
from sqlmodel import Session

from chec import audit
from chec.actions.ledger import refuse
from chec.actions.memberships import centre_in_trail
from chec.actions.sign_ins import end_every_sign_in
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import Event, User
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.memberships import is_last_administrator, list_unended
from chec.queries.reach import grant_of, lock_reach, reached_by
from chec.queries.users import find_user
from chec.queries.viewers import get_viewer
from chec.rules.account_locking import reasons_not_to_manage
from chec.rules.naming import squeezed
from chec.rules.posting import Fault
from chec.rules.role_giving import LAST_ADMINISTRATOR
from chec.rules.user_details import faults_of_details, kept_address


def add_user(session: Session, actor: Actor, email: str, name: str, password_hash: str) -> User:
    """The new user, whose email is kept as `kept_address` has it.

    Raises RuleBroken for an address that is none or has been taken, or a name that is missing.
    """
    email, name = kept_address(email), squeezed(name)
    lock_email(session, email)
    faults = faults_of_details(email, name)
    if find_user(session, email):
        faults.append(Fault("email", "There is already a user with this email address."))
    refuse(faults)
    user = User(email=email, name=name, password=password_hash, fs_uniquifier=uuid4().hex)
    session.add(user)
    session.flush()
    audit.record(session, actor, Event.USER_ADDED, reference("user", user.id))
    return user


def lock_email(session: Session, email: str) -> None:
    """Until the transaction ends nobody else adds a user with this address, as it is kept.

    Taken after the locks of centres. On SQLite the whole writing transaction is one lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(email, 0))))


def lock_account(session: Session, actor: Actor, user: User) -> None:
    """Nobody is signed in to the account from now on, and nobody signs in, until it is unlocked.

    Raises RuleBroken where `reasons_not_to_let_manage` or `reasons_not_to_lock` finds some.
    """
    reached = lock_to_manage(session, actor, user)
    if not user.active:
        return
    reasons = reasons_not_to_lock(session, user, london_day(actor.at))
    if reasons:
        raise RuleBroken(reasons)
    user.active = False
    session.add(user)
    end_every_sign_in(session, actor, user.id)
    _record(session, actor, Event.ACCOUNT_LOCKED, user, reached)


def unlock_account(session: Session, actor: Actor, user: User) -> None:
    """The account can be signed in to again, with the password and the roles that it had.

    Raises RuleBroken where `reasons_not_to_let_manage` finds some.
    """
    reached = lock_to_manage(session, actor, user)
    if user.active:
        return
    user.active = True
    session.add(user)
    _record(session, actor, Event.ACCOUNT_UNLOCKED, user, reached)


def reasons_not_to_lock(session: Session, user: User, today: date) -> list[str]:
    """Why the account stays open, whoever asks: a centre would be without an administrator."""
    held = list_unended(session, user.id, today)
    is_last = any(is_last_administrator(session, each, today) for each in held)
    return [LAST_ADMINISTRATOR] if is_last else []


def reasons_not_to_let_manage(session: Session, actor: Actor, user: User) -> list[str]:
    """Why the account is not the actor's to lock, unlock, or free of its second factor."""
    if actor.grant is None:
        return []
    assert actor.user_id
    today = london_day(actor.at)
    grants = [grant_of(each) for each in list_unended(session, user.id, today)]
    reached = reached_by(session, get_viewer(session, actor.user_id, today), grants)
    return reasons_not_to_manage(reached, is_own=actor.user_id == user.id)


def lock_to_manage(session: Session, actor: Actor, user: User) -> Sequence[int]:
    """The keys of the centres that the user's roles reach, which are locked.

    Raises RuleBroken where `reasons_not_to_let_manage` finds some.
    """
    grants = [grant_of(each) for each in list_unended(session, user.id, london_day(actor.at))]
    own = [actor.grant.centre_id] if actor.grant and actor.grant.centre_id else []
    reached = lock_reach(session, actor, grants, *own)
    session.refresh(user)
    reasons = reasons_not_to_let_manage(session, actor, user)
    if reasons:
        raise RuleBroken(reasons)
    return reached


def _record(
    session: Session, actor: Actor, event: Event, user: User, reached: Sequence[int]
) -> None:
    centre_id = centre_in_trail(actor, reached)
    audit.record(session, actor, event, reference("user", user.id), centre_id=centre_id)
