"""Payment requests that do not agree with the ledger, or with the rule of two people."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import and_, case, func, or_, select
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.models import (
    PaymentDecision,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
    Transfer,
)

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


def list_without_two_people(session: Session) -> Sequence[int]:
    """Keys of requests that two people should have been behind, and were not."""
    request, verdict = PaymentRequest, col(PaymentDecision.verdict)
    asked, decided = col(request.requested_by_id), col(PaymentDecision.decided_by_id)
    by_one = or_(asked.is_(None), decided.is_(None), asked == decided)
    above = col(request.pence) > col(request.limit_pence)
    query = (
        select(col(request.id))
        .join(PaymentDecision, col(PaymentDecision.request_id) == request.id)
        .where(
            or_(
                and_(verdict == PaymentVerdict.APPROVED, by_one),
                and_(verdict == PaymentVerdict.WITHIN_LIMIT, above),
            )
        )
        .order_by(col(request.id))
    )
    return session.scalars(query).all()
