"""Payments for tests: directors of a centre, and what they ask for."""

from datetime import date, datetime
from itertools import count

from sqlmodel import Session

from chec.actions.payment_requests import request_payment
from chec.finance.money import Pence
from chec.models import Cause, Centre, PaymentKind, PaymentRequest, Role, User, Venture
from chec.permissions import Actor, Grant
from chec.rules.payment_request import Payment
from tests import builders

LIMIT = 1_000_00
TODAY = builders.NOW.date()

_number = count(1)


def a_centre_with_money(
    session: Session, *, limit_pence: Pence = LIMIT, bank_pence: Pence = 10_000_00
) -> Centre:
    """A centre that has received a grant."""
    centre = builders.a_centre(session, payment_limit_pence=limit_pence)
    builders.a_transfer(session, centre, Cause.GRANT, pence=bank_pence)
    return centre


def a_director(
    session: Session,
    centre: Centre,
    *,
    user: User | None = None,
    at: datetime = builders.NOW,
    ends_before: date | None = None,
) -> Actor:
    """Somebody who holds the role in the centre, acting for it."""
    user = user or builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre, ends_before=ends_before)
    grant = Grant(Role.DIRECTOR, centre_id=centre.id)
    return Actor(user.id, grant.acting_for, "", at, grant)


def a_tranche(venture: Venture, pence: Pence, *, on: date = TODAY) -> Payment:
    kind = PaymentKind.TRANCHE
    return Payment(kind, pence, on, venture_id=venture.id, memo="Nurses in post")


def ask(
    session: Session, actor: Actor, centre: Centre, payment: Payment, *, key: str = ""
) -> PaymentRequest:
    """The request of a form of its own, unless `key` is one that was sent before."""
    key = key or f"form:{next(_number)}"
    return request_payment(session, actor, centre, payment, idempotency_key=key)
