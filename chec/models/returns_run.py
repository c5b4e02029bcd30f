"""A returns run: one computation of returns as of a date, stored whole and never changed."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from chec.models import columns


class Subject(StrEnum):
    CENTRE = "centre"
    VENTURE = "venture"
    INVESTOR = "investor"


class Valuation(StrEnum):
    """What the columns without a prefix count as residual value (methods, 4); `prudent_…` stand
    beside them."""

    REALISED = "realised"


class ReturnsRun(SQLModel, table=True):
    """What was read: transfers on or before `as_of`, recorded at or before `known_at`.

    A transfer recorded before `known_at` may have been committed after the run looked. Keys of a
    centre's transfers are given out under its lock, so `last_transfer_id` is the exact bound.
    `fingerprint` is the SHA-256 of everything read: equal fingerprints mean equal results.
    Amounts are the centre's totals at `as_of`, net of reversals. `promised_pence` is what ventures
    were promised and have not had; `undecided_pence` what payers had not decided on. A run before
    method version 2 knows nothing from `approved_pence` on.
    """

    __tablename__ = "returns_run"
    __table_args__ = (Index("returns_run_of_centre", "centre_id", "id"),)

    id: int = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    as_of: date
    known_at: datetime
    method_version: str
    fingerprint: str
    computed_at: datetime
    transfer_count: int
    last_transfer_id: int
    raised_pence: int = columns.pence()
    funded_pence: int = columns.pence()
    earned_pence: int = columns.pence()
    paid_back_pence: int = columns.pence()
    running_cost_pence: int = columns.pence()
    receivable_pence: int = columns.pence()
    bank_pence: int = columns.pence()
    approved_pence: int | None = columns.pence(None)
    clawed_back_pence: int | None = columns.pence(None)
    surplus_reserve_pence: int | None = columns.pence(None)
    owed_to_payers_pence: int | None = columns.pence(None)
    expected_clawback_pence: int | None = columns.pence(None)
    promised_pence: int | None = columns.pence(None)
    undecided_pence: int | None = columns.pence(None)
    all_approved_value_pence: int | None = columns.pence(None)
    all_approved_irr_rate: float | None = None
    all_approved_irr_reason: str | None = None
    all_approved_tvpi: float | None = None


class ReturnsResult(SQLModel, table=True):
    """The return of one subject in a run. What is not defined is NULL, with a reason for the IRR.

    `irr_rate` is a fraction a year; `paid_in_pence` and `distributed_pence` are positive totals,
    from the subject's side: for a venture, funding received and outcome money earned. A run before
    method version 2 has no `prudent_…`; else only a ratio or a rate may be missing.
    """

    __tablename__ = "returns_result"
    __table_args__ = (Index("returns_result_of_run", "run_id", "subject", "venture_id"),)

    id: int = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="returns_run.id")
    subject: Subject = columns.enum(Subject)
    venture_id: int | None = Field(default=None, foreign_key="venture.id", index=True)
    investor_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    valuation: Valuation = columns.enum(Valuation)
    committed_pence: int | None = columns.pence(None)
    paid_in_pence: int = columns.pence()
    distributed_pence: int = columns.pence()
    value_pence: int = columns.pence()
    irr_rate: float | None = None
    irr_reason: str | None = None
    pic: float | None = None
    dpi: float | None = None
    rvpi: float | None = None
    tvpi: float | None = None
    payback_on: date | None = None
    first_flow_on: date | None = None
    flow_count: int
    prudent_value_pence: int | None = columns.pence(None)
    prudent_irr_rate: float | None = None
    prudent_irr_reason: str | None = None
    prudent_rvpi: float | None = None
    prudent_tvpi: float | None = None
