"""Users, as the viewer may know them.

Whoever acts in a centre or deals with it is told who did a thing. An evaluator, who sees what is
not personal, is told in which role it was done.
"""

from collections.abc import Iterable, Mapping

from sqlmodel import Session, col, func, select

from chec.models import Membership, Role, User
from chec.permissions import Viewer
from chec.queries.reach import reaches
from chec.rules.naming import with_article
from chec.rules.user_details import kept_address

THE_SYSTEM = "the system"


def find_user(session: Session, email: str) -> User | None:
    """The user with this address for email, however it is written."""
    same = func.lower(col(User.email)) == kept_address(email)
    return session.exec(select(User).where(same)).one_or_none()


def lock_user(session: Session, user: User) -> None:
    """Let nobody else change the row of `user` before this transaction ends; read it afresh."""
    session.refresh(user, with_for_update=True)


def user_name(session: Session, viewer: Viewer, centre_id: int, user_id: int | None) -> str:
    """Who did something of the centre; what no person did was done by the system."""
    return user_names(session, viewer, centre_id, [user_id])[user_id]


def user_names(
    session: Session, viewer: Viewer, centre_id: int, user_ids: Iterable[int | None]
) -> Mapping[int | None, str]:
    """Who each of these users is, by key; None is the system."""
    keys = {key for key in user_ids if key is not None}
    named = _names if _is_told_names(viewer, centre_id) else _roles
    return {None: THE_SYSTEM, **(named(session, centre_id, keys) if keys else {})}


def _is_told_names(viewer: Viewer, centre_id: int) -> bool:
    held = {grant.role for grant in viewer.grants if grant.centre_id == centre_id}
    return viewer.sees_all or held != {Role.EVALUATOR}


def _names(session: Session, _centre_id: int, keys: set[int]) -> dict[int | None, str]:
    rows = session.exec(select(User.id, User.name).where(col(User.id).in_(keys)))
    return dict(rows.all())


def _roles(session: Session, centre_id: int, keys: set[int]) -> dict[int | None, str]:
    """The first role that each had in the centre, else for somebody who deals with it."""
    held = session.exec(
        select(Membership)
        .where(col(Membership.user_id).in_(keys), reaches(centre_id))
        .order_by(col(Membership.centre_id).is_(None), col(Membership.id))
    ).all()
    roles: dict[int | None, str] = dict.fromkeys(keys, "somebody who has no role here")
    return roles | {each.user_id: with_article(each.role) for each in reversed(held)}
