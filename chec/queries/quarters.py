"""Quarters of a centre's ledger, as they are on a day."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from chec.finance.periods import Quarter, quarter_of
from chec.models import Centre, QuarterClose, User
from chec.queries.centres import closed_before


class QuarterRow(NamedTuple):
    """A quarter; closed by a close of its own (`closed_at`), by a later one, or open."""

    quarter: Quarter
    is_over: bool
    is_closed: bool
    closed_at: datetime | None
    closed_by: str | None


def list_quarters(session: Session, centre: Centre, today: date) -> list[QuarterRow]:
    """Every quarter from the centre's opening to today's, newest first.

    The caller has seen to it that the centre is the viewer's.
    """
    query = (
        select(QuarterClose, User.name)
        .join(User, isouter=True)
        .where(QuarterClose.centre_id == centre.id)
        .order_by(col(QuarterClose.id))
    )
    closes: dict[date, tuple[datetime, str | None]] = {
        close.quarter_starts_on: (close.closed_at, name) for close, name in session.exec(query)
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
