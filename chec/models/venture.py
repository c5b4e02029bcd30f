"""A venture: a provider team and its care model, funded by a centre."""

from datetime import date
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class Stage(StrEnum):
    IDEA = "idea"
    PROOF_OF_CONCEPT = "proof of concept"
    PILOT = "pilot"
    SCALE = "scale"
    SPIN_OUT = "spin-out"
    INDEPENDENT = "independent"
    STOPPED = "stopped"


class Venture(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("centre_id", "name"),
        UniqueConstraint("id", "centre_id", name="venture_in_its_centre"),
    )

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    provider_id: int = Field(foreign_key="organisation.id", index=True)
    name: str
    care_model: str
    stage: Stage = columns.enum(Stage)
    stage_since_on: date
    started_on: date
