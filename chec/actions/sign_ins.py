"""Sign-ins: begun, and ended one by one or all together."""

from hashlib import sha256
from secrets import token_urlsafe

from sqlmodel import Session, col, select

from chec import audit
from chec.models import Event, SignIn, SignInMethod
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


def end_every_sign_in(session: Session, actor: Actor, user_id: int) -> int:
    """How many open sign-ins of the user were ended; none of them opens anything any more."""
    query = select(SignIn).where(SignIn.user_id == user_id, col(SignIn.ended_at).is_(None))
    found = session.exec(query).all()
    for sign_in in found:
        sign_in.ended_at = actor.at
        session.add(sign_in)
    detail = f"{len(found)} open"
    audit.record(session, actor, Event.SIGNED_OUT_EVERYWHERE, reference("user", user_id), detail)
    return len(found)


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256."""
    return sha256(token.encode()).hexdigest()
