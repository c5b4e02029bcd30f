"""An organisation: somebody the centre deals with."""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from chec.models import columns


class OrganisationKind(StrEnum):
    COMMISSIONER = "commissioner"
    LOCAL_AUTHORITY = "local authority"
    PROVIDER = "provider"
    INVESTOR = "investor"
    EVALUATOR = "evaluator"


class Organisation(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: OrganisationKind = columns.enum(OrganisationKind)
