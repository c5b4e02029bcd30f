"""The portfolio of a centre: its latest run, and each venture with its return in that run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, null, or_, select
from sqlmodel import Session, col, func

from chec.finance.irr import DAYS_A_YEAR
from chec.finance.money import Pence
from chec.models import Organisation, ReturnsResult, ReturnsRun, Stage, Subject, Venture
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.rules.rate_shown import RateShown, rate_to_show


@dataclass(frozen=True)
class VentureFilter:
    """Which ventures: of one stage, and with a text in their name or their provider's."""

    stage: Stage | None = None
    text: str = ""


class PortfolioVenture(NamedTuple):
    """A venture with its return; what the run does not know is None."""

    id: int
    name: str
    stage: Stage
    stage_since_on: date
    provider: str
    result_id: int | None
    funded_pence: Pence | None
    earned_pence: Pence | None
    net_pence: Pence | None
    value_pence: Pence | None
    dpi: float | None
    irr_rate: float | None
    irr_reason: str | None
    payback_on: date | None
    first_flow_on: date | None
    prudent_value_pence: Pence | None
    prudent_irr_rate: float | None
    prudent_irr_reason: str | None
    as_of: date | None

    @property
    def rate(self) -> RateShown | None:
        """The rate to show on realised value; None where the run came before the venture."""
        return self._shown(self.value_pence, self.irr_rate, self.irr_reason)

    @property
    def prudent_rate(self) -> RateShown | None:
        """The same on prudent value; None too where the run has no prudent value."""
        return self._shown(self.prudent_value_pence, self.prudent_irr_rate, self.prudent_irr_reason)

    def _shown(
        self, value: Pence | None, rate: float | None, reason: str | None
    ) -> RateShown | None:
        if value is None or self.as_of is None:
            return None
        return rate_to_show(
            irr_rate=rate,
            irr_reason=reason,
            first_flow_on=self.first_flow_on,
            as_of=self.as_of,
            paid_in=self.funded_pence or 0,
            distributed=self.earned_pence or 0,
            value=value,
        )


_funded, _earned = col(ReturnsResult.paid_in_pence), col(ReturnsResult.distributed_pence)
_net = _earned - _funded

SORTED_BY: dict[str, SQLColumnExpression[Any]] = {
    "name": func.lower(Venture.name),
    "stage": case({stage: place for place, stage in enumerate(Stage)}, value=col(Venture.stage)),
    "funded": _funded,
    "earned": _earned,
    "net": _net,
    "multiple": col(ReturnsResult.dpi),
    "irr": col(ReturnsResult.irr_rate),
    "prudent-value": col(ReturnsResult.prudent_value_pence),
    "prudent-irr": col(ReturnsResult.prudent_irr_rate),
    "payback": col(ReturnsResult.payback_on),
}
"""What a list of ventures can be sorted by."""


def latest_result(
    session: Session, viewer: Viewer, centre_id: int
) -> tuple[ReturnsRun, ReturnsResult] | None:
    """The run on show, of the latest day, with the return of the centre itself; None before it."""
    get_centre(session, viewer, Action.VIEW_PORTFOLIO, centre_id)
    query = (
        select(ReturnsRun, ReturnsResult)
        .join(ReturnsResult, _of_run(col(ReturnsRun.id), Subject.CENTRE))
        .where(col(ReturnsRun.centre_id) == centre_id)
        .order_by(col(ReturnsRun.as_of).desc(), col(ReturnsRun.id).desc())
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def count_ventures(session: Session, viewer: Viewer, centre_id: int, chosen: VentureFilter) -> int:
    """How many ventures of the centre the filter lets through."""
    get_centre(session, viewer, Action.VIEW_PORTFOLIO, centre_id)
    query = select(func.count()).select_from(Venture).where(*_wanted(centre_id, chosen))
    if chosen.text:
        query = query.join(Organisation, col(Venture.provider_id) == Organisation.id)
    return int(session.execute(query).scalar_one())


def list_ventures(
    session: Session,
    viewer: Viewer,
    centre_id: int,
    run: ReturnsRun | None,
    chosen: VentureFilter,
    *,
    sort: str = "name",
    offset: int = 0,
    limit: int | None = None,
) -> Sequence[PortfolioVenture]:
    """The ventures that `chosen` lets through with their returns in `run`, sorted.

    `sort` is one of SORTED_BY, after a `-` for descending. What has no value comes last.
    """
    get_centre(session, viewer, Action.VIEW_PORTFOLIO, centre_id)
    query = (
        _ventures(run)
        .where(*_wanted(centre_id, chosen))
        .order_by(*_order(sort, run), func.lower(Venture.name), col(Venture.id))
        .offset(offset)
        .limit(limit)
    )
    as_of = run.as_of if run else None
    return [PortfolioVenture._make((*row, as_of)) for row in session.execute(query)]


def _ventures(run: ReturnsRun | None) -> Select[Any]:
    result = ReturnsResult
    columns: list[Any] = [
        Venture.id,
        Venture.name,
        Venture.stage,
        Venture.stage_since_on,
        Organisation.name,
        result.id,
        _funded,
        _earned,
        _net,
        result.value_pence,
        result.dpi,
        result.irr_rate,
        result.irr_reason,
        result.payback_on,
        result.first_flow_on,
        result.prudent_value_pence,
        result.prudent_irr_rate,
        result.prudent_irr_reason,
    ]
    own = and_(
        _of_run(run.id if run else null(), Subject.VENTURE), col(result.venture_id) == Venture.id
    )
    query: Select[Any] = select(*columns).select_from(Venture)
    return query.join(Organisation, col(Venture.provider_id) == Organisation.id).join(
        result, own, isouter=True
    )


def _of_run(run_id: Any, subject: Subject) -> ColumnElement[bool]:
    return and_(col(ReturnsResult.run_id) == run_id, col(ReturnsResult.subject) == subject)


def _wanted(centre_id: int, chosen: VentureFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [col(Venture.centre_id) == centre_id]
    if chosen.stage:
        conditions.append(col(Venture.stage) == chosen.stage)
    if chosen.text:
        names = (col(Venture.name), col(Organisation.name))
        conditions.append(or_(*(name.icontains(chosen.text, autoescape=True) for name in names)))
    return conditions


def _order(sort: str, run: ReturnsRun | None) -> list[SQLColumnExpression[Any]]:
    column = SORTED_BY[sort.removeprefix("-")]
    if sort.endswith("irr") and run:
        # A plain gain stands there instead of an annual rate: the two are not compared.
        young = col(ReturnsResult.first_flow_on) > run.as_of - timedelta(days=DAYS_A_YEAR)
        column = case((young, None), else_=column)
    return [column.is_(None), column.desc() if sort.startswith("-") else column]
