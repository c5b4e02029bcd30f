"""Payment requests that do not agree with the ledger, or with the rule of two people."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import case, func, or_, select
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.models import (
    PaymentDecision,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
    Transfer,
)
from chec.rules.payment_request import COUNTED_TOGETHER, AgainstLimit

_PAID = (PaymentVerdict.WITHIN_LIMIT, PaymentVerdict.APPROVED)


class RequestThatDiffers(NamedTuple):
    """A request, its state, what it is of and what was posted for it."""

    request_id: int
    state: str
    pence: Pence
    posted_pence: Pence


def list_requests_that_differ(session: Session) -> list[RequestThatDiffers]:
    """Requests that were paid and have not posted their amount, or have without being paid."""
    decision, request = PaymentDecision, PaymentRequest
    posted = func.coalesce(func.sum(col(Transfer.pence)), 0)
    is_paid = col(decision.verdict).in_(_PAID)
    query = (
        select(col(request.id), col(decision.verdict), col(request.pence), posted)
        .join(decision, col(decision.request_id) == request.id, isouter=True)
        .join(PaymentTransfer, col(PaymentTransfer.request_id) == request.id, isouter=True)
        .join(Transfer, col(PaymentTransfer.transfer_id) == Transfer.id, isouter=True)
        .group_by(col(request.id), col(decision.verdict), col(request.pence))
        .having(posted != case((is_paid, col(request.pence)), else_=0))
        .order_by(col(request.id))
    )
    return [
        RequestThatDiffers(key, verdict.value if verdict else "waiting", pence, int(found))
        for key, verdict, pence, found in session.execute(query)
    ]


def list_without_two_people(session: Session) -> list[int]:
    """Keys of requests that two people should have been behind, and were not."""
    return sorted([*_approved_by_one(session), *_paid_above_limit(session)])


def _approved_by_one(session: Session) -> Sequence[int]:
    asked, decided = col(PaymentRequest.requested_by_id), col(PaymentDecision.decided_by_id)
    query = (
        select(col(PaymentRequest.id))
        .join(PaymentDecision, col(PaymentDecision.request_id) == PaymentRequest.id)
        .where(
            col(PaymentDecision.verdict) == PaymentVerdict.APPROVED,
            or_(asked.is_(None), decided.is_(None), asked == decided),
        )
    )
    return session.scalars(query).all()


def _paid_above_limit(session: Session) -> Iterator[int]:
    """Those paid at once, though above the limit with what the same payee had got lately."""
    query = (
        select(PaymentRequest)
        .join(PaymentDecision, col(PaymentDecision.request_id) == PaymentRequest.id)
        .where(col(PaymentDecision.verdict) == PaymentVerdict.WITHIN_LIMIT)
        .order_by(col(PaymentRequest.id))
    )
    counted: dict[object, list[PaymentRequest]] = defaultdict(list)
    for request in session.scalars(query):
        payee = request.centre_id, request.kind, request.venture_id, request.payer_id
        since = request.requested_at - COUNTED_TOGETHER
        lately = [each for each in counted[payee] if each.requested_at > since]
        lately_pence = sum(each.pence for each in lately)
        if not AgainstLimit(request.pence, lately_pence, request.limit_pence).is_within:
            yield request.id
        counted[payee] = [*lately, request]
