"""A sign-in: one session of a user on one device, good until it ends. Asked at each request."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from chec.models import columns


class SignInMethod(StrEnum):
    PASSWORD = "password"  # noqa: S105  a way to sign in
    CODE = "password and code"
    RECOVERY_CODE = "password and recovery code"
    PASSKEY = "passkey"


class SignIn(SQLModel, table=True):
    """`token_hash` is the SHA-256 of the token in the session cookie, which nobody else knows.

    When it was last used stands in the cookie, so that a GET writes nothing. `ended_at` None: good
    until twelve hours after `began_at`.
    """

    __tablename__ = "sign_in"

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    token_hash: str = Field(unique=True)
    began_at: datetime
    method: SignInMethod = columns.enum(SignInMethod)
    address: str = ""
    browser: str = ""
    ended_at: datetime | None = None
