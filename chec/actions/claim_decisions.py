"""Deciding a payer's part of a claim."""

from collections.abc import Iterator

from sqlmodel import Session

from chec.actions.claim_trail import record_of_claim
from chec.actions.contract_use import keep_use
from chec.actions.ledger import post_transfer
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import (
    Centre,
    Claim,
    ClaimDecision,
    ClaimPart,
    DecisionLine,
    Event,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.claim_decisions import (
    decided,
    find_decision,
    list_asked_lines,
    list_filled_in_by,
    list_parts_of,
    lock_part,
    verdicts_of,
)
from chec.rules.claim_approval import (
    Proposal,
    Verdicts,
    faults_of_verdicts,
    propose,
    reasons_not_to_decide,
)
from chec.rules.claim_posting import approval_entry
from chec.rules.claim_state import state_of


def decide_claim(
    session: Session, actor: Actor, part: ClaimPart, verdicts: Verdicts
) -> ClaimDecision:
    """The decision on every line of `part`; the first one, if this is the same act repeated.

    Posts what was approved. Raises RuleBroken where the part was decided by somebody else or
    otherwise, was withdrawn, or is of a claim that the actor prepared, filled in or submitted.
    """
    claim = lock_part(session, actor, part)
    first = find_decision(session, part)
    if first and _is_same(session, actor, first, verdicts):
        return first
    reasons = reasons_not_to_decide(
        claim,
        part,
        actor.user_id,
        decided(session, first),
        filled_in_by=list_filled_in_by(session, claim),
    )
    lines = list_asked_lines(session, part)
    reasons = reasons or faults_of_verdicts(
        {each.line.id: each.line.measure for each in lines}, verdicts
    )
    if reasons:
        raise RuleBroken(reasons)
    proposal = propose({each.line.id: each.asked_pence for each in lines}, verdicts)
    before = {"part": part.state, "state": claim.state}
    part.state, part.approved_pence = proposal.state, proposal.approved_pence
    decision = ClaimDecision(
        part_id=part.id,
        state=part.state,
        approved_pence=part.approved_pence,
        decided_on=london_day(actor.at),
        decided_at=actor.at,
        decided_by_id=actor.user_id,
        transfer_id=_post_approval(session, actor, claim, part),
    )
    session.add(decision)
    session.flush()
    session.add_all(_lines(decision, verdicts, proposal))
    claim.state = state_of(list_parts_of(session, claim))
    keep_use(session, claim)
    record_of_claim(
        session,
        actor,
        Event.CLAIM_DECIDED,
        claim,
        payer_ids=[part.payer_id],
        before=before,
        after=_told(claim, decision, part, verdicts),
    )
    return decision


def _is_same(session: Session, actor: Actor, first: ClaimDecision, verdicts: Verdicts) -> bool:
    if first.decided_by_id != actor.user_id:
        return False
    told = {
        key: rejection and rejection._replace(words=rejection.words.strip())
        for key, rejection in verdicts.items()
    }
    return verdicts_of(session, first) == told


def _lines(
    decision: ClaimDecision, verdicts: Verdicts, proposal: Proposal
) -> Iterator[DecisionLine]:
    for line_id, rejection in verdicts.items():
        yield DecisionLine(
            decision_id=decision.id,
            line_id=line_id,
            pence=proposal.approved[line_id],
            reason_code=rejection.code if rejection else None,
            reason=rejection.words.strip() if rejection else "",
        )


def _post_approval(session: Session, actor: Actor, claim: Claim, part: ClaimPart) -> int | None:
    if not part.approved_pence:
        return None
    centre = session.get_one(Centre, claim.centre_id)
    entry = approval_entry(claim, part, part.approved_pence, london_day(actor.at))
    key = f"decision:{claim.id}:payer:{part.payer_id}"
    return post_transfer(session, actor, centre, entry, key).id


def _told(
    claim: Claim, decision: ClaimDecision, part: ClaimPart, verdicts: Verdicts
) -> dict[str, object]:
    rejected_count = sum(rejection is not None for rejection in verdicts.values())
    return {
        "payer": reference("organisation", part.payer_id),
        "part": part.state,
        "state": claim.state,
        "lines_approved": len(verdicts) - rejected_count,
        "lines_rejected": rejected_count,
        "asked_pence": part.asked_pence,
        "approved_pence": decision.approved_pence,
    }
