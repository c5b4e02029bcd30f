"""Setting the amount above which a payment needs a second director."""

from sqlmodel import Session

from chec import audit
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.models import Centre, Event
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.payment_limit import may_pay
from chec.rules.payment_request import reasons_not_to_set_limit


def set_payment_limit(session: Session, actor: Actor, centre: Centre, pence: Pence) -> Centre:
    """The centre with its limit: from now on what is above it needs a second director.

    What waits goes on waiting. Raises RuleBroken for somebody who may pay for the centre, and for
    an amount below zero or out of all measure.
    """
    centre = lock_centre(session, actor, centre.id)
    reasons = reasons_to_leave_the_limit(session, actor, centre, pence)
    if reasons:
        raise RuleBroken(reasons)
    before = centre.payment_limit_pence
    if pence != before:
        centre.payment_limit_pence = pence
        session.flush()
        audit.record(
            session,
            actor,
            Event.PAYMENT_LIMIT_SET,
            reference("centre", centre.id),
            centre_id=centre.id,
            before={"payment_limit_pence": before},
            after={"payment_limit_pence": pence},
        )
    return centre


def reasons_to_leave_the_limit(
    session: Session, actor: Actor, centre: Centre, pence: Pence
) -> list[str]:
    """Why the actor cannot set the limit to this; empty where they can."""
    may = may_pay(session, actor.user_id, centre.id, london_day(actor.at))
    return reasons_not_to_set_limit(pence, may_pay=may)
