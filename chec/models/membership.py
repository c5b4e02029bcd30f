"""A membership: a user acts in a role for a centre, an organisation or a venture, for a time."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class Role(StrEnum):
    DIRECTOR = "director"
    INVESTOR = "investor"
    COMMISSIONER = "commissioner"
    PROVIDER = "provider team"
    EVALUATOR = "evaluator"
    ADMINISTRATOR = "administrator"


class Membership(SQLModel, table=True):
    """Holds from `starts_on` until the day before `ends_before` (None: no end).

    Directors, evaluators and administrators act for a centre; investors and commissioners for an
    organisation; provider teams for a venture. One that was taken away on its first day, or before
    it, has `ends_before` on `starts_on`: it holds on no day.
    """

    __table_args__ = (
        CheckConstraint(
            "(role IN ('director', 'evaluator', 'administrator') AND centre_id IS NOT NULL"
            "  AND organisation_id IS NULL AND venture_id IS NULL)"
            " OR (role IN ('investor', 'commissioner') AND organisation_id IS NOT NULL"
            "  AND centre_id IS NULL AND venture_id IS NULL)"
            " OR (role = 'provider team' AND venture_id IS NOT NULL"
            "  AND centre_id IS NULL AND organisation_id IS NULL)",
            name="acts_for_what_the_role_needs",
        ),
        CheckConstraint("ends_before >= starts_on", name="ends_not_before_it_starts"),
    )

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", index=True)
    role: Role = columns.enum(Role)
    centre_id: int | None = Field(default=None, foreign_key="centre.id", index=True)
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    venture_id: int | None = Field(default=None, foreign_key="venture.id", index=True)
    starts_on: date
    ends_before: date | None = None
