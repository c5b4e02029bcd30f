"""Payments that one director asks for and another approves: one effect each, once."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from chec.actions.ledger import reverse_transfer
from chec.actions.payment_limits import set_payment_limit
from chec.actions.payment_requests import (
    approve_payment,
    decline_payment,
    request_payment,
    withdraw_payment,
)
from chec.actions.payments import plan_payment
from chec.errors import NotAllowed, RuleBroken
from chec.models import (
    AuditEvent,
    AuditSubject,
    Cause,
    Centre,
    Event,
    Membership,
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentVerdict,
    Role,
    Stage,
    Transfer,
    User,
    Venture,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.bank import bank_pence
from chec.queries.payment_checks import list_requests_that_differ, list_without_two_people
from chec.queries.payment_requests import list_transfers_of
from chec.rules.distribution import shares_in_words
from chec.rules.payment_request import COUNTED_TOGETHER, Payment
from tests import builders
from tests.payments import LIMIT, TODAY, a_centre_with_money, a_director, a_tranche, ask


@pytest.fixture
def centre(session: Session) -> Centre:
    """£10,000 in the bank, and a limit of £1,000."""
    return a_centre_with_money(session)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre)


@pytest.fixture
def asker(session: Session, centre: Centre) -> Actor:
    return a_director(session, centre, user=builders.a_user(session, name="Ana Reed"))


@pytest.fixture
def approver(session: Session, centre: Centre) -> Actor:
    return a_director(session, centre, user=builders.a_user(session, name="Ben Cole"))


@pytest.fixture
def waiting(session: Session, centre: Centre, venture: Venture, asker: Actor) -> PaymentRequest:
    """A tranche of a penny more than the limit."""
    return ask(session, asker, centre, a_tranche(venture, LIMIT + 1))


def verdict_on(session: Session, request: PaymentRequest) -> PaymentVerdict | None:
    decision = session.get(PaymentDecision, request.id)
    return decision.verdict if decision else None


def posted(session: Session, request: PaymentRequest) -> list[int]:
    return [transfer.pence for transfer in list_transfers_of(session, request)]


def all_is_well(session: Session) -> None:
    assert list_requests_that_differ(session) == []
    assert list_without_two_people(session) == []


def test_up_to_the_limit_it_is_paid_at_once_by_whoever_asked(
    session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    day = TODAY - timedelta(days=3)
    request = ask(session, asker, centre, a_tranche(venture, LIMIT, on=day))
    [transfer] = list_transfers_of(session, request)
    assert verdict_on(session, request) is PaymentVerdict.WITHIN_LIMIT
    assert (transfer.pence, transfer.on, transfer.memo) == (LIMIT, day, "Nurses in post")
    assert (transfer.cause, transfer.recorded_by_id) == (Cause.TRANCHE, asker.user_id)
    all_is_well(session)


def test_above_the_limit_it_waits_and_no_money_is_held(
    session: Session, centre: Centre, waiting: PaymentRequest
) -> None:
    assert verdict_on(session, waiting) is None
    assert posted(session, waiting) == []
    assert bank_pence(session, centre.id) == 10_000_00
    assert (waiting.limit_pence, waiting.on) == (LIMIT, TODAY)


def test_without_a_limit_every_payment_needs_two_directors(session: Session) -> None:
    centre = a_centre_with_money(session, limit_pence=0)
    actor = a_director(session, centre)
    request = ask(session, actor, centre, Payment(PaymentKind.RUNNING_COST, 1, TODAY))
    assert verdict_on(session, request) is None


def test_another_director_approves_it_and_it_is_paid_that_day(
    session: Session, waiting: PaymentRequest, approver: Actor
) -> None:
    later = replace(approver, at=builders.NOW + timedelta(days=4))
    approve_payment(session, later, waiting)
    [transfer] = list_transfers_of(session, waiting)
    assert (transfer.pence, transfer.on) == (LIMIT + 1, TODAY + timedelta(days=4))
    assert transfer.recorded_by_id == approver.user_id
    all_is_well(session)


def test_the_day_of_the_approval_is_that_of_london(
    session: Session, waiting: PaymentRequest, approver: Actor
) -> None:
    summer = builders.NOW.replace(year=2027, month=6, day=30, hour=23, minute=30)
    approve_payment(session, replace(approver, at=summer), waiting)
    assert [each.on for each in list_transfers_of(session, waiting)] == [date(2027, 7, 1)]


def test_nobody_approves_a_payment_of_their_own(
    session: Session, waiting: PaymentRequest, asker: Actor
) -> None:
    with pytest.raises(RuleBroken, match="nobody approves a payment of their own"):
        approve_payment(session, asker, waiting)
    with pytest.raises(RuleBroken, match="Withdraw it"):
        decline_payment(session, asker, waiting, "No longer wanted")


def test_one_person_with_two_roles_is_one_person(
    session: Session, centre: Centre, waiting: PaymentRequest, asker: Actor
) -> None:
    user = session.get_one(User, asker.user_id)
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    other_hat = replace(asker, acting_for="administrator of C-0001", grant=None)
    with pytest.raises(RuleBroken, match="of their own"):
        approve_payment(session, other_hat, waiting)


def test_the_system_is_neither_of_the_two(
    session: Session, centre: Centre, venture: Venture, waiting: PaymentRequest, approver: Actor
) -> None:
    with pytest.raises(RuleBroken, match="Only a director of the centre, in person"):
        approve_payment(session, builders.an_actor(), waiting)
    asked = ask(session, builders.an_actor(), centre, a_tranche(venture, LIMIT + 1))
    with pytest.raises(RuleBroken, match="The system asked for PR-"):
        approve_payment(session, approver, asked)


def test_a_director_of_another_centre_does_not_approve(
    session: Session, waiting: PaymentRequest
) -> None:
    elsewhere = a_director(session, builders.a_centre(session))
    with pytest.raises(RuleBroken, match="Only a director of the centre"):
        approve_payment(session, elsewhere, waiting)


def test_who_has_lost_the_role_since_asking_no_longer_counts(
    session: Session, centre: Centre, waiting: PaymentRequest, asker: Actor, approver: Actor
) -> None:
    held = session.exec(select(Membership).where(Membership.user_id == asker.user_id)).one()
    held.ends_before = TODAY
    session.flush()
    with pytest.raises(
        RuleBroken, match=r"Ana Reed asked for PR-.* is not a director of the centre"
    ):
        approve_payment(session, approver, waiting)
    decline_payment(session, approver, waiting, "Ana has left")
    assert verdict_on(session, waiting) is PaymentVerdict.DECLINED


def test_who_has_lost_the_role_since_they_came_in_does_not_approve(
    session: Session, waiting: PaymentRequest, approver: Actor
) -> None:
    held = session.exec(select(Membership).where(Membership.user_id == approver.user_id)).one()
    held.ends_before = TODAY
    session.flush()
    with pytest.raises(NotAllowed):
        approve_payment(session, approver, waiting)
    assert posted(session, waiting) == []


def test_a_locked_account_is_no_second_director(
    session: Session, waiting: PaymentRequest, asker: Actor, approver: Actor
) -> None:
    session.get_one(User, asker.user_id).active = False
    session.flush()
    with pytest.raises(RuleBroken, match="is not a director of the centre today"):
        approve_payment(session, approver, waiting)


@pytest.mark.parametrize("first", ["approved", "declined", "withdrawn"])
def test_a_decision_is_final(
    session: Session,
    centre: Centre,
    waiting: PaymentRequest,
    asker: Actor,
    approver: Actor,
    *,
    first: str,
) -> None:
    match first:
        case "approved":
            approve_payment(session, approver, waiting)
        case "declined":
            decline_payment(session, approver, waiting, "Not yet")
        case "withdrawn":
            withdraw_payment(session, asker, waiting)
    before = posted(session, waiting)
    third = a_director(session, centre)
    with pytest.raises(RuleBroken, match="that is final"):
        approve_payment(session, third, waiting)
    with pytest.raises(RuleBroken, match="that is final"):
        decline_payment(session, third, waiting, "Not at all")
    with pytest.raises(RuleBroken, match="that is final"):
        withdraw_payment(session, third, waiting)
    assert posted(session, waiting) == before
    all_is_well(session)


def test_the_same_act_again_has_no_second_effect(
    session: Session, centre: Centre, venture: Venture, asker: Actor, approver: Actor
) -> None:
    one, two, three = (
        ask(session, asker, centre, a_tranche(venture, LIMIT + n)) for n in (1, 2, 3)
    )
    for _ in range(2):
        approve_payment(session, approver, one)
        decline_payment(session, approver, two, " Not yet ")
        withdraw_payment(session, asker, three)
    assert posted(session, one) == [LIMIT + 1]
    with pytest.raises(RuleBroken, match="that is final"):
        decline_payment(session, approver, two, "Another reason")


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (" ", "Say why"),
        ("=1+1", "spreadsheet formula"),
        ("x" * 301, "Shorten it"),
        ("Patient 943 476 5919", "NHS number"),
    ],
)
def test_declining_takes_a_reason_that_can_be_kept(
    session: Session, waiting: PaymentRequest, approver: Actor, *, reason: str, says: str
) -> None:
    with pytest.raises(RuleBroken, match=says):
        decline_payment(session, approver, waiting, reason)
    assert verdict_on(session, waiting) is None


def test_only_whoever_asked_withdraws(
    session: Session, waiting: PaymentRequest, asker: Actor, approver: Actor
) -> None:
    with pytest.raises(RuleBroken, match="Only whoever asked"):
        withdraw_payment(session, approver, waiting)
    withdraw_payment(session, asker, waiting)
    assert verdict_on(session, waiting) is PaymentVerdict.WITHDRAWN


def test_the_same_form_again_is_one_request_and_with_other_values_none(
    session: Session, centre: Centre, venture: Venture, asker: Actor, approver: Actor
) -> None:
    tranche = a_tranche(venture, LIMIT)
    first = ask(session, asker, centre, tranche, key="form:once")
    assert ask(session, asker, centre, tranche, key="form:once").id == first.id
    for actor, other in (
        (asker, replace(tranche, pence=1)),
        (asker, replace(tranche, venture_id=builders.a_venture(session, centre).id)),
        (asker, replace(tranche, memo="Another milestone")),
        (approver, tranche),
    ):
        with pytest.raises(RuleBroken, match=r"sent before, with other values.*£1,000\.00"):
            ask(session, actor, centre, other, key="form:once")
    assert posted(session, first) == [LIMIT]


def test_a_payment_is_not_cut_into_small_ones(
    session: Session, centre: Centre, venture: Venture, asker: Actor, approver: Actor
) -> None:
    half = a_tranche(venture, LIMIT // 2)
    assert verdict_on(session, ask(session, asker, centre, half))
    assert verdict_on(session, ask(session, approver, centre, half))
    third = ask(session, asker, centre, a_tranche(venture, 1))
    assert verdict_on(session, third) is None
    other = builders.a_venture(session, centre)
    assert verdict_on(session, ask(session, asker, centre, a_tranche(other, LIMIT)))
    cost = Payment(PaymentKind.RUNNING_COST, LIMIT, TODAY, memo="Rent")
    assert verdict_on(session, ask(session, asker, centre, cost))


def test_what_was_paid_alone_counts_for_seven_days_and_what_two_approved_does_not(
    session: Session, centre: Centre, venture: Venture, asker: Actor, approver: Actor
) -> None:
    approved = ask(session, asker, centre, a_tranche(venture, LIMIT + 1))
    approve_payment(session, approver, approved)
    full = a_tranche(venture, LIMIT)
    assert verdict_on(session, ask(session, asker, centre, full))
    almost = replace(asker, at=builders.NOW + COUNTED_TOGETHER - timedelta(seconds=1))
    assert verdict_on(session, ask(session, almost, centre, full)) is None
    after = replace(asker, at=builders.NOW + COUNTED_TOGETHER)
    assert verdict_on(session, ask(session, after, centre, full))


def test_small_payments_that_were_above_the_limit_together_are_found(
    session: Session, centre: Centre, venture: Venture, asker: Actor, approver: Actor
) -> None:
    half, other = a_tranche(venture, LIMIT // 2), builders.a_venture(session, centre)
    ask(session, asker, centre, half)
    ask(session, asker, centre, a_tranche(other, LIMIT))
    ask(session, asker, centre, Payment(PaymentKind.RUNNING_COST, LIMIT, TODAY, memo="Rent"))
    approve_payment(session, approver, ask(session, asker, centre, a_tranche(venture, LIMIT)))
    week_on = replace(asker, at=builders.NOW + COUNTED_TOGETHER)
    ask(session, week_on, centre, a_tranche(venture, LIMIT))
    all_is_well(session)
    slipped_through = PaymentRequest(
        **vars(half),
        centre_id=centre.id,
        limit_pence=LIMIT,
        requested_at=week_on.at + COUNTED_TOGETHER - timedelta(seconds=1),
        requested_by_id=asker.user_id,
        idempotency_key="slipped through",
    )
    session.add(slipped_through)
    session.flush()
    decision = PaymentDecision(
        request_id=slipped_through.id,
        verdict=PaymentVerdict.WITHIN_LIMIT,
        decided_at=slipped_through.requested_at,
        decided_by_id=asker.user_id,
    )
    session.add(decision)
    session.flush()
    assert list_without_two_people(session) == [slipped_through.id]


def test_a_payment_that_is_dated_back_counts_on_the_day_on_which_it_is_asked_for(
    session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    long_ago = a_tranche(venture, LIMIT, on=TODAY - timedelta(days=30))
    assert verdict_on(session, ask(session, asker, centre, long_ago))
    assert verdict_on(session, ask(session, asker, centre, a_tranche(venture, 1))) is None


def test_what_could_not_be_paid_cannot_be_asked_for(
    session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    for payment, says in (
        (a_tranche(venture, 10_000_01), r"£0\.01 short"),
        (a_tranche(venture, 1, on=TODAY + timedelta(days=1)), "in the future"),
        (replace(a_tranche(venture, 1), memo="=1"), "spreadsheet formula"),
        (Payment(PaymentKind.DISTRIBUTION, 1, TODAY), "no investor had paid in"),
    ):
        with pytest.raises(RuleBroken, match=says):
            ask(session, asker, centre, payment)
    assert session.exec(select(PaymentRequest)).all() == []


def test_what_waits_is_checked_again_when_it_is_approved(
    session: Session, centre: Centre, venture: Venture, asker: Actor, approver: Actor
) -> None:
    first, second, third = (
        ask(session, asker, centre, a_tranche(venture, pence))
        for pence in (6_000_00, 5_000_00, 2_000_00)
    )
    approve_payment(session, approver, first)
    with pytest.raises(RuleBroken, match=r"£1,000\.00 short"):
        approve_payment(session, approver, second)
    venture.stage, venture.stage_since_on = Stage.STOPPED, TODAY
    session.flush()
    with pytest.raises(RuleBroken, match="stopped on 16 November 2026"):
        approve_payment(session, approver, third)
    assert [verdict_on(session, each) for each in (second, third)] == [None, None]
    all_is_well(session)


def test_a_distribution_is_approved_with_the_shares_of_its_day(
    session: Session, asker: Actor, approver: Actor, centre: Centre
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=4_000_00)
    payment = Payment(PaymentKind.DISTRIBUTION, 3_000_00, TODAY)

    def seen() -> str:
        return shares_in_words(plan_payment(session, asker, centre, payment).shares)

    asked_with = seen()
    request = request_payment(
        session, asker, centre, payment, seen=asked_with, idempotency_key="form:1"
    )
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=2_000_00)
    for stale in ("", asked_with):
        with pytest.raises(RuleBroken, match="changed since you looked"):
            approve_payment(session, approver, request, seen=stale)
    approve_payment(session, approver, request, seen=seen())
    assert sorted(posted(session, request)) == [1_000_00, 2_000_00]
    all_is_well(session)


def test_the_trail_says_who_asked_and_who_decided(
    session: Session, venture: Venture, waiting: PaymentRequest, asker: Actor, approver: Actor
) -> None:
    approve_payment(session, approver, waiting)
    session.commit()
    name = reference("payment_request", waiting.id)
    asked, approved = session.exec(
        select(AuditEvent).where(AuditEvent.subject == name).order_by(AuditEvent.id)  # type: ignore[arg-type]
    ).all()
    assert (asked.event, asked.user_id) == (Event.PAYMENT_REQUESTED, asker.user_id)
    assert (approved.event, approved.user_id) == (
        Event.PAYMENT_REQUEST_APPROVED,
        approver.user_id,
    )
    [paid] = list_transfers_of(session, waiting)
    transfer = reference("transfer", paid.id)
    for event, joined in ((asked, set()), (approved, {transfer})):
        assert event.centre_id == waiting.centre_id
        assert '"pence"' in event.changes
        about = select(AuditSubject.subject).where(AuditSubject.event_id == event.id)
        assert set(session.exec(about)) == {name, reference("venture", venture.id)} | joined
    assert not {"verdict", "transfers"} & json.loads(asked.changes).keys()
    assert json.loads(approved.changes)["verdict"] == [None, PaymentVerdict.APPROVED]


def test_the_trail_tells_what_was_paid_at_once_and_by_which_transfers(
    session: Session, centre: Centre, venture: Venture, asker: Actor
) -> None:
    request = ask(session, asker, centre, a_tranche(venture, LIMIT))
    session.commit()
    [paid] = list_transfers_of(session, request)
    transfer, name = reference("transfer", paid.id), reference("payment_request", request.id)
    about = select(AuditSubject.event_id).where(AuditSubject.subject == transfer)
    _posted, event = session.exec(
        select(AuditEvent).where(AuditEvent.id.in_(about)).order_by(AuditEvent.id)  # type: ignore[attr-defined, arg-type]
    )
    assert (event.event, event.subject) == (Event.PAYMENT_REQUESTED, name)
    told = json.loads(event.changes)
    assert told["verdict"] == [None, PaymentVerdict.WITHIN_LIMIT]
    assert told["transfers"] == [None, transfer]


def test_a_payment_that_was_taken_back_is_asked_for_anew(
    session: Session, centre: Centre, waiting: PaymentRequest, approver: Actor
) -> None:
    approve_payment(session, approver, waiting)
    [transfer] = list_transfers_of(session, waiting)
    undone = reverse_transfer(session, approver, transfer, "Meant for another venture")
    with pytest.raises(RuleBroken, match="This took a tranche back"):
        reverse_transfer(session, approver, undone, "It was right")
    assert bank_pence(session, centre.id) == 10_000_00


def test_whoever_may_pay_does_not_set_the_limit(
    session: Session, centre: Centre, asker: Actor
) -> None:
    with pytest.raises(RuleBroken, match="nobody sets the limit of their own payments"):
        set_payment_limit(session, replace(asker, grant=None), centre, 5)


def test_a_new_limit_leaves_what_waits_as_it_is(
    session: Session, centre: Centre, venture: Venture, waiting: PaymentRequest, asker: Actor
) -> None:
    set_payment_limit(session, builders.an_actor(), centre, LIMIT * 3)
    set_payment_limit(session, builders.an_actor(), centre, LIMIT * 3)
    assert verdict_on(session, waiting) is None
    again = ask(session, asker, centre, a_tranche(venture, LIMIT + 1))
    assert verdict_on(session, again) is PaymentVerdict.WITHIN_LIMIT
    session.commit()
    set_so_far = select(AuditEvent.changes).where(AuditEvent.event == Event.PAYMENT_LIMIT_SET)
    *_, last = session.exec(set_so_far.order_by(AuditEvent.id)).all()  # type: ignore[arg-type]
    assert last == '{"payment_limit_pence":[100000,300000]}'


@pytest.mark.parametrize("pence", [-1, 10**12 + 1])
def test_a_limit_out_of_all_measure_is_refused(
    session: Session, centre: Centre, pence: int
) -> None:
    with pytest.raises(RuleBroken, match="from £0 to £10,000,000,000"):
        set_payment_limit(session, builders.an_actor(), centre, pence)


def test_a_request_that_does_not_agree_with_the_ledger_is_found(
    session: Session, centre: Centre, waiting: PaymentRequest, asker: Actor
) -> None:
    session.add(
        PaymentDecision(
            request_id=waiting.id,
            verdict=PaymentVerdict.APPROVED,
            decided_at=builders.NOW,
            decided_by_id=asker.user_id,
        )
    )
    session.flush()
    [found] = list_requests_that_differ(session)
    assert (found.request_id, found.state, found.posted_pence) == (waiting.id, "approved", 0)
    assert list_without_two_people(session) == [waiting.id]


def test_all_of_a_distribution_is_one_payment(session: Session, centre: Centre) -> None:
    for pence in (600_00, 400_00):
        builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=pence)
    payment = Payment(PaymentKind.DISTRIBUTION, 1_000_00, TODAY, memo="First")
    actor = a_director(session, centre)
    seen = shares_in_words(plan_payment(session, actor, centre, payment).shares)
    request = request_payment(session, actor, centre, payment, seen=seen, idempotency_key="form:1")
    keys = [transfer.idempotency_key for transfer in list_transfers_of(session, request)]
    assert keys == [f"request:{request.id}:{number}" for number in (1, 2)]
    assert session.get_one(Transfer, list_transfers_of(session, request)[0].id).memo == "First"
