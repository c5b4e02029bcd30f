"""People of the demo."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.models import Role, User
from chec.seeding import SignIn, list_sign_ins


def demo_sign_in(role: Role) -> SignIn:
    """How the first person of the demo with `role` signs in."""
    return next(person for person in list_sign_ins() if person.role is role)


def demo_user(engine: Engine, role: Role) -> User:
    """The same person's row."""
    with Session(engine) as session:
        return session.exec(select(User).where(col(User.email) == demo_sign_in(role).email)).one()
