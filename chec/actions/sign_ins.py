"""Sign-ins: begun, and ended one by one or all together."""

from collections.abc import Sequence
from hashlib import sha256
from secrets import token_urlsafe
from uuid import uuid4

from sqlmodel import Session, col, select

from chec import audit
from chec.models import Event, SignIn, SignInMethod, User
from chec.models.references import reference
from chec.permissions import Actor


def begin_sign_in(
    session: Session, actor: Actor, user_id: int, method: SignInMethod, browser: str = ""
) -> str:
    """The token of a new sign-in of the user, which only their session cookie may hold."""
    token = token_urlsafe(32)
    sign_in = SignIn(
        user_id=user_id,
        token_hash=hash_of(token),
        began_at=actor.at,
        method=method,
        address=actor.address,
        browser=browser,
    )
    session.add(sign_in)
    session.flush()
    about = [reference("sign_in", sign_in.id)]
    audit.record(
        session, actor, Event.SIGNED_IN, reference("user", user_id), str(method), about=about
    )
    return token


def end_sign_in(session: Session, actor: Actor, sign_in: SignIn) -> None:
    """The sign-in is over from now on; one that is already stays as it was."""
    if sign_in.ended_at is not None:
        return
    sign_in.ended_at = actor.at
    session.add(sign_in)
    subject, about = reference("user", sign_in.user_id), [reference("sign_in", sign_in.id)]
    audit.record(session, actor, Event.SIGNED_OUT, subject, about=about)


def renew_sign_in(session: Session, actor: Actor, sign_in: SignIn) -> str:
    """The new token of a sign-in whose user has proved again who they are; the old one is none."""
    token = token_urlsafe(32)
    sign_in.token_hash = hash_of(token)
    session.add(sign_in)
    subject, about = reference("user", sign_in.user_id), [reference("sign_in", sign_in.id)]
    audit.record(session, actor, Event.SIGNED_IN, subject, "again", about=about)
    return token


def end_other_sign_ins(session: Session, actor: Actor, sign_in: SignIn) -> None:
    """End what is open of the user besides `sign_in`."""
    for other in _open_ones(session, sign_in.user_id):
        if other.id != sign_in.id:
            end_sign_in(session, actor, other)


def end_every_sign_in(session: Session, actor: Actor, user_id: int) -> int:
    """How many open sign-ins of the user were ended.

    None of them opens anything any more, nor one that is half-way through, nor a link to a new
    password.
    """
    session.get_one(User, user_id).fs_uniquifier = uuid4().hex
    count = _end_all(session, actor, user_id)
    subject = reference("user", user_id)
    audit.record(session, actor, Event.SIGNED_OUT_EVERYWHERE, subject, f"{count} open")
    return count


def record_new_password(session: Session, actor: Actor, user_id: int, how: str = "") -> None:
    """Record that the user has a new password, and `how` it was proved to be them.

    Every open sign-in is ended: the old password opened it.
    """
    count = _end_all(session, actor, user_id)
    detail = ", ".join(part for part in (how, f"{count} open") if part)
    audit.record(session, actor, Event.PASSWORD_CHANGED, reference("user", user_id), detail)


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256."""
    return sha256(token.encode()).hexdigest()


def _end_all(session: Session, actor: Actor, user_id: int) -> int:
    found = _open_ones(session, user_id)
    for sign_in in found:
        sign_in.ended_at = actor.at
        session.add(sign_in)
    return len(found)


def _open_ones(session: Session, user_id: int) -> Sequence[SignIn]:
    query = select(SignIn).where(SignIn.user_id == user_id, col(SignIn.ended_at).is_(None))
    return session.exec(query).all()
