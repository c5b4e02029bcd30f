"""Claims of a centre in a list, as far as the viewer may see them: filtered, sorted, counted.

The amounts are those asked of the payers whose parts the viewer sees: a commissioner's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, select, true
from sqlmodel import Session, col

from chec.clock import london_day
from chec.finance.money import Pence
from chec.models import (
    Claim,
    ClaimPart,
    ClaimState,
    Contract,
    ContractPayer,
    Role,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.claims import is_asked_of


@dataclass(frozen=True)
class ClaimFilter:
    """Which claims of a centre; None leaves a thing out of account."""

    state: ClaimState | None = None
    contract_id: int | None = None
    venture_id: int | None = None


@dataclass(frozen=True)
class StateCounts:
    """How many claims there are in each state."""

    by_state: Mapping[ClaimState, int]

    @property
    def all(self) -> int:
        return sum(self.by_state.values())

    def of(self, state: ClaimState | None) -> int:
        """In the state; None: in any."""
        return self.by_state[state] if state else self.all


class Sums(NamedTuple):
    """Of the parts the viewer sees, in pence: approved less clawed back, paid less returned."""

    asked_pence: Pence
    approved_pence: Pence
    paid_pence: Pence


class ListedClaim(NamedTuple):
    """A claim in a list; a draft has not been valued, and has no sums."""

    id: int
    state: ClaimState
    starts_on: date
    ends_before: date
    prepared_at: datetime
    submitted_on: date | None
    venture: str
    contract: str
    sums: Sums | None

    @property
    def last_day(self) -> date:
        return self.ends_before - timedelta(days=1)

    def age_days(self, today: date) -> int | None:
        """How long it has been a draft, or waited for its payers; None where neither waits."""
        if self.state is ClaimState.DRAFT:
            return (today - london_day(self.prepared_at)).days
        if self.state is ClaimState.SUBMITTED and self.submitted_on:
            return (today - self.submitted_on).days
        return None


_SUMS = (
    col(ClaimPart.asked_pence),
    col(ClaimPart.approved_pence) - col(ClaimPart.clawed_back_pence),
    col(ClaimPart.paid_pence),
)
_AMOUNTS = dict(zip(("asked", "approved", "paid"), _SUMS, strict=True))

_COLUMNS: dict[str, SQLColumnExpression[Any]] = {
    "claim": col(Claim.id),
    "venture": func.lower(Venture.name),
    "contract": func.lower(Contract.reference),
    "period": col(Claim.ends_before),
    "state": case({state: n for n, state in enumerate(ClaimState)}, value=col(Claim.state)),
    "age": case(
        (col(Claim.state) == ClaimState.SUBMITTED, col(Claim.submitted_on)),
        (col(Claim.state) == ClaimState.DRAFT, func.date(Claim.prepared_at)),
    ),
}
SORTED_BY = frozenset({*_COLUMNS, *_AMOUNTS})
"""What a list of claims can be sorted by."""


def count_claims(
    session: Session, viewer: Viewer, centre_id: int, chosen: ClaimFilter
) -> StateCounts:
    """How many claims there are in each state, whatever state is chosen."""
    any_state = ClaimFilter(None, chosen.contract_id, chosen.venture_id)
    query = (
        select(col(Claim.state), func.count())
        .where(*_wanted(viewer, centre_id, any_state))
        .group_by(col(Claim.state))
    )
    found = dict(session.execute(query).all())
    return StateCounts({state: found.get(state, 0) for state in ClaimState})


def list_claims(
    session: Session,
    viewer: Viewer,
    centre_id: int,
    chosen: ClaimFilter,
    *,
    sort: str = "-claim",
    offset: int = 0,
    limit: int | None = None,
) -> list[ListedClaim]:
    """The claims that `chosen` lets through, sorted by one of SORTED_BY, `-` for descending.

    What has no value comes last.
    """
    # The keys first, by an index if need be; what is shown of them is read for one page only.
    keys = (
        select(col(Claim.id))
        .where(*_wanted(viewer, centre_id, chosen))
        .order_by(*_order(viewer, centre_id, sort))
        .offset(offset)
        .limit(limit)
    )
    for table, name in ((Venture, "venture"), (Contract, "contract")):
        if sort.removeprefix("-") == name:
            keys = keys.join(table, getattr(Claim, f"{name}_id") == col(table.id))
    ids = session.scalars(keys).all()
    some = None if limit is None else ids
    shown = _shown(session, centre_id, some)
    sums = _sums_of(session, viewer, centre_id, some)
    return [ListedClaim._make((*shown[key], sums.get(key))) for key in ids]


def list_choices(
    session: Session, viewer: Viewer, centre_id: int
) -> tuple[Mapping[int, str], Mapping[int, str]]:
    """The contracts and the ventures by which the viewer's claims can be filtered, by name."""
    contracts = (
        select(col(Contract.id), col(Contract.reference))
        .where(col(Contract.centre_id) == centre_id)
        .order_by(func.lower(Contract.reference))
    )
    ventures = (
        select(col(Venture.id), col(Venture.name))
        .where(col(Venture.centre_id) == centre_id)
        .order_by(func.lower(Venture.name))
    )
    if not _sees_whole(viewer, centre_id):
        own = viewer.organisations(Action.VIEW_CLAIM, Role.COMMISSIONER)
        paid = select(col(ContractPayer.contract_id)).where(col(ContractPayer.payer_id).in_(own))
        contracts = contracts.where(col(Contract.id).in_(paid))
        asked = is_asked_of(viewer, Action.VIEW_CLAIM)
        claimed = select(1).where(col(Claim.venture_id) == Venture.id, asked)
        ventures = ventures.where(claimed.correlate(Venture).exists())
    return dict(session.execute(contracts).all()), dict(session.execute(ventures).all())


def _shown(
    session: Session, centre_id: int, claim_ids: Sequence[int] | None
) -> dict[int, tuple[Any, ...]]:
    """What a list shows of each claim but its sums; of all of the centre where none are named."""
    query = (
        select(
            col(Claim.id),
            col(Claim.state),
            col(Claim.starts_on),
            col(Claim.ends_before),
            col(Claim.prepared_at),
            col(Claim.submitted_on),
            col(Venture.name),
            col(Contract.reference),
        )
        .join(Venture, col(Claim.venture_id) == Venture.id)
        .join(Contract, col(Claim.contract_id) == Contract.id)
    )
    if claim_ids is None:
        query = query.where(col(Claim.centre_id) == centre_id)
    else:
        query = query.where(col(Claim.id).in_(claim_ids))
    return {row.id: tuple(row) for row in session.execute(query)}


def _wanted(viewer: Viewer, centre_id: int, chosen: ClaimFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [col(Claim.centre_id) == centre_id]
    if not _sees_whole(viewer, centre_id):
        conditions.append(is_asked_of(viewer, Action.VIEW_CLAIM))
    if chosen.state:
        conditions.append(col(Claim.state) == chosen.state)
    if chosen.contract_id:
        conditions.append(col(Claim.contract_id) == chosen.contract_id)
    if chosen.venture_id:
        conditions.append(col(Claim.venture_id) == chosen.venture_id)
    return conditions


def _sees_whole(viewer: Viewer, centre_id: int) -> bool:
    return viewer.sees_all or centre_id in viewer.centres(Action.VIEW_CLAIM)


def _parts_seen(viewer: Viewer, centre_id: int) -> ColumnElement[bool]:
    if _sees_whole(viewer, centre_id):
        return true()
    own = viewer.organisations(Action.VIEW_CLAIM, Role.COMMISSIONER)
    return col(ClaimPart.payer_id).in_(own)


def _order(viewer: Viewer, centre_id: int, sort: str) -> list[SQLColumnExpression[Any]]:
    name = sort.removeprefix("-")
    column = _COLUMNS.get(name)
    if column is None:
        parts = and_(col(ClaimPart.claim_id) == Claim.id, _parts_seen(viewer, centre_id))
        column = select(func.sum(_AMOUNTS[name])).where(parts).correlate(Claim).scalar_subquery()
    # The oldest has waited longest: ages rise as days fall.
    descending = sort.startswith("-") is not (name == "age")
    first = [] if name in {"claim", "period"} else [column.is_(None)]
    return [*first, column.desc() if descending else column, col(Claim.id).desc()]


def _sums_of(
    session: Session, viewer: Viewer, centre_id: int, claim_ids: Sequence[int] | None
) -> dict[int, Sums]:
    """By claim; of all claims of the centre where no keys are given."""
    query = (
        select(col(ClaimPart.claim_id), *(func.sum(amount) for amount in _SUMS))
        .where(_parts_seen(viewer, centre_id))
        .group_by(col(ClaimPart.claim_id))
    )
    if claim_ids is None:
        of_the_centre = select(col(Claim.id)).where(col(Claim.centre_id) == centre_id)
        query = query.where(col(ClaimPart.claim_id).in_(of_the_centre))
    else:
        query = query.where(col(ClaimPart.claim_id).in_(claim_ids))
    return {key: Sums(*map(int, sums)) for key, *sums in session.execute(query)}
