"""Quarters of a centre's ledger, as they are on a day."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from chec.finance.periods import Quarter, quarter_of
from chec.models import Centre, QuarterClose
from chec.permissions import Viewer
from chec.queries.centres import closed_before
from chec.queries.users import user_names


class QuarterRow(NamedTuple):
    """A quarter; closed by a close of its own (`closed_at`), by a later one, or open."""

    quarter: Quarter
    is_over: bool
    is_closed: bool
    closed_at: datetime | None
    closed_by: str | None


def list_quarters(
    session: Session, viewer: Viewer, centre: Centre, today: date
) -> list[QuarterRow]:
    """Every quarter from the centre's opening to today's, newest first.

    The caller has seen to it that the centre is the viewer's.
    """
    query = select(QuarterClose).where(QuarterClose.centre_id == centre.id)
    found = session.exec(query.order_by(col(QuarterClose.id))).all()
    names = user_names(session, viewer, centre.id, [close.closed_by_id for close in found])
    closes: dict[date, tuple[datetime, str]] = {
        close.quarter_starts_on: (close.closed_at, names[close.closed_by_id]) for close in found
    }
    before = closed_before(session, centre.id)
    return [
        QuarterRow(
            quarter,
            is_over=quarter.ends_before <= today,
            is_closed=before is not None and quarter.ends_before <= before,
            closed_at=closes.get(quarter.starts_on, (None, None))[0],
            closed_by=closes.get(quarter.starts_on, (None, None))[1],
        )
        for quarter in _back_from(quarter_of(today), centre.opened_on)
    ]


def _back_from(quarter: Quarter, opened_on: date) -> Iterator[Quarter]:
    while quarter.ends_before > opened_on:
        yield quarter
        quarter = quarter.previous()
