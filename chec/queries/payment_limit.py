"""Payments beside the centre's limit and its bank: what is paid at once, and what would be left."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.models import Centre, PaymentDecision, PaymentRequest, PaymentVerdict
from chec.permissions import Action
from chec.queries.bank import bank_pence
from chec.queries.payment_requests import Waiting, total_waiting
from chec.queries.viewers import get_viewer
from chec.rules.payment_request import COUNTED_TOGETHER, AgainstLimit, Payment


class Prospect(NamedTuple):
    """What is in the bank, what waits for a second director, and what is about to be asked for."""

    bank_pence: Pence
    waiting: Waiting
    asked_pence: Pence = 0

    @property
    def left_pence(self) -> Pence:
        """In the bank once all of it is paid; below zero, not all of it can be."""
        return self.bank_pence - self.waiting.pence - self.asked_pence


def prospect_of(session: Session, centre: Centre, asked_pence: Pence = 0) -> Prospect:
    """What the bank would have left after everything that waits and `asked_pence` more."""
    return Prospect(bank_pence(session, centre.id), total_waiting(session, centre.id), asked_pence)


def against_limit(session: Session, centre: Centre, payment: Payment, at: datetime) -> AgainstLimit:
    """The payment beside the limit of the centre as it is at this moment."""
    return AgainstLimit(
        payment.pence,
        _paid_lately_pence(session, centre, payment, at),
        centre.payment_limit_pence,
    )


def may_pay(session: Session, user_id: int | None, centre_id: int, today: date) -> bool:
    """Whether this person may pay for the centre on the day; the system is nobody."""
    if user_id is None:
        return False
    return centre_id in get_viewer(session, user_id, today).centres(Action.APPROVE_PAYMENT)


def _paid_lately_pence(session: Session, centre: Centre, payment: Payment, at: datetime) -> Pence:
    """What went out to the same payee without a second director, in the seven days up to `at`."""
    request = PaymentRequest
    query = (
        select(func.sum(col(request.pence)))
        .join(PaymentDecision, col(PaymentDecision.request_id) == request.id)
        .where(
            col(request.centre_id) == centre.id,
            col(request.kind) == payment.kind,
            col(request.venture_id).is_not_distinct_from(payment.venture_id),
            col(request.payer_id).is_not_distinct_from(payment.payer_id),
            col(request.requested_at) > at - COUNTED_TOGETHER,
            col(PaymentDecision.verdict) == PaymentVerdict.WITHIN_LIMIT,
        )
    )
    return int(session.execute(query).scalar_one() or 0)
