"""Closing a quarter of the ledger."""

from sqlmodel import Session, select

from chec import audit
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.finance.periods import Quarter
from chec.models import Centre, Event, QuarterClose
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.centres import closed_before, lock_centre
from chec.rules.quarter_closing import reasons_not_to_close


def close_quarter(session: Session, actor: Actor, centre: Centre, quarter: Quarter) -> QuarterClose:
    """Close `quarter` and every earlier one; the first close, if this is the same act repeated.

    Raises RuleBroken where the quarter is not over, or was closed by somebody else or with another.
    """
    centre = lock_centre(session, actor, centre.id)
    closed = _closed_already(session, actor, centre, quarter)
    if closed:
        return closed
    open_from = closed_before(session, centre.id)
    reasons = reasons_not_to_close(
        quarter,
        today=london_day(actor.at),
        opened_on=centre.opened_on,
        closed_before=open_from,
    )
    if reasons:
        raise RuleBroken(reasons)
    close = QuarterClose(
        centre_id=centre.id,
        quarter_starts_on=quarter.starts_on,
        closed_at=actor.at,
        closed_by_id=actor.user_id,
    )
    session.add(close)
    session.flush()
    audit.record(
        session,
        actor,
        Event.QUARTER_CLOSED,
        reference("centre", centre.id),
        quarter.code,
        centre_id=centre.id,
        before={"open_from": open_from or centre.opened_on},
        after={"open_from": quarter.ends_before},
    )
    return close


def _closed_already(
    session: Session, actor: Actor, centre: Centre, quarter: Quarter
) -> QuarterClose | None:
    return session.exec(
        select(QuarterClose).where(
            QuarterClose.centre_id == centre.id,
            QuarterClose.quarter_starts_on == quarter.starts_on,
            QuarterClose.closed_by_id == actor.user_id,
        )
    ).one_or_none()
