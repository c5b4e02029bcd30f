"""A commissioner's inbox: what centres ask of their organisations, across centres."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, select, true
from sqlmodel import Session, col, func

from chec.finance.money import Pence
from chec.models import Centre, Claim, ClaimPart, Contract, Organisation, PartState, Role, Venture
from chec.permissions import Action, Viewer


class Tray(StrEnum):
    """What waits for a decision, and what has one."""

    WAITING = "waiting"
    DECIDED = "decided"


class InboxRow(NamedTuple):
    """A payer's part of a claim; amounts in pence."""

    claim_id: int
    payer_id: int
    payer: str
    centre: str
    venture: str
    contract: str
    starts_on: date
    ends_before: date
    submitted_on: date
    decide_by_on: date | None
    state: PartState
    asked_pence: Pence
    approved_pence: Pence

    @property
    def last_day(self) -> date:
        return self.ends_before - timedelta(days=1)

    def age_days(self, today: date) -> int:
        """How long the payer has had it."""
        return (today - self.submitted_on).days

    def is_overdue(self, today: date) -> bool:
        """Whether the contract's last day for deciding has gone by."""
        return self.decide_by_on is not None and self.decide_by_on < today


class TrayTotals(NamedTuple):
    """Of everything in a tray; `oldest_on` is when the first of it was submitted."""

    claim_count: int
    asked_pence: Pence
    approved_pence: Pence
    oldest_on: date | None
    overdue_count: int


_COLUMNS: dict[str, SQLColumnExpression[Any]] = {
    "claim": col(Claim.id),
    "centre": func.lower(Centre.name),
    "venture": func.lower(Venture.name),
    "contract": func.lower(Contract.reference),
    "period": col(Claim.ends_before),
    "asked": col(ClaimPart.asked_pence),
    "approved": col(ClaimPart.approved_pence),
    "submitted": col(Claim.submitted_on),
    "decide-by": func.coalesce(ClaimPart.decide_by_on, date(9999, 12, 31)),
    "state": col(ClaimPart.state),
}
SORTED_BY = frozenset(_COLUMNS)
"""What an inbox can be sorted by; `-` before it for descending."""

_DECIDED = (PartState.APPROVED, PartState.PART_APPROVED, PartState.REJECTED)
_STATES: Mapping[Tray, tuple[PartState, ...]] = {
    Tray.WAITING: (PartState.WAITING,),
    Tray.DECIDED: _DECIDED,
}


def total_inbox(session: Session, viewer: Viewer, today: date) -> Mapping[Tray, TrayTotals]:
    """What is in each tray of the viewer's organisations."""
    return {tray: _total(session, viewer, tray, today) for tray in Tray}


def list_inbox(
    session: Session,
    viewer: Viewer,
    tray: Tray,
    *,
    sort: str = "submitted",
    offset: int = 0,
    limit: int = 50,
) -> list[InboxRow]:
    """What is in the tray, sorted by one of SORTED_BY; what is equal, oldest first."""
    column = _COLUMNS[sort.removeprefix("-")]
    query = (
        select(
            col(Claim.id),
            col(Organisation.id),
            col(Organisation.name),
            col(Centre.name),
            col(Venture.name),
            col(Contract.reference),
            col(Claim.starts_on),
            col(Claim.ends_before),
            col(Claim.submitted_on),
            col(ClaimPart.decide_by_on),
            col(ClaimPart.state),
            col(ClaimPart.asked_pence),
            col(ClaimPart.approved_pence),
        )
        .select_from(ClaimPart)
        .join(Claim, col(ClaimPart.claim_id) == Claim.id)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
        .join(Centre, col(Claim.centre_id) == Centre.id)
        .join(Venture, col(Claim.venture_id) == Venture.id)
        .join(Contract, col(Claim.contract_id) == Contract.id)
        .where(_in_tray(viewer, tray))
        .order_by(column.desc() if sort.startswith("-") else column, col(ClaimPart.id))
        .offset(offset)
        .limit(limit)
    )
    return [InboxRow._make(row) for row in session.execute(query)]


def _total(session: Session, viewer: Viewer, tray: Tray, today: date) -> TrayTotals:
    late = and_(col(ClaimPart.state) == PartState.WAITING, col(ClaimPart.decide_by_on) < today)
    query = (
        select(
            func.count(),
            func.coalesce(func.sum(ClaimPart.asked_pence), 0),
            func.coalesce(func.sum(ClaimPart.approved_pence), 0),
            func.min(Claim.submitted_on),
            func.count().filter(late),
        )
        .select_from(ClaimPart)
        .join(Claim, col(ClaimPart.claim_id) == Claim.id)
        .where(_in_tray(viewer, tray))
    )
    count, asked, approved, oldest_on, overdue = session.execute(query).one()
    return TrayTotals(count, int(asked), int(approved), oldest_on, overdue)


def _in_tray(viewer: Viewer, tray: Tray) -> ColumnElement[bool]:
    own = viewer.organisations(Action.DECIDE_CLAIM, Role.COMMISSIONER)
    theirs = true() if viewer.sees_all else col(ClaimPart.payer_id).in_(own)
    return and_(theirs, col(ClaimPart.state).in_(_STATES[tray]))
