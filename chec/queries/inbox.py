"""A commissioner's inbox: what centres ask of their organisations, across centres."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, select, true
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
    asked_on: date
    decide_by_on: date | None
    state: PartState
    asked_pence: Pence
    approved_pence: Pence

    @property
    def last_day(self) -> date:
        return self.ends_before - timedelta(days=1)

    def age_days(self, today: date) -> int:
        """How long the payer has had it."""
        return (today - self.asked_on).days

    def is_overdue(self, today: date) -> bool:
        """Whether the contract's last day for deciding has gone by."""
        return self.decide_by_on is not None and self.decide_by_on < today


class TrayTotals(NamedTuple):
    """Of everything in a tray; `oldest_on` is when the first of it was submitted."""

    asked_pence: Pence
    approved_pence: Pence
    oldest_on: date | None
    overdue_count: int


_OF_THE_PART: dict[str, SQLColumnExpression[Any]] = {
    "claim": col(ClaimPart.claim_id),
    "asked": col(ClaimPart.asked_pence),
    "approved": col(ClaimPart.approved_pence),
    "asked-on": col(ClaimPart.asked_on),
    "decide-by": func.coalesce(ClaimPart.decide_by_on, date(9999, 12, 31)),
    "state": col(ClaimPart.state),
}
_OF_THE_CLAIM: dict[str, SQLColumnExpression[Any]] = {
    "centre": func.lower(Centre.name),
    "venture": func.lower(Venture.name),
    "contract": func.lower(Contract.reference),
    "period": col(Claim.ends_before),
}
SORTED_BY = frozenset({*_OF_THE_PART, *_OF_THE_CLAIM})
"""What an inbox can be sorted by; `-` before it for descending."""

_DECIDED = (PartState.APPROVED, PartState.PART_APPROVED, PartState.REJECTED)
_STATES: Mapping[Tray, tuple[PartState, ...]] = {
    Tray.WAITING: (PartState.WAITING,),
    Tray.DECIDED: _DECIDED,
}


def count_inbox(session: Session, viewer: Viewer) -> Mapping[Tray, int]:
    """How many claims are in each tray of the viewer's organisations."""
    query = (
        select(col(ClaimPart.state), func.count())
        .where(_is_theirs(viewer))
        .group_by(col(ClaimPart.state))
    )
    found = dict(session.execute(query).all())
    return {tray: sum(found.get(state, 0) for state in _STATES[tray]) for tray in Tray}


def total_inbox(session: Session, viewer: Viewer, tray: Tray, today: date) -> TrayTotals:
    """What is in the tray, in all."""
    late = and_(col(ClaimPart.state) == PartState.WAITING, col(ClaimPart.decide_by_on) < today)
    query = select(
        func.coalesce(func.sum(ClaimPart.asked_pence), 0),
        func.coalesce(func.sum(ClaimPart.approved_pence), 0),
        func.min(ClaimPart.asked_on),
        func.count().filter(late),
    ).where(_in_tray(viewer, tray))
    asked, approved, oldest_on, overdue = session.execute(query).one()
    return TrayTotals(int(asked), int(approved), oldest_on, overdue)


def list_inbox(
    session: Session,
    viewer: Viewer,
    tray: Tray,
    *,
    sort: str = "asked-on",
    offset: int = 0,
    limit: int = 50,
) -> list[InboxRow]:
    """What is in the tray, sorted by one of SORTED_BY; what is equal, oldest first."""
    page = _page(viewer, tray, sort).offset(offset).limit(limit).subquery()
    query: Any = (
        select(
            col(Claim.id),
            col(Organisation.id),
            col(Organisation.name),
            col(Centre.name),
            col(Venture.name),
            col(Contract.reference),
            col(Claim.starts_on),
            col(Claim.ends_before),
            col(ClaimPart.asked_on),
            col(ClaimPart.decide_by_on),
            col(ClaimPart.state),
            col(ClaimPart.asked_pence),
            col(ClaimPart.approved_pence),
        )
        .select_from(page)
        .join(ClaimPart, col(ClaimPart.id) == page.c.id)
        .join(Claim, col(ClaimPart.claim_id) == Claim.id)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
    )
    rows = session.execute(_with_names(query).order_by(*_order(sort)))
    return [InboxRow._make(row) for row in rows]


def _page(viewer: Viewer, tray: Tray, sort: str) -> Select[Any]:
    """The keys of the parts in the tray, sorted; only what that needs is joined."""
    query: Select[Any] = select(col(ClaimPart.id)).where(_in_tray(viewer, tray))
    if sort.removeprefix("-") in _OF_THE_CLAIM:
        query = _with_names(query.join(Claim, col(ClaimPart.claim_id) == Claim.id))
    return query.order_by(*_order(sort))


def _with_names(query: Select[Any]) -> Select[Any]:
    return (
        query.join(Centre, col(Claim.centre_id) == Centre.id)
        .join(Venture, col(Claim.venture_id) == Venture.id)
        .join(Contract, col(Claim.contract_id) == Contract.id)
    )


def _order(sort: str) -> list[SQLColumnExpression[Any]]:
    name = sort.removeprefix("-")
    column = _OF_THE_PART[name] if name in _OF_THE_PART else _OF_THE_CLAIM[name]
    return [column.desc() if sort.startswith("-") else column, col(ClaimPart.id)]


def _in_tray(viewer: Viewer, tray: Tray) -> ColumnElement[bool]:
    return and_(_is_theirs(viewer), col(ClaimPart.state).in_(_STATES[tray]))


def _is_theirs(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.sees_all:
        return true()
    own = viewer.organisations(Action.DECIDE_CLAIM, Role.COMMISSIONER)
    return col(ClaimPart.payer_id).in_(own)
