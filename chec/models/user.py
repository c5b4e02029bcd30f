"""A user: somebody who can sign in, and their passkeys.

What a user may do comes from their memberships.
"""

from datetime import datetime

from flask_security import AsaList, RoleMixin, UserMixin, WebAuthnMixin
from sqlalchemy.ext.mutable import MutableList
from sqlmodel import Field, Relationship, SQLModel

AsaList.cache_ok = True  # its values do not change what is asked; the library does not say so


class Passkey(WebAuthnMixin, SQLModel, table=True):
    """A passkey (WebAuthn credential); its columns are flask-security's.

    `name` is the user's own word for it; `usage` says whether it signs in or is a second factor.

    Only the public key is kept.
    """

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    name: str
    credential_id: bytes = Field(unique=True)
    public_key: bytes
    sign_count: int = 0
    transports: list[str] | None = Field(default=None, sa_type=MutableList.as_mutable(AsaList()))
    backup_state: bool
    device_type: str
    extensions: str | None = None
    create_datetime: datetime
    lastuse_datetime: datetime
    usage: str


class User(UserMixin, SQLModel, table=True):
    """The columns that begin with `tf_`, `mf_` and `fs_` are named by flask-security.

    `tf_totp_secret` is kept encrypted, of recovery codes their SHA-256. `tf_last_counter` is the
    time step of the last code that was taken: a code works once. `wrong_code_count` is how many
    wrong ones came since then.
    """

    __tablename__ = "app_user"  # `user` is a reserved word

    id: int = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    password: str
    active: bool = True
    fs_uniquifier: str = Field(unique=True)
    fs_webauthn_user_handle: str | None = Field(  # type: ignore[assignment]
        default=None, unique=True, index=True
    )
    tf_primary_method: str | None = None
    tf_totp_secret: str | None = None
    tf_last_counter: int | None = None
    mf_recovery_codes: list[str] | None = Field(
        default=None, sa_type=MutableList.as_mutable(AsaList())
    )
    wrong_code_count: int = 0
    last_wrong_code_at: datetime | None = None
    webauthn: list[Passkey] = Relationship(  # type: ignore[assignment]
        sa_relationship_kwargs={"order_by": "Passkey.id", "cascade": "all, delete-orphan"}
    )

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        """None of flask-security's roles: memberships say who may what (`permissions.py`)."""
        return []

    @property
    def has_second_factor(self) -> bool:
        """Whether signing in asks for a code of an authenticator app."""
        return bool(self.tf_primary_method and self.tf_totp_secret)

    @property
    def recovery_code_count(self) -> int:
        """How many recovery codes are left."""
        return len(self.mf_recovery_codes or [])
