"""Returns runs and their results, as people see them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, true
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from chec.errors import NotFound
from chec.models import ReturnsResult, ReturnsRun, Role
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre


def list_runs(
    session: Session, viewer: Viewer, centre_id: int, *, page: int = 1, page_size: int = 50
) -> Sequence[ReturnsRun]:
    """Page `page` (from 1) of the centre's runs, latest day first, then newest first."""
    get_centre(session, viewer, Action.VIEW_RUNS, centre_id)
    query = select(ReturnsRun).where(col(ReturnsRun.centre_id) == centre_id)
    return session.exec(
        query.order_by(*_LATEST_FIRST).offset((page - 1) * page_size).limit(page_size)
    ).all()


def count_runs(session: Session, viewer: Viewer, centre_id: int) -> int:
    """How many runs the centre has."""
    get_centre(session, viewer, Action.VIEW_RUNS, centre_id)
    query = select(func.count(col(ReturnsRun.id))).where(col(ReturnsRun.centre_id) == centre_id)
    return session.exec(query).one()


def latest_run(session: Session, viewer: Viewer, centre_id: int) -> ReturnsRun | None:
    """The run on show: of the latest day, the newest. None where the viewer has no part in any.

    Only finished runs are stored, so that a failed one leaves the last good one here.
    """
    query = select(ReturnsRun).where(
        col(ReturnsRun.centre_id) == centre_id, _run_visible_to(viewer)
    )
    return session.exec(query.order_by(*_LATEST_FIRST).limit(1)).one_or_none()


def previous_run(session: Session, run: ReturnsRun) -> ReturnsRun | None:
    """The run of the same centre that was computed before this one."""
    query = select(ReturnsRun).where(
        col(ReturnsRun.centre_id) == run.centre_id, col(ReturnsRun.id) < run.id
    )
    return session.exec(query.order_by(col(ReturnsRun.id).desc()).limit(1)).one_or_none()


def get_run(session: Session, viewer: Viewer, run_id: int) -> ReturnsRun:
    """The run, if the viewer may see it or any result of it; NotFound otherwise."""
    query = select(ReturnsRun).where(col(ReturnsRun.id) == run_id, _run_visible_to(viewer))
    run = session.exec(query).one_or_none()
    if run is None:
        raise NotFound
    return run


def get_result(session: Session, viewer: Viewer, result_id: int) -> ReturnsResult:
    """The result, if the viewer may see it; NotFound otherwise."""
    query = _results_visible_to(viewer).where(col(ReturnsResult.id) == result_id)
    result = session.exec(query).one_or_none()
    if result is None:
        raise NotFound
    return result


def find_result(
    session: Session,
    viewer: Viewer,
    run_id: int,
    *,
    venture_id: int | None = None,
    investor_id: int | None = None,
) -> ReturnsResult | None:
    """The run's result of a venture, of an investor, or (neither given) of the centre.

    None where the subject had no part in the centre on the day of the run, or is not the viewer's.
    """
    query = _results_visible_to(viewer).where(
        col(ReturnsResult.run_id) == run_id,
        col(ReturnsResult.venture_id).is_not_distinct_from(venture_id),
        col(ReturnsResult.investor_id).is_not_distinct_from(investor_id),
    )
    return session.exec(query).one_or_none()


_LATEST_FIRST = (col(ReturnsRun.as_of).desc(), col(ReturnsRun.id).desc())


def _results_visible_to(viewer: Viewer) -> SelectOfScalar[ReturnsResult]:
    query = select(ReturnsResult).join(ReturnsRun, col(ReturnsResult.run_id) == ReturnsRun.id)
    return query.where(_result_visible_to(viewer))


def _result_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Results of the viewer's centres, and those of the viewer's own organisation or venture."""
    if viewer.sees_all:
        return true()
    see = Action.VIEW_RETURN
    return or_(
        col(ReturnsRun.centre_id).in_(viewer.centres(see)),
        col(ReturnsResult.investor_id).in_(viewer.organisations(see, Role.INVESTOR)),
        col(ReturnsResult.venture_id).in_(viewer.ventures(see)),
    )


def _run_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    of_the_run = exists().where(col(ReturnsResult.run_id) == ReturnsRun.id)
    return or_(
        col(ReturnsRun.centre_id).in_(viewer.centres(Action.VIEW_RETURN)),
        of_the_run.where(_result_visible_to(viewer)).correlate(ReturnsRun),
    )
