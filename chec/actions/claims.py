"""Claims, from draft to submission: each act locks the centre and reads what it checks after it."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlmodel import Session, col

from chec.actions.claim_trail import record_of_claim
from chec.actions.claim_values import store_value
from chec.actions.contract_use import keep_use
from chec.clock import london_day
from chec.errors import NotFound, RuleBroken
from chec.finance.money import Pence
from chec.models import (
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    ClaimState,
    Contract,
    Event,
    LineBasis,
    PartState,
    Venture,
)
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.claim_values import value_of_draft
from chec.queries.claims import list_lines, list_parts
from chec.queries.contracts import ContractOfCentre, newest_of
from chec.rules.claim_preparation import (
    reasons_not_to_count,
    reasons_not_to_fill,
    reasons_not_to_prepare,
)
from chec.rules.claim_submission import reasons_not_to_ask, reasons_not_to_submit
from chec.rules.claim_valuation import ClaimValuation
from chec.rules.claim_withdrawal import reasons_not_to_discard, reasons_not_to_withdraw


def prepare_claim(
    session: Session,
    actor: Actor,
    contract: Contract,
    venture: Venture,
    *,
    starts_on: date,
    ends_before: date,
) -> Claim:
    """The new draft; the first one, if the same person's for the same is still empty.

    Raises RuleBroken where the venture cannot claim the period under the contract.
    """
    centre = lock_centre(session, actor, contract.centre_id)
    venture = session.get_one(Venture, venture.id, populate_existing=True)
    terms = newest_of(session, contract).terms
    today = london_day(actor.at)
    reasons = reasons_not_to_prepare(
        terms, venture, starts_on, ends_before, centre=centre, today=today
    )
    if reasons:
        raise RuleBroken(reasons)
    wanted = Claim(
        centre_id=centre.id,
        contract_id=contract.id,
        venture_id=venture.id,
        starts_on=starts_on,
        ends_before=ends_before,
        state=ClaimState.DRAFT,
        prepared_by_id=actor.user_id,
        prepared_at=actor.at,
    )
    empty = _empty_draft_like(session, wanted)
    if empty:
        return empty
    session.add(wanted)
    session.flush()
    period = {"starts_on": wanted.starts_on, "last_day": wanted.last_day}
    record_of_claim(
        session, actor, Event.CLAIM_PREPARED, wanted, after={"state": wanted.state, **period}
    )
    return wanted


def enter_counts(session: Session, actor: Actor, claim: Claim, counts: Mapping[str, int]) -> None:
    """Set the counts of these measures in a draft; 0 empties a line, which keeps its basis.

    Measures that are not named stay as they are. Raises RuleBroken, with everything wrong, for a
    measure that is priced from records in this claim, or cannot be priced from a count.
    """
    contract = lock_to_fill(session, actor, claim)
    lines = {line.measure: line for line in list_lines(session, claim)}
    before = _counted(lines.values())
    reasons = reasons_not_to_count(contract.terms, lines.values(), counts)
    if reasons:
        raise RuleBroken(reasons)
    for measure, units in counts.items():
        line = lines.get(measure)
        if line is None and units:
            line = ClaimLine(
                claim_id=claim.id, measure=measure, basis=LineBasis.COUNTS, units=units
            )
        if line is not None and line.basis is LineBasis.COUNTS:
            line.units = units
            session.add(line)
    session.flush()
    after = _counted(list_lines(session, claim))
    record_of_claim(session, actor, Event.COUNTS_ENTERED, claim, before=before, after=after)


def discard_claim(session: Session, actor: Actor, claim: Claim) -> None:
    """Remove a draft with everything in it. Raises RuleBroken for a claim that was submitted."""
    _lock(session, actor, claim)
    reasons = reasons_not_to_discard(claim)
    if reasons:
        raise RuleBroken(reasons)
    own = select(col(ClaimLine.id)).where(col(ClaimLine.claim_id) == claim.id)
    session.execute(delete(ClaimRecord).where(col(ClaimRecord.line_id).in_(own)))
    session.execute(delete(ClaimLine).where(col(ClaimLine.claim_id) == claim.id))
    record_of_claim(session, actor, Event.CLAIM_DISCARDED, claim, before={"state": claim.state})
    session.delete(claim)
    session.flush()


def submit_claim(session: Session, actor: Actor, claim: Claim, seen_pence: Pence) -> Claim:
    """The claim, asked of its payers at what it is worth now; as it is, if this act is repeated.

    Raises RuleBroken where it is worth nothing, or not the `seen_pence` that the director saw.
    """
    _lock(session, actor, claim)
    if _was_submitted_by(actor, claim, seen_pence):
        return claim
    venture = session.get_one(Venture, claim.venture_id, populate_existing=True)
    reasons = reasons_not_to_submit(claim, venture)
    if reasons:
        raise RuleBroken(reasons)
    contract = newest_of(session, session.get_one(Contract, claim.contract_id))
    today = london_day(actor.at)
    value = value_of_draft(session, contract, claim, today)
    reasons = reasons_not_to_ask(value, seen_pence)
    if reasons:
        raise RuleBroken(reasons)
    store_value(session, contract, claim, value)
    _ask_payers(session, contract, claim, value, today)
    before, claim.state = claim.state, ClaimState.SUBMITTED
    claim.version_id = contract.version.id
    claim.submitted_by_id, claim.submitted_at, claim.submitted_on = actor.user_id, actor.at, today
    claim.gross_pence, claim.payable_pence = value.gross_pence, value.payable_pence
    session.add(claim)
    keep_use(session, claim)
    after = {
        "state": claim.state,
        "payable_pence": claim.payable_pence,
        "version": contract.version.number,
    }
    record_of_claim(
        session, actor, Event.CLAIM_SUBMITTED, claim, before={"state": before}, after=after
    )
    return claim


def withdraw_claim(session: Session, actor: Actor, claim: Claim) -> Claim:
    """The claim, taken back from its payers; as it is, if this act is repeated.

    What it held is free again. Raises RuleBroken once a payer has decided.
    """
    _lock(session, actor, claim)
    if claim.state is ClaimState.WITHDRAWN:
        return claim
    parts = [each.part for each in list_parts(session, claim)]
    for part in parts:
        session.refresh(part)
    reasons = reasons_not_to_withdraw(claim, parts)
    if reasons:
        raise RuleBroken(reasons)
    for part in parts:
        part.state = PartState.WITHDRAWN
        session.add(part)
    before, claim.state = claim.state, ClaimState.WITHDRAWN
    claim.withdrawn_at, claim.withdrawn_on = actor.at, london_day(actor.at)
    session.add(claim)
    keep_use(session, claim)
    record_of_claim(
        session,
        actor,
        Event.CLAIM_WITHDRAWN,
        claim,
        before={"state": before},
        after={"state": claim.state},
    )
    return claim


def lock_to_fill(session: Session, actor: Actor, claim: Claim) -> ContractOfCentre:
    """The contract of a draft, whose centre is locked; RuleBroken where it is no draft any more."""
    _lock(session, actor, claim)
    reasons = reasons_not_to_fill(claim)
    if reasons:
        raise RuleBroken(reasons)
    return newest_of(session, session.get_one(Contract, claim.contract_id))


def _lock(session: Session, actor: Actor, claim: Claim) -> None:
    """Lock the claim's centre and read the claim again; NotFound where it is gone."""
    lock_centre(session, actor, claim.centre_id)
    if session.get(Claim, claim.id, populate_existing=True) is None:
        raise NotFound


def _empty_draft_like(session: Session, wanted: Claim) -> Claim | None:
    query = select(Claim).where(
        *(
            getattr(Claim, name) == getattr(wanted, name)
            for name in ("contract_id", "venture_id", "starts_on", "ends_before", "state")
        ),
        col(Claim.prepared_by_id).is_not_distinct_from(wanted.prepared_by_id),
        col(Claim.id).not_in(select(col(ClaimLine.claim_id))),
    )
    return session.scalars(query.order_by(col(Claim.id)).limit(1)).one_or_none()


def _was_submitted_by(actor: Actor, claim: Claim, seen_pence: Pence) -> bool:
    return (
        claim.state not in {ClaimState.DRAFT, ClaimState.WITHDRAWN}
        and claim.submitted_by_id == actor.user_id
        and claim.payable_pence == seen_pence
    )


def _counted(lines: Iterable[ClaimLine]) -> dict[str, int]:
    return {f"{line.measure} units": line.units for line in lines if line.basis is LineBasis.COUNTS}


def _ask_payers(
    session: Session,
    contract: ContractOfCentre,
    claim: Claim,
    value: ClaimValuation,
    today: date,
) -> None:
    within = contract.terms.decide_within_days
    for name, pence in value.by_payer.items():
        if pence:
            session.add(
                ClaimPart(
                    claim_id=claim.id,
                    payer_id=contract.payers[name],
                    asked_pence=pence,
                    state=PartState.WAITING,
                    asked_on=today,
                    decide_by_on=None if within is None else today + timedelta(days=within),
                )
            )
    session.flush()
