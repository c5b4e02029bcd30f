"""A job run: one piece of work that runs by itself, done once for its period."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from chec.models import columns


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobRun(SQLModel, table=True):
    """`owner` holds the work until `lease_until`; after that any worker may take it over.

    `lost_count` counts the workers that stopped in the middle of it, `attempt_count` how often it
    was begun but for those who went on from there.
    `period` comes from the calendar (`2026-10-31`) or, on demand, from the request's token.
    """

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "centre_id", "period"),)

    id: int = Field(default=None, primary_key=True)
    job: str
    centre_id: int = Field(foreign_key="centre.id", index=True)
    period: str
    state: JobState = columns.enum(JobState)
    requested_by_id: int | None = Field(default=None, foreign_key="app_user.id")
    requested_at: datetime
    owner: str | None = None
    lease_until: datetime | None = None
    attempt_count: int = 0
    lost_count: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    returns_run_id: int | None = Field(default=None, foreign_key="returns_run.id")
