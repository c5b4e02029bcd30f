"""What a payment of each kind posts to the ledger: looked at beforehand, and posted."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlmodel import Session

from chec.actions.claim_payments import faults_to_return, return_payment
from chec.actions.ledger import faults_to_post, post_transfers
from chec.models import (
    Centre,
    Claim,
    ClaimPart,
    PaymentKind,
    Transfer,
    Venture,
)
from chec.permissions import Actor
from chec.queries.claim_decisions import find_part
from chec.queries.commitments import list_stakes
from chec.rules.claim_posting import refund_entry
from chec.rules.distribution import (
    Distribution,
    Share,
    distribution_entries,
    faults_to_distribute,
    shares_of,
)
from chec.rules.payment_request import Payment
from chec.rules.posting import Entry, Fault
from chec.rules.running_cost import running_cost_entry
from chec.rules.tranche_release import faults_to_release, tranche_entry


class Plan(NamedTuple):
    """A payment, the transfers that it would make, why it cannot be made, and who has which share.

    Without faults it can be; only a distribution has shares.
    """

    payment: Payment
    entries: Sequence[Entry]
    faults: Sequence[Fault]
    shares: Sequence[Share] = ()


def plan_payment(session: Session, actor: Actor, centre: Centre, payment: Payment) -> Plan:
    """What posting the payment would do as everything is now."""
    return _PLANS[payment.kind](session, actor, centre, payment)


def post_payment(
    session: Session, actor: Actor, centre: Centre, plan: Plan, key: str
) -> Sequence[Transfer]:
    """The transfers of a plan without faults, all or none; made under the lock that still holds."""
    payment = plan.payment
    if payment.kind is not PaymentKind.REFUND:
        return post_transfers(session, actor, centre, plan.entries, key)
    returned = return_payment(
        session,
        actor,
        _part_of(session, payment),
        pence=payment.pence,
        returned_on=payment.on,
        idempotency_key=key,
    )
    return [session.get_one(Transfer, returned.transfer_id)]


def _plan_tranche(session: Session, actor: Actor, centre: Centre, payment: Payment) -> Plan:
    venture = session.get_one(Venture, payment.venture_id, populate_existing=True)
    entry = tranche_entry(
        venture, payment.pence, payment.on, payment.memo, reference=payment.reference
    )
    faults = faults_to_release(venture, payment.on)
    return Plan(payment, [entry], faults or faults_to_post(session, actor, centre, [entry]))


def _plan_distribution(session: Session, actor: Actor, centre: Centre, payment: Payment) -> Plan:
    distribution = Distribution(payment.pence, payment.on, payment.memo)
    stakes = list_stakes(session, centre, payment.on)
    shares = shares_of(payment.pence, stakes)
    entries = distribution_entries(shares, distribution)
    faults = faults_to_distribute(distribution, stakes)
    return Plan(payment, entries, faults or faults_to_post(session, actor, centre, entries), shares)


def _plan_refund(session: Session, actor: Actor, _centre: Centre, payment: Payment) -> Plan:
    part = _part_of(session, payment)
    claim = session.get_one(Claim, part.claim_id)
    entry = refund_entry(claim, part, payment.pence, payment.on)
    return Plan(payment, [entry], faults_to_return(session, actor, part, entry))


def _plan_running_cost(session: Session, actor: Actor, centre: Centre, payment: Payment) -> Plan:
    entry = running_cost_entry(payment.pence, payment.on, payment.memo, reference=payment.reference)
    return Plan(payment, [entry], faults_to_post(session, actor, centre, [entry]))


def _part_of(session: Session, payment: Payment) -> ClaimPart:
    assert payment.claim_id
    assert payment.payer_id
    return find_part(session, payment.claim_id, payment.payer_id)


_PLANS: Mapping[PaymentKind, Callable[[Session, Actor, Centre, Payment], Plan]] = {
    PaymentKind.TRANCHE: _plan_tranche,
    PaymentKind.DISTRIBUTION: _plan_distribution,
    PaymentKind.REFUND: _plan_refund,
    PaymentKind.RUNNING_COST: _plan_running_cost,
}
