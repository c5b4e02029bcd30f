"""A user: somebody who can sign in. What they may do comes from their memberships."""

from flask_security import RoleMixin, UserMixin
from sqlmodel import Field, SQLModel


class User(UserMixin, SQLModel, table=True):
    __tablename__ = "app_user"  # `user` is a reserved word

    id: int = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    password: str
    active: bool = True
    fs_uniquifier: str = Field(unique=True)

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        """None of flask-security's roles: memberships say who may what (`permissions.py`)."""
        return []
