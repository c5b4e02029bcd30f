"""Payments out of a centre: asked for by its director, approved by the second above the limit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from chec.actions.payment_requests import (
    approve_payment,
    decline_payment,
    request_payment,
    withdraw_payment,
)
from chec.actions.payments import plan_payment
from chec.finance.money import parse_pounds
from chec.models import PaymentKind, PaymentRequest
from chec.rules.distribution import shares_in_words
from chec.rules.payment_request import Payment
from chec.seeding.centres import CentreTold
from chec.seeding.files import known_at, moment
from chec.seeding.timeline import Act

Row = dict[str, str]
APPROVED_AFTER = timedelta(hours=2)


def paid(told: CentreTold, payment: Payment) -> Iterator[Act]:
    """A payment that was made on its day: above the limit it was asked for on that day too."""
    telling = _Payments(told)
    if payment.pence <= told.centre.payment_limit_pence:
        yield Act(known_at(payment.on), partial(telling.ask, payment.reference, payment))
        return
    asked_at = moment(payment.on)
    yield Act(asked_at, partial(telling.ask, payment.reference, payment))
    yield Act(asked_at + APPROVED_AFTER, partial(telling.approve, payment.reference))


def payment_requests(told: CentreTold) -> Iterator[Act]:
    """Every line of `payment_requests.csv`: what was asked for and not paid."""
    telling = _Payments(told)
    for row in told.files.rows("payment_requests.csv"):
        yield Act(moment(told.calendar.day_of(row)), partial(telling.act, row))


class _Payments:
    """The requests so far, by name."""

    def __init__(self, told: CentreTold) -> None:
        self.told = told
        self.found: dict[str, PaymentRequest] = {}

    def act(self, row: Row, at: datetime, key: str) -> None:
        """What a line of `payment_requests.csv` says."""
        match row["act"]:
            case "ask":
                self.ask(row["request"], self.payment(row), at, key)
            case "decline":
                actor, asked = self.told.second_director(at), self.found[row["request"]]
                decline_payment(self.told.session, actor, asked, row["words"])
            case "withdraw":
                asked = self.found[row["request"]]
                withdraw_payment(self.told.session, self.told.director(at), asked)

    def payment(self, row: Row) -> Payment:
        venture = self.told.ventures.get(row["venture"])
        return Payment(
            PaymentKind(row["kind"]),
            parse_pounds(row["pounds"]),
            self.told.calendar.day_of(row),
            venture_id=venture.id if venture else None,
            reference=row["request"] if venture else "",
            memo=row["words"],
        )

    def ask(self, name: str, payment: Payment, at: datetime, key: str) -> None:
        told, director = self.told, self.told.director(at)
        shares = plan_payment(told.session, director, told.centre, payment).shares
        self.found[name] = request_payment(
            told.session,
            director,
            told.centre,
            payment,
            seen=shares_in_words(shares),
            idempotency_key=key,
        )

    def approve(self, name: str, at: datetime, _key: str) -> None:
        approve_payment(self.told.session, self.told.second_director(at), self.found[name])
