"""Payment requests: the ones a viewer may see, what waits, and what became of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlmodel import Session, col

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    Centre,
    Claim,
    Organisation,
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
    Transfer,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.users import user_names


class RequestState(StrEnum):
    """What a list can be filtered by: a request waits, or has its verdict."""

    WAITING = "waiting"
    WITHIN_LIMIT = PaymentVerdict.WITHIN_LIMIT.value
    APPROVED = PaymentVerdict.APPROVED.value
    DECLINED = PaymentVerdict.DECLINED.value
    WITHDRAWN = PaymentVerdict.WITHDRAWN.value


class FoundRequest(NamedTuple):
    """A request as the viewer may see it; without a decision it waits."""

    asked: PaymentRequest
    centre: Centre
    venture: Venture | None
    payer: Organisation | None
    decision: PaymentDecision | None
    requested_by: str
    decided_by: str

    @property
    def state(self) -> RequestState:
        return _state_of(self.decision)


@dataclass(frozen=True)
class RequestFilter:
    """Which requests of a centre; None leaves a thing out of account."""

    state: RequestState | None = None
    kind: PaymentKind | None = None


class ListedRequest(NamedTuple):
    """A request as a list shows it; `payee` None where there is not one."""

    id: int
    kind: PaymentKind
    pence: Pence
    payee: str | None
    memo: str
    requested_at: datetime
    requested_by: str
    state: RequestState
    decided_at: datetime | None
    decided_by: str


class Waiting(NamedTuple):
    """What waits for a second director."""

    request_count: int
    pence: Pence


def get_payment_request(
    session: Session, viewer: Viewer, action: Action, request_id: int
) -> FoundRequest:
    """The request, if the viewer may `action` in its centre; NotFound otherwise."""
    query: Any = (
        select(PaymentRequest, Centre, Venture, Organisation, PaymentDecision)
        .join(Centre, col(PaymentRequest.centre_id) == Centre.id)
        .join(Venture, col(PaymentRequest.venture_id) == Venture.id, isouter=True)
        .join(Organisation, col(PaymentRequest.payer_id) == Organisation.id, isouter=True)
        .join(PaymentDecision, col(PaymentDecision.request_id) == PaymentRequest.id, isouter=True)
        .where(col(PaymentRequest.id) == request_id)
    )
    found = session.execute(query).one_or_none()
    if found is None or not (viewer.sees_all or found[1].id in viewer.centres(action)):
        raise NotFound
    request, centre, venture, payer, decision = found
    asker, decider = request.requested_by_id, decision and decision.decided_by_id
    names = user_names(session, viewer, centre.id, [asker, decider])
    return FoundRequest(request, centre, venture, payer, decision, names[asker], names[decider])


def find_decision_on(session: Session, request: PaymentRequest) -> PaymentDecision | None:
    """What became of the request, as it is now; None while it waits."""
    return session.get(PaymentDecision, request.id, populate_existing=True)


def find_request_under(
    session: Session, centre_id: int, idempotency_key: str
) -> PaymentRequest | None:
    """The request of the centre that a form sent under that key has made, if it has."""
    query = select(PaymentRequest).where(
        col(PaymentRequest.centre_id) == centre_id,
        col(PaymentRequest.idempotency_key) == idempotency_key,
    )
    return session.scalars(query).one_or_none()


def find_request_of(session: Session, viewer: Viewer, transfer: Transfer) -> PaymentRequest | None:
    """The request that posted the transfer, or what it reverses, if the viewer may see it."""
    see = Action.VIEW_PAYMENT_REQUESTS
    if not (viewer.sees_all or transfer.centre_id in viewer.centres(see)):
        return None
    query = (
        select(PaymentRequest)
        .join(PaymentTransfer, col(PaymentTransfer.request_id) == PaymentRequest.id)
        .where(col(PaymentTransfer.transfer_id) == (transfer.reverses_id or transfer.id))
    )
    return session.scalars(query).one_or_none()


def list_transfers_of(session: Session, request: PaymentRequest) -> Sequence[Transfer]:
    """What the request posted, in order; nothing while it waits, or where it was not paid."""
    query = (
        select(Transfer)
        .join(PaymentTransfer, col(PaymentTransfer.transfer_id) == Transfer.id)
        .where(col(PaymentTransfer.request_id) == request.id)
    )
    return session.scalars(query.order_by(col(Transfer.id))).all()


def count_payment_requests(
    session: Session, viewer: Viewer, centre_id: int, chosen: RequestFilter
) -> int:
    """How many requests of the centre `chosen` lets through."""
    query = _with_decisions(func.count()).where(_wanted(viewer, centre_id, chosen))
    return int(session.execute(query).scalar_one())


def list_payment_requests(
    session: Session,
    viewer: Viewer,
    centre_id: int,
    chosen: RequestFilter,
    *,
    offset: int = 0,
    limit: int = 50,
) -> list[ListedRequest]:
    """Those that `chosen` lets through: first what waits, oldest first; then the newest first."""
    request, decision = PaymentRequest, PaymentDecision
    waits, key = col(decision.verdict).is_(None), col(request.id)
    query = (
        _with_decisions(request, decision, func.coalesce(col(Venture.name), col(Organisation.name)))
        .join(Venture, col(request.venture_id) == Venture.id, isouter=True)
        .join(Organisation, col(request.payer_id) == Organisation.id, isouter=True)
        .where(_wanted(viewer, centre_id, chosen))
        .order_by(case((waits, 0), else_=1), case((waits, key), else_=-key))
        .offset(offset)
        .limit(limit)
    )
    rows = session.execute(query).all()
    people = {asked.requested_by_id for asked, *_ in rows}
    people |= {made.decided_by_id for _, made, _ in rows if made}
    names = user_names(session, viewer, centre_id, people)
    return [
        ListedRequest(
            id=asked.id,
            kind=asked.kind,
            pence=asked.pence,
            payee=payee,
            memo=asked.memo,
            requested_at=asked.requested_at,
            requested_by=names[asked.requested_by_id],
            state=_state_of(made),
            decided_at=made and made.decided_at,
            decided_by=names[made and made.decided_by_id],
        )
        for asked, made, payee in rows
    ]


def total_waiting(session: Session, centre_id: int) -> Waiting:
    """How many payments of the centre wait for a second director, and what they come to."""
    query = _with_decisions(func.count(), func.sum(col(PaymentRequest.pence))).where(
        col(PaymentRequest.centre_id) == centre_id, col(PaymentDecision.verdict).is_(None)
    )
    count, pence = session.execute(query).one()
    return Waiting(count, int(pence or 0))


def list_waiting_refunds(
    session: Session, viewer: Viewer, claim: Claim
) -> Sequence[PaymentRequest]:
    """Money to go back on the claim that waits for a second director, if the viewer may see it."""
    see = Action.VIEW_PAYMENT_REQUESTS
    if not (viewer.sees_all or claim.centre_id in viewer.centres(see)):
        return []
    query = _with_decisions(PaymentRequest).where(
        col(PaymentRequest.claim_id) == claim.id, col(PaymentDecision.verdict).is_(None)
    )
    return session.scalars(query.order_by(col(PaymentRequest.id))).all()


def _state_of(decision: PaymentDecision | None) -> RequestState:
    return RequestState(decision.verdict.value) if decision else RequestState.WAITING


def _with_decisions(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(PaymentRequest)
        .join(PaymentDecision, col(PaymentDecision.request_id) == PaymentRequest.id, isouter=True)
    )


def _wanted(viewer: Viewer, centre_id: int, chosen: RequestFilter) -> ColumnElement[bool]:
    conditions = [col(PaymentRequest.centre_id) == centre_id]
    if not viewer.sees_all:
        own = viewer.centres(Action.VIEW_PAYMENT_REQUESTS)
        conditions.append(col(PaymentRequest.centre_id).in_(own))
    if chosen.kind:
        conditions.append(col(PaymentRequest.kind) == chosen.kind)
    if chosen.state is RequestState.WAITING:
        conditions.append(col(PaymentDecision.verdict).is_(None))
    elif chosen.state:
        conditions.append(col(PaymentDecision.verdict) == PaymentVerdict(chosen.state.value))
    return and_(*conditions)
