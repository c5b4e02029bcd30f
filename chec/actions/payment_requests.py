"""Asking for payments out of a centre, and deciding about them: one effect each, once.

Each act locks the centre and reads what it checks afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlmodel import Session

from chec import audit
from chec.actions.ledger import refuse
from chec.actions.payments import Plan, plan_payment, post_payment
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import (
    Centre,
    Claim,
    Event,
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
    Transfer,
    User,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.commitments import list_investors
from chec.queries.payment_limit import against_limit, may_pay
from chec.queries.payment_requests import find_decision_on, find_request_under
from chec.rules.distribution import reasons_not_as_seen
from chec.rules.payment_request import (
    Asker,
    Decided,
    Payment,
    payment_of,
    reasons_not_the_same,
    reasons_not_to_approve,
    reasons_not_to_decline,
    reasons_not_to_decline_for,
    reasons_not_to_withdraw,
)


def request_payment(
    session: Session,
    actor: Actor,
    centre: Centre,
    payment: Payment,
    *,
    seen: str = "",
    idempotency_key: str,
) -> PaymentRequest:
    """The request for the payment, paid already where it is within the centre's limit.

    The first one, if this is the same form again. `seen` is what was shown of a distribution, as
    `shares_in_words` writes it. Raises RuleBroken for what could not be paid today, where shares
    have changed since they were seen, and for the same form with other values.
    """
    centre = lock_centre(session, actor, centre.id)
    first = find_request_under(session, centre.id, idempotency_key)
    if first:
        _refuse(reasons_not_the_same(first, actor.user_id, payment))
        return first
    plan = _payable(plan_payment(session, actor, centre, payment), seen)
    is_within = against_limit(session, centre, payment, actor.at).is_within
    request = PaymentRequest(
        **vars(payment),
        centre_id=centre.id,
        seen=seen,
        limit_pence=centre.payment_limit_pence,
        requested_at=actor.at,
        requested_by_id=actor.user_id,
        idempotency_key=idempotency_key,
    )
    session.add(request)
    session.flush()
    told, paid = _told(payment), list[Transfer]()
    if is_within:
        decision = _decide(session, actor, request, PaymentVerdict.WITHIN_LIMIT)
        paid = _pay(session, actor, centre, request, plan)
        told |= {"verdict": decision.verdict}
    _record(session, actor, Event.PAYMENT_REQUESTED, request, told, paid=paid)
    return request


def approve_payment(
    session: Session, actor: Actor, request: PaymentRequest, *, seen: str = ""
) -> PaymentDecision:
    """The approval of the request, which is paid with it; the first, if this is the same act again.

    `seen` is what was shown of a distribution's shares. Raises RuleBroken where the actor may not
    approve it, where it was decided, and where it cannot be paid as everything is today.
    """
    centre = lock_centre(session, actor, request.centre_id)
    first = find_decision_on(session, request)
    if first and _is_repeated(first, actor, PaymentVerdict.APPROVED):
        return first
    _refuse(reasons_to_leave_it(session, actor, request))
    plan = _payable(plan_payment(session, actor, centre, payment_today(request, actor)), seen)
    decision = _decide(session, actor, request, PaymentVerdict.APPROVED)
    paid = _pay(session, actor, centre, request, plan)
    told = {**_told(plan.payment), "verdict": decision.verdict}
    _record(session, actor, Event.PAYMENT_REQUEST_APPROVED, request, told, paid=paid)
    return decision


def decline_payment(
    session: Session, actor: Actor, request: PaymentRequest, reason: str
) -> PaymentDecision:
    """The refusal of the request, for `reason`; the first, if this is the same act again.

    Raises RuleBroken for one's own request, one that was decided, and without a reason.
    """
    lock_centre(session, actor, request.centre_id)
    first, reason = find_decision_on(session, request), reason.strip()
    if first and _is_repeated(first, actor, PaymentVerdict.DECLINED, reason):
        return first
    reasons = reasons_not_to_decline(request, decided(session, first), actor.user_id)
    _refuse(reasons or reasons_not_to_decline_for(reason))
    decision = _decide(session, actor, request, PaymentVerdict.DECLINED, reason)
    _record(session, actor, Event.PAYMENT_REQUEST_DECLINED, request, {"verdict": decision.verdict})
    return decision


def withdraw_payment(session: Session, actor: Actor, request: PaymentRequest) -> PaymentDecision:
    """The end of the actor's own request; the first, if this is the same act again.

    Raises RuleBroken for somebody else's, and for one that was decided.
    """
    lock_centre(session, actor, request.centre_id)
    first = find_decision_on(session, request)
    if first and _is_repeated(first, actor, PaymentVerdict.WITHDRAWN):
        return first
    _refuse(reasons_not_to_withdraw(request, decided(session, first), actor.user_id))
    decision = _decide(session, actor, request, PaymentVerdict.WITHDRAWN)
    _record(session, actor, Event.PAYMENT_REQUEST_WITHDRAWN, request, {"verdict": decision.verdict})
    return decision


def reasons_to_leave_it(session: Session, actor: Actor, request: PaymentRequest) -> list[str]:
    """Why the actor cannot approve the request, whatever it pays; empty where they can."""
    asked_by, today = request.requested_by_id, london_day(actor.at)
    return reasons_not_to_approve(
        request,
        decided(session, find_decision_on(session, request)),
        Asker(
            asked_by,
            _name_of(session, asked_by),
            may_pay(session, asked_by, request.centre_id, today),
        ),
        actor.user_id,
        may_pay=may_pay(session, actor.user_id, request.centre_id, today),
    )


def payment_today(request: PaymentRequest, actor: Actor) -> Payment:
    """What was asked for, as it is paid where the actor approves it: dated today."""
    return replace(payment_of(request), on=london_day(actor.at))


def decided(session: Session, decision: PaymentDecision | None) -> Decided | None:
    """Who decided, when and how, in words; None where nobody has."""
    if decision is None:
        return None
    by = _name_of(session, decision.decided_by_id)
    return Decided(by, london_day(decision.decided_at), decision.verdict)


def _is_repeated(
    first: PaymentDecision, actor: Actor, verdict: PaymentVerdict, reason: str = ""
) -> bool:
    told = (first.decided_by_id, first.verdict, first.reason)
    return told == (actor.user_id, verdict, reason)


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise RuleBroken(reasons)


def _payable(plan: Plan, seen: str) -> Plan:
    """The plan; RuleBroken where it has faults, or other shares than were `seen`."""
    refuse(plan.faults)
    if plan.payment.kind is PaymentKind.DISTRIBUTION:
        _refuse(reasons_not_as_seen(plan.shares, seen))
    return plan


def _decide(
    session: Session,
    actor: Actor,
    request: PaymentRequest,
    verdict: PaymentVerdict,
    reason: str = "",
) -> PaymentDecision:
    decision = PaymentDecision(
        request_id=request.id,
        verdict=verdict,
        reason=reason,
        decided_at=actor.at,
        decided_by_id=actor.user_id,
    )
    session.add(decision)
    session.flush()
    return decision


def _pay(
    session: Session, actor: Actor, centre: Centre, request: PaymentRequest, plan: Plan
) -> list[Transfer]:
    posted = list(post_payment(session, actor, centre, plan, f"request:{request.id}"))
    session.add_all(PaymentTransfer(transfer_id=each.id, request_id=request.id) for each in posted)
    session.flush()
    return posted


def _record(
    session: Session,
    actor: Actor,
    event: Event,
    request: PaymentRequest,
    told: Mapping[str, object],
    *,
    paid: Sequence[Transfer] = (),
) -> None:
    transfers = [reference("transfer", each.id) for each in paid]
    audit.record(
        session,
        actor,
        event,
        reference("payment_request", request.id),
        centre_id=request.centre_id,
        about=[*_about(session, request), *transfers],
        after={**told, "transfers": ", ".join(transfers) or None},
    )


def _told(payment: Payment) -> dict[str, object]:
    return {"kind": payment.kind.value, "pence": payment.pence, "on": payment.on}


def _about(session: Session, request: PaymentRequest) -> Sequence[str]:
    """In whose histories the request belongs."""
    if request.kind is PaymentKind.DISTRIBUTION:
        centre = session.get_one(Centre, request.centre_id)
        return [reference("organisation", key) for key in list_investors(session, centre)]
    keys = {"venture": request.venture_id, "organisation": request.payer_id}
    if request.claim_id:
        claim = session.get_one(Claim, request.claim_id)
        keys |= {"claim": claim.id, "contract": claim.contract_id, "venture": claim.venture_id}
    return [reference(noun, key) for noun, key in keys.items() if key]


def _name_of(session: Session, user_id: int | None) -> str:
    return session.get_one(User, user_id).name if user_id else "The system"
