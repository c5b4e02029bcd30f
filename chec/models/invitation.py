"""An invitation: a link by which a person becomes a user with a role, once and in 72 hours."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from chec.models import columns
from chec.models.membership import Role


class Invitation(SQLModel, table=True):
    """Listed with the people of `for_centre_id`; the role is held for one of the other three.

    `token_hash` is the SHA-256 of the token in the link. `invited_by_id` None: by the command line.
    Open while it is not accepted, not withdrawn and before `expires_at`.
    """

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    email: str
    name: str
    role: Role = columns.enum(Role)
    for_centre_id: int = Field(foreign_key="centre.id", index=True)
    centre_id: int | None = Field(default=None, foreign_key="centre.id")
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    venture_id: int | None = Field(default=None, foreign_key="venture.id")
    starts_on: date
    ends_before: date | None = None
    invited_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    invited_at: datetime
    expires_at: datetime
    accepted_at: datetime | None = None
    accepted_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    withdrawn_at: datetime | None = None
