"""Agreeing an instrument with an investor."""

from datetime import date

from sqlmodel import Session, col, func, select

from chec import audit
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.models import Centre, Event, Instrument, InstrumentKind, Organisation, references
from chec.permissions import Actor
from chec.rules.instrument_agreement import reasons_not_to_agree
from chec.rules.naming import reasons_not_to_name, squeezed


def agree_instrument(
    session: Session,
    actor: Actor,
    centre: Centre,
    investor: Organisation,
    *,
    reference: str,
    kind: InstrumentKind,
    committed_pence: Pence,
    agreed_on: date,
) -> Instrument:
    """The new instrument. `reference` is the agreement's own, once in a centre.

    Raises RuleBroken for a reference that cannot be had, an investor that is none, an amount that
    is not above zero, or a day after the actor's.
    """
    reference = squeezed(reference)
    reasons = reasons_not_to_name("the instrument", reference)
    reasons += reasons_not_to_agree(investor, committed_pence, agreed_on, london_day(actor.at))
    if _is_taken(session, centre, reference):
        reasons.append(f"The centre already has an instrument called {reference}.")
    if reasons:
        raise RuleBroken(reasons)
    instrument = Instrument(
        centre_id=centre.id,
        investor_id=investor.id,
        reference=reference,
        kind=kind,
        committed_pence=committed_pence,
        agreed_on=agreed_on,
    )
    session.add(instrument)
    session.flush()
    subject = references.reference("instrument", instrument.id)
    audit.record(session, actor, Event.INSTRUMENT_AGREED, subject)
    return instrument


def _is_taken(session: Session, centre: Centre, reference: str) -> bool:
    same_reference = func.lower(col(Instrument.reference)) == func.lower(reference)
    found = select(Instrument.id).where(Instrument.centre_id == centre.id, same_reference)
    return session.exec(found).first() is not None
