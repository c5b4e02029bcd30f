"""The two centres of the demo; the invented one is loaded first."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.models import Centre, ReturnsRun, Role, User
from chec.seeding import SignIn, list_sign_ins


def demo_sign_in(role: Role, acting_for: str | None = None, *, name: str | None = None) -> SignIn:
    """How the first person of the demo with `role` signs in, for this body or of this name."""
    return next(
        person
        for person in list_sign_ins()
        if person.role is role
        and acting_for in {None, person.acting_for}
        and name in {None, person.name}
    )


def demo_centres(session: Session) -> tuple[Centre, Centre]:
    """The invented centre, and that of the published contracts."""
    invented, published = session.exec(select(Centre).order_by(col(Centre.id))).all()
    return invented, published


def demo_run(session: Session) -> ReturnsRun:
    """The returns run of the invented centre."""
    return session.exec(select(ReturnsRun).order_by(col(ReturnsRun.centre_id)).limit(1)).one()


def demo_user(
    engine: Engine, role: Role, acting_for: str | None = None, *, name: str | None = None
) -> User:
    """The same person's row."""
    email = demo_sign_in(role, acting_for, name=name).email
    with Session(engine) as session:
        return session.exec(select(User).where(col(User.email) == email)).one()
