"""Promising a venture money."""

from sqlmodel import Session, select

from chec import audit
from chec.actions.ledger import refuse
from chec.clock import london_day
from chec.models import Centre, Event, FundingAgreement, Venture
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.rules.funding_agreement import Promised, faults_to_promise


def agree_funding(
    session: Session, actor: Actor, venture: Venture, terms: Promised, idempotency_key: str
) -> FundingAgreement:
    """The new agreement; the first one, if `idempotency_key` was used before in the centre.

    Raises RuleBroken for a venture that has stopped, an amount not above zero, no milestones, or a
    day after the actor's.
    """
    centre = lock_centre(session, actor, venture.centre_id)
    agreed = agreed_under(session, centre, idempotency_key)
    if agreed:
        return agreed
    session.refresh(venture)
    refuse(faults_to_promise(venture, terms, london_day(actor.at)))
    agreement = FundingAgreement(
        centre_id=centre.id,
        venture_id=venture.id,
        promised_pence=terms.pence,
        agreed_on=terms.agreed_on,
        milestones=terms.milestones,
        recorded_at=actor.at,
        recorded_by_id=actor.user_id,
        idempotency_key=idempotency_key,
    )
    session.add(agreement)
    session.flush()
    audit.record(
        session,
        actor,
        Event.FUNDING_AGREED,
        reference("funding_agreement", agreement.id),
        centre_id=centre.id,
        about=[reference("venture", venture.id)],
        after={"promised_pence": terms.pence, "agreed_on": terms.agreed_on},
    )
    return agreement


def agreed_under(session: Session, centre: Centre, idempotency_key: str) -> FundingAgreement | None:
    """The agreement of the centre that was made under the key, if one was."""
    query = select(FundingAgreement).where(
        FundingAgreement.centre_id == centre.id,
        FundingAgreement.idempotency_key == idempotency_key,
    )
    return session.exec(query).one_or_none()
