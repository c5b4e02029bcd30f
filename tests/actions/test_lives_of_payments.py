"""Whatever directors do, no payment above the limit is made by one of them, and none twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import pytest
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from chec.actions.claim_payments import undo_payment
from chec.actions.clawbacks import claw_back
from chec.actions.ledger import reverse_transfer
from chec.actions.payment_limits import set_payment_limit
from chec.actions.payment_requests import (
    approve_payment,
    decline_payment,
    payment_today,
    request_payment,
    withdraw_payment,
)
from chec.actions.payments import plan_payment
from chec.errors import NotAllowed, RuleBroken
from chec.models import (
    BANK,
    Cause,
    ClaimPayment,
    Membership,
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
    Transfer,
)
from chec.permissions import Actor
from chec.queries.accounts import find_account
from chec.queries.bank import bank_pence
from chec.queries.payment_checks import list_requests_that_differ, list_without_two_people
from chec.rules.distribution import shares_in_words
from chec.rules.payment_request import COUNTED_TOGETHER, Payment
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.payments import a_centre_with_money, a_director

Row = TypeVar("Row", bound=SQLModel)

ACTS = 60
KEYS = 60
"""Of forms; the same one is sometimes sent again."""


class Lives:
    """A centre with money, three directors and two ventures, and acts as `dice` fall."""

    def __init__(self, session: Session, dice: Random) -> None:
        self.session, self.dice = session, dice
        self.centre = a_centre_with_money(session, limit_pence=300_00, bank_pence=5_000_00)
        self.ventures = [builders.a_venture(session, self.centre) for _ in range(2)]
        self.directors = [a_director(session, self.centre) for _ in range(3)]
        builders.a_transfer(session, self.centre, Cause.DRAWDOWN, pence=1_000_00)
        self.payer = builders.a_payer(session)
        self.claim = self._clawed_back()
        self.now: datetime = builders.NOW

    def act(self) -> None:
        """One act, some hours after the last, which a rule may refuse."""
        self.now += timedelta(hours=self.dice.randrange(30))
        often = [self.ask, self.ask, self.approve, self.approve]
        rarely = [self.decline, self.withdraw, self.reverse, self.undo, self.set_limit]
        try:
            self.dice.choice([*often * 6, *rarely * 2, self.leave])()
        except (RuleBroken, NotAllowed):
            self.session.flush()

    def ask(self) -> None:
        payment = self._payment()
        actor = self._somebody()
        plan = plan_payment(self.session, actor, self.centre, payment)
        request_payment(
            self.session,
            actor,
            self.centre,
            payment,
            seen=shares_in_words(plan.shares),
            idempotency_key=f"form:{self.dice.randrange(KEYS)}",
        )

    def approve(self) -> None:
        actor, request = self._somebody(), self._a_request()
        plan = plan_payment(self.session, actor, self.centre, payment_today(request, actor))
        approve_payment(self.session, actor, request, seen=shares_in_words(plan.shares))

    def decline(self) -> None:
        decline_payment(self.session, self._somebody(), self._a_request(), "Not now")

    def withdraw(self) -> None:
        withdraw_payment(self.session, self._somebody(), self._a_request())

    def reverse(self) -> None:
        paid_out = (Cause.TRANCHE, Cause.DISTRIBUTION, Cause.RUNNING_COST)
        transfer = self._one(select(Transfer).where(col(Transfer.cause).in_(paid_out)))
        reverse_transfer(self.session, self._somebody(), transfer, "A slip")

    def undo(self) -> None:
        returned = (
            select(ClaimPayment)
            .join(Transfer, col(ClaimPayment.transfer_id) == Transfer.id)
            .where(Transfer.cause == Cause.REFUND)
        )
        undo_payment(self.session, self._somebody(), self._one(returned), "A slip")

    def set_limit(self) -> None:
        limit = self.dice.choice([0, 100_00, 300_00, 500_00])
        set_payment_limit(self.session, builders.an_actor(at=self.now), self.centre, limit)

    def leave(self) -> None:
        """One of the directors loses the role, and another joins."""
        gone = self.directors.pop(0)
        held = select(Membership).where(Membership.user_id == gone.user_id)
        self.session.exec(held).one().ends_before = self.now.date()
        self.session.flush()
        self.directors.append(a_director(self.session, self.centre))

    def _clawed_back(self) -> int:
        """A claim on which £400 were paid and clawed back."""
        measure = builders.a_measure(pence=100_00, clawback_days=4_000)
        contract = builders.a_contract(self.session, self.centre, self.payer, measures=(measure,))
        claim = builders.a_claim(self.session, contract, self.ventures[0], counts={"M01": 4})
        decide(self.session, claim, self.payer)
        pay(self.session, claim, self.payer, 400_00)
        claw_back(
            self.session,
            somebody_of(self.session, self.payer),
            part_of(self.session, claim, self.payer),
            line_of(self.session, claim),
            units=4,
            reason="It did not hold.",
            idempotency_key="back:1",
        )
        return claim.id

    def _payment(self) -> Payment:
        kind = self.dice.choice(list(PaymentKind))
        pence = self.dice.choice([1, 100_00, 150_00, 300_00, 300_01, 1_000_00, 9_000_00])
        on = self.now.date() - timedelta(days=self.dice.randrange(3))
        match kind:
            case PaymentKind.TRANCHE:
                return Payment(kind, pence, on, venture_id=self.dice.choice(self.ventures).id)
            case PaymentKind.REFUND:
                return Payment(kind, pence, on, claim_id=self.claim, payer_id=self.payer.id)
            case _:
                return Payment(kind, pence, on)

    def _somebody(self) -> Actor:
        gone_too = [*self.directors, self.directors[0]]
        return replace(self.dice.choice(gone_too), at=self.now)

    def _a_request(self) -> PaymentRequest:
        """Mostly one that waits."""
        query = select(PaymentRequest)
        if self.dice.random() < 0.8:
            decided = select(PaymentDecision.request_id)
            query = query.where(col(PaymentRequest.id).not_in(decided))
        return self._one(query)

    def _one(self, query: SelectOfScalar[Row]) -> Row:
        found = self.session.exec(query).all()
        if not found:
            raise RuleBroken("There is none yet.")
        return self.dice.choice(found)


@pytest.mark.parametrize("seed", range(4))
def test_two_people_are_behind_whatever_one_alone_may_not_pay(session: Session, seed: int) -> None:
    lives = Lives(session, Random(seed))
    before = len(session.exec(select(Transfer)).all())
    for _ in range(ACTS):
        lives.act()
        assert list_requests_that_differ(session) == []
        assert list_without_two_people(session) == []
        assert bank_pence(session, lives.centre.id) >= 0
    every_payment_out_was_asked_for(session, lives, before)
    nobody_alone_pays_more_than_the_limit_in_a_week(session)
    verdicts = {decision.verdict for decision in session.exec(select(PaymentDecision))}
    assert {PaymentVerdict.WITHIN_LIMIT, PaymentVerdict.APPROVED} <= verdicts


def every_payment_out_was_asked_for(session: Session, lives: Lives, before: int) -> None:
    """Of what was recorded since, all that left the bank belongs to a request."""
    bank = find_account(session, lives.centre.id, BANK)
    assert bank
    transfers = session.exec(select(Transfer).order_by(col(Transfer.id))).all()[before:]
    out = [each.id for each in transfers if each.credit_account_id == bank.id]
    asked_for = select(PaymentTransfer.transfer_id).order_by(col(PaymentTransfer.transfer_id))
    assert out == session.exec(asked_for).all()


def nobody_alone_pays_more_than_the_limit_in_a_week(session: Session) -> None:
    """What went out at once to one payee within seven days stays within the newest limit."""
    query = (
        select(PaymentRequest)
        .join(PaymentDecision, col(PaymentDecision.request_id) == PaymentRequest.id)
        .where(PaymentDecision.verdict == PaymentVerdict.WITHIN_LIMIT)
    )
    paid = session.exec(query).all()
    for last in paid:
        together = sum(
            each.pence
            for each in paid
            if (each.kind, each.venture_id, each.payer_id)
            == (last.kind, last.venture_id, last.payer_id)
            and each.id <= last.id
            and last.requested_at - each.requested_at < COUNTED_TOGETHER
        )
        assert together <= last.limit_pence
