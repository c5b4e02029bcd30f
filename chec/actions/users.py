"""Adding a user."""

from uuid import uuid4

from sqlmodel import Session, col, func, select

from chec import audit
from chec.errors import RuleBroken
from chec.models import Event, User
from chec.models.references import reference
from chec.permissions import Actor
from chec.rules.naming import squeezed
from chec.rules.user_details import reasons_not_to_add


def add_user(session: Session, actor: Actor, email: str, name: str, password_hash: str) -> User:
    """The new user, whose email is kept in lower case.

    Raises RuleBroken for an address that is none or has been taken, or a name that is missing.
    """
    email, name = email.strip().lower(), squeezed(name)
    reasons = reasons_not_to_add(email, name)
    same_email = func.lower(col(User.email)) == func.lower(email)
    if session.exec(select(User.id).where(same_email)).first():
        reasons.append("There is already a user with this email address.")
    if reasons:
        raise RuleBroken(reasons)
    user = User(email=email, name=name, password=password_hash, fs_uniquifier=uuid4().hex)
    session.add(user)
    session.flush()
    audit.record(session, actor, Event.USER_ADDED, reference("user", user.id))
    return user
