"""Money for a payer's part of a claim: received, returned, and either of them undone."""

from datetime import date

from sqlmodel import Session

from chec.actions.claim_trail import record_of_claim
from chec.actions.ledger import (
    faults_to_post,
    post_transfer,
    refuse,
    refuse_other_values,
    reverse_for_its_act,
)
from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.models import Centre, Claim, ClaimPart, ClaimPayment, Event, Transfer
from chec.models.references import reference as reference_of
from chec.permissions import Actor
from chec.queries.claim_decisions import (
    KeyedAct,
    find_decision,
    find_payment_under,
    find_return_under,
    first_clawback_on,
    key_on,
    list_parts_of,
    lock_part,
)
from chec.queries.ledger import find_reversal
from chec.rules.claim_payment import (
    faults_of_payment,
    faults_of_return,
    paid_after_undoing,
    reasons_not_to_undo,
)
from chec.rules.claim_posting import payment_entry, refund_entry
from chec.rules.claim_state import state_of
from chec.rules.posting import Entry, Fault


def faults_to_record(session: Session, actor: Actor, part: ClaimPart, entry: Entry) -> list[Fault]:
    """Why the payment `entry` cannot be recorded on the part; empty where it can."""
    decision = find_decision(session, part)
    faults = faults_of_payment(
        part,
        decision.decided_on if decision else None,
        pence=entry.pence,
        received_on=entry.on,
    )
    return faults or faults_to_post(session, actor, _centre_of(session, part), [entry])


def record_payment(
    session: Session,
    actor: Actor,
    part: ClaimPart,
    *,
    pence: Pence,
    received_on: date,
    reference: str = "",
    idempotency_key: str,
) -> ClaimPayment:
    """A payment by the payer of `part`; the first one, if this is the same form again.

    `reference` is the payer's own. Raises RuleBroken for more than is due, a day before the payer
    decided, what the ledger refuses, and the same form with other values.
    """
    claim = lock_part(session, actor, part)
    entry = payment_entry(claim, part, pence, received_on, payers_reference=reference.strip())
    first = find_payment_under(session, part, idempotency_key)
    if first:
        return _if_the_same(session, first, entry)
    refuse(faults_to_record(session, actor, part, entry))
    key = key_on(part, KeyedAct.PAYMENT, idempotency_key)
    payment = _post(session, actor, part, entry, key)
    _finish(session, actor, Event.PAYMENT_RECORDED, payment, paid_pence=part.paid_pence + pence)
    return payment


def faults_to_return(session: Session, actor: Actor, part: ClaimPart, entry: Entry) -> list[Fault]:
    """Why the refund `entry` cannot be paid to the payer; empty where it can."""
    faults = faults_of_return(
        part,
        first_clawback_on(session, part),
        pence=entry.pence,
        returned_on=entry.on,
    )
    return faults or faults_to_post(session, actor, _centre_of(session, part), [entry])


def return_payment(
    session: Session,
    actor: Actor,
    part: ClaimPart,
    *,
    pence: Pence,
    returned_on: date,
    idempotency_key: str,
) -> ClaimPayment:
    """Money that goes back to the payer of `part`; the first, if this is the same form again.

    Raises RuleBroken for more than is owed, what the ledger refuses, an overdraft above all, and
    the same form with other values.
    """
    claim = lock_part(session, actor, part)
    entry = refund_entry(claim, part, pence, returned_on)
    first = find_return_under(session, part, idempotency_key)
    if first:
        return _if_the_same(session, first, entry)
    refuse(faults_to_return(session, actor, part, entry))
    key = key_on(part, KeyedAct.RETURN, idempotency_key)
    payment = _post(session, actor, part, entry, key)
    _finish(session, actor, Event.PAYMENT_RETURNED, payment, paid_pence=part.paid_pence - pence)
    return payment


def undo_payment(session: Session, actor: Actor, payment: ClaimPayment, reason: str) -> Transfer:
    """The reversal of a payment, or of a return of one; the first, if this is the same act again.

    Raises RuleBroken where it was undone otherwise, or where what was paid has gone back since.
    """
    part = session.get_one(ClaimPart, payment.part_id)
    lock_part(session, actor, part)
    transfer = session.get_one(Transfer, payment.transfer_id)
    undone = find_reversal(session, transfer.id)
    if undone and (undone.recorded_by_id, undone.memo) == (actor.user_id, reason.strip()):
        return undone
    reasons = reasons_not_to_undo(
        part, transfer.cause, pence=transfer.pence, undone_by_id=undone.id if undone else None
    )
    if reasons:
        raise RuleBroken(reasons)
    reversal = reverse_for_its_act(session, actor, transfer, reason)
    paid_pence = paid_after_undoing(part, transfer.cause, pence=transfer.pence)
    _finish(session, actor, Event.PAYMENT_UNDONE, payment, paid_pence=paid_pence)
    return reversal


def _centre_of(session: Session, part: ClaimPart) -> Centre:
    return session.get_one(Centre, session.get_one(Claim, part.claim_id).centre_id)


def _if_the_same(session: Session, first: ClaimPayment, entry: Entry) -> ClaimPayment:
    refuse_other_values(session, session.get_one(Transfer, first.transfer_id), entry)
    return first


def _post(session: Session, actor: Actor, part: ClaimPart, entry: Entry, key: str) -> ClaimPayment:
    transfer = post_transfer(session, actor, _centre_of(session, part), entry, key)
    payment = ClaimPayment(part_id=part.id, transfer_id=transfer.id)
    session.add(payment)
    return payment


def _finish(
    session: Session, actor: Actor, event: Event, payment: ClaimPayment, *, paid_pence: Pence
) -> None:
    part = session.get_one(ClaimPart, payment.part_id)
    claim = session.get_one(Claim, part.claim_id)
    before = {"paid_pence": part.paid_pence, "state": claim.state}
    part.paid_pence = paid_pence
    session.flush()
    claim.state = state_of(list_parts_of(session, claim))
    transfer = reference_of("transfer", payment.transfer_id)
    record_of_claim(
        session,
        actor,
        event,
        claim,
        payer_ids=[part.payer_id],
        about=[transfer],
        before=before,
        after={
            "paid_pence": part.paid_pence,
            "state": claim.state,
            "payer": reference_of("organisation", part.payer_id),
            "transfer": transfer,
        },
    )
