"""What the money bought: outcome figures of closed quarters, as investors and the public see them.

A quarter is published when it is closed, and only then. It holds the claims of which the last payer
decided in it. Decisions and the lines and records that they are about are never changed, and nobody
decides in a closed quarter, so that what was published stays as it is; what is clawed back later is
no part of it. There is no other day as of which one could ask, so that nothing can be worked out
from two days that lie close together.

A claim is in one quarter whole, with what its first payer had approved earlier. Were each payer's
part in the quarter of its decision, the same people would stand in two quarters, beside others each
time; and a group, less those known from the other quarter, would leave a single venture.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Subquery, and_, case, or_, select
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.evidence.disclosure import Cell, ShownCut, publish
from chec.finance.periods import Quarter, quarter_of
from chec.models import (
    Centre,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    ClaimState,
    DecisionLine,
    LineBasis,
    Organisation,
    QuarterClose,
    RecordShare,
    Role,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.investors import invests_in
from chec.queries.line_standing import is_approved

_DECIDED = (ClaimState.APPROVED, ClaimState.PAID, ClaimState.REJECTED)


class PublishedQuarter(NamedTuple):
    """A closed quarter, when it was closed, and what may be shown of its outcomes."""

    quarter: Quarter
    published_at: datetime
    cut: ShownCut


def get_centre_of_outcomes(session: Session, viewer: Viewer, centre_id: int) -> Centre:
    """The centre, if it is the viewer's or one that they invest in; NotFound otherwise."""
    see = Action.VIEW_PUBLISHED_OUTCOMES
    centre = session.get(Centre, centre_id)
    own = col(Organisation.id).in_(viewer.organisations(see, Role.INVESTOR))
    theirs = select(col(Organisation.id)).where(own, invests_in(centre_id)).limit(1)
    is_reader = viewer.sees_all or centre_id in viewer.centres(see)
    if centre and (is_reader or session.scalars(theirs).first()):
        return centre
    raise NotFound


def list_published_quarters(
    session: Session, viewer: Viewer, centre_id: int
) -> list[tuple[Quarter, datetime]]:
    """The closed quarters of the centre since it opened, newest first, each with its closing."""
    centre = get_centre_of_outcomes(session, viewer, centre_id)
    query = select(QuarterClose).where(col(QuarterClose.centre_id) == centre_id)
    closes = session.scalars(query.order_by(col(QuarterClose.id))).all()
    return list(_closed_since(centre.opened_on, closes))


def list_outcomes(
    session: Session,
    viewer: Viewer,
    centre_id: int,
    published: Sequence[tuple[Quarter, datetime]],
) -> list[PublishedQuarter]:
    """What may be shown of these quarters, which `list_published_quarters` gave."""
    get_centre_of_outcomes(session, viewer, centre_id)
    cells = _cells(session, centre_id, [quarter for quarter, _ in published])
    return [
        PublishedQuarter(quarter, closed_at, publish(cells[quarter]))
        for quarter, closed_at in published
    ]


def _closed_since(
    opened_on: date, closes: Sequence[QuarterClose]
) -> Iterator[tuple[Quarter, datetime]]:
    if not closes:
        return
    quarter = quarter_of(max(close.quarter_starts_on for close in closes))
    while quarter.ends_before > opened_on:
        # Closing a quarter closes every earlier one: the first close that reached it counts.
        reached = (each for each in closes if each.quarter_starts_on >= quarter.starts_on)
        yield quarter, next(reached).closed_at
        quarter = quarter.previous()


def _cells(
    session: Session, centre_id: int, quarters: Sequence[Quarter]
) -> Mapping[Quarter, list[Cell]]:
    """The true figures of each venture of which a claim was decided, be it rejected."""
    cells: dict[Quarter, list[Cell]] = {quarter: [] for quarter in quarters}
    if not quarters:
        return cells
    asked = (centre_id, quarters)
    counted, recorded = (_added_up(session, query(*asked)) for query in (_counted, _recorded))
    names = select(col(Venture.id), col(Venture.name)).where(col(Venture.centre_id) == centre_id)
    name_of = dict(session.execute(names).all())
    for key, pence in _added_up(session, _approved(*asked)).items():
        number, venture_id = key
        people = counted.get(key, 0) + recorded.get(key, 0)
        cells[quarters[number]].append(Cell(name_of[venture_id], people, pence))
    return cells


def _added_up(session: Session, query: Select[Any]) -> dict[tuple[int, int], int]:
    """Sums by the place of the quarter in the list and the key of the venture."""
    return {(number, venture): int(total) for number, venture, total in session.execute(query)}


def _approved(centre_id: int, quarters: Sequence[Quarter]) -> Select[Any]:
    """What payers approved, in pence; nothing where they rejected all."""
    rows = _decisions_of_claims(centre_id, quarters, col(ClaimDecision.approved_pence)).subquery()
    return _by_quarter_and_venture(rows, func.sum(rows.c.approved_pence))


def _counted(centre_id: int, quarters: Sequence[Quarter]) -> Select[Any]:
    """Outcomes of approved lines that were given as counts: each is taken for one person."""
    units = (col(ClaimLine.id), col(ClaimLine.taken_units))
    lines = _approved_lines(centre_id, quarters, LineBasis.COUNTS, *units)
    rows = lines.distinct().subquery()  # once, however many payers approved it
    return _by_quarter_and_venture(rows, func.sum(rows.c.taken_units))


def _recorded(centre_id: int, quarters: Sequence[Quarter]) -> Select[Any]:
    """People with a record that was taken, and approved by a payer who pays for it."""
    shared = and_(
        col(RecordShare.record_id) == ClaimRecord.id,
        col(RecordShare.payer_id) == ClaimPart.payer_id,
    )
    lines = _approved_lines(centre_id, quarters, LineBasis.RECORDS, col(ClaimRecord.person))
    rows = (
        lines.join(ClaimRecord, col(ClaimRecord.line_id) == ClaimLine.id)
        .join(RecordShare, shared, isouter=True)
        .where(col(ClaimRecord.removed_at).is_(None))
        .where(or_(col(RecordShare.pence) > 0, col(ClaimRecord.payable_pence) == 0))
        .subquery()
    )
    return _by_quarter_and_venture(rows, func.count(rows.c.person.distinct()))


def _decisions_of_claims(centre_id: int, quarters: Sequence[Quarter], *columns: Any) -> Select[Any]:
    """Decisions of the claims of these quarters, each with the place of its quarter in the list."""
    decided = _decided_claims(centre_id)
    day = decided.c.decided_on
    spans = [and_(day >= each.starts_on, day < each.ends_before) for each in quarters]
    number = case(*((span, place) for place, span in enumerate(spans))).label("number")
    return (
        select(number, decided.c.venture_id, *columns)
        .select_from(decided)
        .join(ClaimPart, col(ClaimPart.claim_id) == decided.c.id)
        .join(ClaimDecision, col(ClaimDecision.part_id) == ClaimPart.id)
        .where(or_(*spans))
    )


def _decided_claims(centre_id: int) -> Subquery:
    """The claims of which every payer has decided, with the day on which the last one did."""
    last = func.max(ClaimDecision.decided_on).label("decided_on")
    return (
        select(col(Claim.id), col(Claim.venture_id), last)
        .join(ClaimPart, col(ClaimPart.claim_id) == Claim.id)
        .join(ClaimDecision, col(ClaimDecision.part_id) == ClaimPart.id)
        .where(col(Claim.centre_id) == centre_id, col(Claim.state).in_(_DECIDED))
        .group_by(col(Claim.id))
        .subquery()
    )


def _approved_lines(
    centre_id: int, quarters: Sequence[Quarter], basis: LineBasis, *columns: Any
) -> Select[Any]:
    return (
        _decisions_of_claims(centre_id, quarters, *columns)
        .join(DecisionLine, col(DecisionLine.decision_id) == ClaimDecision.id)
        .join(ClaimLine, col(DecisionLine.line_id) == ClaimLine.id)
        .where(col(ClaimLine.basis) == basis, is_approved())
    )


def _by_quarter_and_venture(rows: Subquery, total: Any) -> Select[Any]:
    of = (rows.c.number, rows.c.venture_id)
    return select(*of, total).group_by(*of)
