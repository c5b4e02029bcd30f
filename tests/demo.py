"""The invented centre of the demo: its people and its returns."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.models import ReturnsRun, Role, User
from chec.seeding import SignIn, list_sign_ins


def demo_sign_in(role: Role) -> SignIn:
    """How the first person of the demo with `role` signs in."""
    return next(person for person in list_sign_ins() if person.role is role)


def demo_run(session: Session) -> ReturnsRun:
    """The returns run of the invented centre, which is loaded first."""
    return session.exec(select(ReturnsRun).order_by(col(ReturnsRun.centre_id)).limit(1)).one()


def demo_user(engine: Engine, role: Role) -> User:
    """The same person's row."""
    with Session(engine) as session:
        return session.exec(select(User).where(col(User.email) == demo_sign_in(role).email)).one()
