"""Clawing back an outcome that did not hold."""

from sqlmodel import Session

from chec.actions.claim_trail import record_of_claim
from chec.actions.contract_use import keep_use
from chec.actions.ledger import faults_to_post, post_transfer
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.finance.periods import financial_year_of
from chec.models import Centre, Claim, ClaimLine, ClaimPart, ClaimRecord, Clawback, Event, LineBasis
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.claim_decisions import (
    KeyedAct,
    key_on,
    list_parts_of,
    lock_part,
    terms_of_claim,
)
from chec.queries.clawbacks import (
    approved_of,
    find_clawback_under,
    get_approved_line,
    get_approved_record,
)
from chec.rules.claim_posting import clawback_entry
from chec.rules.claim_state import state_of
from chec.rules.clawback import Approved, faults_of_clawback, reasons_not_to_claw_back
from chec.rules.posting import Fault


def faults_to_claw_back(
    session: Session,
    actor: Actor,
    part: ClaimPart,
    approved: Approved,
    *,
    units: int,
    pence: Pence,
    reason: str,
) -> list[Fault]:
    """Why this cannot be clawed back; empty where it can. What bars it altogether has no field."""
    today = london_day(actor.at)
    faults = [Fault("", each) for each in reasons_not_to_claw_back(approved, today)]
    faults = faults or faults_of_clawback(approved, units=units, pence=pence, reason=reason)
    if faults:
        return faults
    claim = session.get_one(Claim, part.claim_id)
    centre = session.get_one(Centre, claim.centre_id)
    entry = clawback_entry(claim, part, pence, today, reason=reason.strip())
    return faults_to_post(session, actor, centre, [entry])


def claw_back(
    session: Session,
    actor: Actor,
    part: ClaimPart,
    line: ClaimLine,
    *,
    record: ClaimRecord | None = None,
    units: int = 1,
    pence: Pence | None = None,
    reason: str,
    idempotency_key: str,
) -> Clawback:
    """What the payer of `part` takes back of `line`; the first one, if this is the same form again.

    A line priced from records needs `record`, whose one unit goes back for what the payer approved
    of it. Of counts, `units` go back for `pence`, if given, else for their part of what was
    approved. Raises RuleBroken with every reason.
    """
    claim = lock_part(session, actor, part)
    first = find_clawback_under(session, part, idempotency_key)
    if first:
        return first
    if (record is None) is (line.basis is LineBasis.RECORDS):
        raise RuleBroken("A line priced from records goes back by record, others by units.")
    approved = _approved(session, claim, part, line, record)
    if record or pence is None:
        pence = approved.suggested_pence(units)
    faults = faults_to_claw_back(
        session, actor, part, approved, units=units, pence=pence, reason=reason
    )
    if faults:
        raise RuleBroken([fault.reason for fault in faults])
    today = london_day(actor.at)
    entry = clawback_entry(claim, part, pence, today, reason=reason.strip())
    centre = session.get_one(Centre, claim.centre_id)
    key = key_on(part, KeyedAct.CLAWBACK, idempotency_key)
    clawback = Clawback(
        part_id=part.id,
        line_id=line.id,
        record_id=record.id if record else None,
        financial_year=financial_year_of(approved.achieved_on).year,
        units=units,
        pence=pence,
        reason=reason.strip(),
        clawed_back_on=today,
        recorded_at=actor.at,
        recorded_by_id=actor.user_id,
        transfer_id=post_transfer(session, actor, centre, entry, key).id,
    )
    session.add(clawback)
    before = {"clawed_back_pence": part.clawed_back_pence, "state": claim.state}
    part.clawed_back_pence += pence
    session.flush()
    claim.state = state_of(list_parts_of(session, claim))
    keep_use(session, claim)
    record_of_claim(
        session,
        actor,
        Event.OUTCOME_CLAWED_BACK,
        claim,
        payer_ids=[part.payer_id],
        before=before,
        after={
            "clawed_back_pence": part.clawed_back_pence,
            "state": claim.state,
            "payer": reference("organisation", part.payer_id),
            "measure": line.measure,
            "units": units,
        },
    )
    return clawback


def _approved(
    session: Session, claim: Claim, part: ClaimPart, line: ClaimLine, record: ClaimRecord | None
) -> Approved:
    own = get_approved_line(session, part, line.id)
    found = get_approved_record(session, part, record.id) if record else None
    return approved_of(terms_of_claim(session, claim), claim, own, found)
