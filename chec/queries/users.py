"""Users, as others may know them."""

from sqlmodel import Session

from chec.models import User


def user_name(session: Session, user_id: int | None) -> str:
    """Who did it; what no person did was done by the system."""
    user = session.get(User, user_id) if user_id else None
    return user.name if user else "the system"
