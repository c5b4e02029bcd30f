"""Agreeing an instrument with an investor, and drawing money down under it."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, func, select

from chec import audit
from chec.actions.ledger import faults_to_post, post_transfer, posted_under, refuse
from chec.actions.organisations import add_organisation, lock_organisations
from chec.clock import london_day
from chec.finance.money import Pence
from chec.models import (
    Centre,
    Event,
    Instrument,
    InstrumentKind,
    Organisation,
    OrganisationKind,
    Transfer,
    references,
)
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.commitments import find_organisation, get_commitment
from chec.rules.drawdown import faults_to_draw
from chec.rules.instrument_agreement import faults_of_terms, reasons_not_to_agree_with
from chec.rules.naming import reasons_not_to_name, squeezed
from chec.rules.posting import Entry, Fault


@dataclass(frozen=True)
class Terms:
    """What an investor, known or new, promises a centre."""

    investor: str
    reference: str
    kind: InstrumentKind
    committed_pence: Pence
    agreed_on: date


def agree_commitment(session: Session, actor: Actor, centre: Centre, terms: Terms) -> Instrument:
    """The new instrument, with the investor of that name, who is added if there is none.

    The first one, if the very same was agreed before. Raises RuleBroken where `faults_to_agree`.
    """
    centre = lock_centre(session, actor, centre.id)
    lock_organisations(session)
    agreed = _agreed_already(session, centre, terms)
    if agreed:
        return agreed
    refuse(faults_to_agree(session, actor, centre, terms))
    name = squeezed(terms.investor)
    investor = find_organisation(session, name) or add_organisation(
        session, actor, name, OrganisationKind.INVESTOR, centre_id=centre.id
    )
    return agree_instrument(
        session,
        actor,
        centre,
        investor,
        reference=terms.reference,
        kind=terms.kind,
        committed_pence=terms.committed_pence,
        agreed_on=terms.agreed_on,
    )


def faults_to_agree(session: Session, actor: Actor, centre: Centre, terms: Terms) -> list[Fault]:
    """Why these terms cannot be agreed, field by field; empty where they can, or were already."""
    if _agreed_already(session, centre, terms):
        return []
    name = squeezed(terms.investor)
    known = find_organisation(session, name)
    reasons = (
        reasons_not_to_agree_with(known) if known else reasons_not_to_name("the investor", name)
    )
    return [
        *(Fault("investor", reason) for reason in reasons),
        *_faults_here(session, actor, centre, terms),
    ]


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
    terms = Terms(investor.name, squeezed(reference), kind, committed_pence, agreed_on)
    unfit = [Fault("investor", reason) for reason in reasons_not_to_agree_with(investor)]
    refuse([*unfit, *_faults_here(session, actor, centre, terms)])
    instrument = Instrument(
        centre_id=centre.id,
        investor_id=investor.id,
        reference=terms.reference,
        kind=kind,
        committed_pence=committed_pence,
        agreed_on=agreed_on,
    )
    session.add(instrument)
    session.flush()
    told = references.reference("organisation", investor.id)
    audit.record(
        session,
        actor,
        Event.INSTRUMENT_AGREED,
        references.reference("instrument", instrument.id),
        centre_id=centre.id,
        about=[told],
        after={
            "investor": told,
            "kind": kind,
            "committed_pence": committed_pence,
            "agreed_on": agreed_on,
        },
    )
    return instrument


def record_drawdown(
    session: Session, actor: Actor, instrument: Instrument, entry: Entry, idempotency_key: str
) -> Transfer:
    """The money that `entry` receives under the instrument; the first one, if the key was used.

    Raises RuleBroken for more than is undrawn, and where it cannot be posted.
    """
    centre = lock_centre(session, actor, instrument.centre_id)
    if not posted_under(session, centre, idempotency_key):
        refuse(faults_of_drawdown(session, actor, centre, instrument, entry))
    return post_transfer(session, actor, centre, entry, idempotency_key)


def faults_of_drawdown(
    session: Session, actor: Actor, centre: Centre, instrument: Instrument, entry: Entry
) -> list[Fault]:
    """Why the money cannot be recorded, field by field; empty where it can."""
    drawn = get_commitment(session, centre, instrument.id).drawn_pence
    return [
        *faults_to_draw(instrument, drawn, entry),
        *faults_to_post(session, actor, centre, [entry]),
    ]


def _faults_here(session: Session, actor: Actor, centre: Centre, terms: Terms) -> list[Fault]:
    reference, today = squeezed(terms.reference), london_day(actor.at)
    faults = faults_of_terms(reference, terms.committed_pence, terms.agreed_on, today)
    if _find(session, centre, reference):
        taken = f"The centre already has an instrument called {reference}. Give this one another."
        faults.append(Fault("reference", taken))
    return faults


def _agreed_already(session: Session, centre: Centre, terms: Terms) -> Instrument | None:
    found, investor = (
        _find(session, centre, squeezed(terms.reference)),
        find_organisation(session, squeezed(terms.investor)),
    )
    if found is None or investor is None:
        return None
    agreed = (found.investor_id, found.kind, found.committed_pence, found.agreed_on)
    told = (investor.id, terms.kind, terms.committed_pence, terms.agreed_on)
    return found if agreed == told else None


def _find(session: Session, centre: Centre, reference: str) -> Instrument | None:
    same_reference = func.lower(col(Instrument.reference)) == func.lower(reference)
    query = select(Instrument).where(Instrument.centre_id == centre.id, same_reference)
    return session.exec(query).first()
