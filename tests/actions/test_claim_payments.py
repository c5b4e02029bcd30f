"""Payments on a claim: in part, in full, undone, and returned after a clawback."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlmodel import Session, select

from chec.actions.claim_payments import return_payment, undo_payment
from chec.actions.clawbacks import claw_back
from chec.actions.ledger import post_transfer, reverse_transfer
from chec.errors import RuleBroken
from chec.models import (
    BANK,
    AccountKey,
    AccountKind,
    Cause,
    Centre,
    Claim,
    ClaimPayment,
    ClaimState,
    Organisation,
    Transfer,
)
from chec.permissions import SYSTEM
from chec.queries.accounts import list_balances
from chec.rules.posting import Entry
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of, state_of

TODAY = builders.NOW.date()


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session)


@pytest.fixture
def claim(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Approved: £300 for three units, which can be clawed back for long."""
    measure = builders.a_measure(pence=10_000, clawback_days=1_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={"M01": 3})
    decide(session, claim, payer)
    return claim


def give_back(session: Session, claim: Claim, payer: Organisation, units: int = 1) -> None:
    claw_back(
        session,
        somebody_of(session, payer),
        part_of(session, claim, payer),
        line_of(session, claim),
        units=units,
        reason="Back in hospital",
        idempotency_key=f"test:{units}",
    )


def send_back(
    session: Session, claim: Claim, payer: Organisation, pence: int, on: date = TODAY
) -> ClaimPayment:
    part = part_of(session, claim, payer)
    actor = builders.an_actor()
    return return_payment(
        session, actor, part, pence=pence, returned_on=on, idempotency_key="test:back"
    )


def transfer_of(session: Session, payment: ClaimPayment) -> Transfer:
    return session.get_one(Transfer, payment.transfer_id)


def bank(session: Session, centre: Centre) -> int:
    balances = list_balances(session, SYSTEM, centre.id)
    return next((each.balance_pence for each in balances if each.name == "bank"), 0)


def test_a_claim_is_paid_in_part_and_then_in_full(
    session: Session, centre: Centre, claim: Claim, payer: Organisation
) -> None:
    first = pay(session, claim, payer, 12_000)
    assert part_of(session, claim, payer).due_pence == 18_000
    assert state_of(claim) is ClaimState.APPROVED
    pay(session, claim, payer, 18_000)
    assert state_of(claim) is ClaimState.PAID
    assert transfer_of(session, first).reference == f"CL-{claim.id:04d}"
    assert bank(session, centre) == 30_000


def test_a_payment_larger_than_due_is_refused(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    pay(session, claim, payer, 12_000)
    with pytest.raises(RuleBroken, match=r"more than is due: £180\.00"):
        pay(session, claim, payer, 18_001)


@pytest.mark.parametrize(
    ("on", "says"),
    [
        (TODAY - timedelta(days=1), "before the payer decided"),
        (TODAY + timedelta(days=1), "future"),
    ],
)
def test_a_payment_comes_after_the_decision_and_not_in_the_future(
    session: Session, claim: Claim, payer: Organisation, on: date, says: str
) -> None:
    with pytest.raises(RuleBroken, match=says):
        pay(session, claim, payer, 100, on=on)


def test_the_same_form_again_leads_to_the_first_payment(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    first = pay(session, claim, payer, 12_000, key="form:1")
    assert pay(session, claim, payer, 12_000, key="form:1") is first
    assert part_of(session, claim, payer).paid_pence == 12_000


def test_the_same_form_with_another_amount_is_refused(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    first = pay(session, claim, payer, 12_000, key="form:1")
    says = rf"it recorded T-{first.transfer_id:04d}, £120\.00\. Nothing was recorded now"
    with pytest.raises(RuleBroken, match=says):
        pay(session, claim, payer, 13_000, key="form:1")
    assert part_of(session, claim, payer).paid_pence == 12_000


def test_what_another_form_posted_is_no_payment(
    session: Session, centre: Centre, claim: Claim, payer: Organisation
) -> None:
    builders.a_transfer(session, centre, pence=20_000)
    part = part_of(session, claim, payer)
    cost = Entry(TODAY, AccountKey(AccountKind.OPERATING_COST), BANK, 5_000, Cause.RUNNING_COST)
    for key in ("form:1", f"form:1:{part.id}", f"payment:{part.id}:form:2"):
        post_transfer(session, builders.an_actor(), centre, cost, key)

    payment = pay(session, claim, payer, 5_000, key="form:1")
    assert transfer_of(session, payment).cause == Cause.PAYMENT
    with pytest.raises(RuleBroken, match="sent before, with other values"):
        pay(session, claim, payer, 5_000, key="form:2")
    assert part.paid_pence == 5_000


def test_one_token_pays_claws_back_and_returns_once_each(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    payment = pay(session, claim, payer, 30_000, key="test:1")
    give_back(session, claim, payer)
    give_back(session, claim, payer)
    part = part_of(session, claim, payer)
    send = partial(return_payment, session, builders.an_actor(), part, returned_on=TODAY)
    back = send(pence=10_000, idempotency_key="test:1")
    assert send(pence=10_000, idempotency_key="test:1") is back
    assert pay(session, claim, payer, 30_000, key="test:1") is payment
    assert (part.clawed_back_pence, part.paid_pence) == (10_000, 20_000)


def test_an_undone_payment_is_due_again(
    session: Session, centre: Centre, claim: Claim, payer: Organisation
) -> None:
    payment = pay(session, claim, payer, 30_000)
    reversal = undo_payment(session, builders.an_actor(), payment, "Meant for another centre")

    assert reversal.reverses_id == payment.transfer_id
    assert part_of(session, claim, payer).due_pence == 30_000
    assert state_of(claim) is ClaimState.APPROVED
    assert bank(session, centre) == 0
    again = undo_payment(session, builders.an_actor(), payment, "Meant for another centre")
    assert again is reversal
    assert part_of(session, claim, payer).paid_pence == 0
    with pytest.raises(RuleBroken, match="undone already"):
        undo_payment(session, builders.an_actor(), payment, "Another reason")


def test_a_payment_is_not_undone_without_a_reason(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    payment = pay(session, claim, payer, 30_000)
    with pytest.raises(RuleBroken, match="Say why"):
        undo_payment(session, builders.an_actor(), payment, " ")


def test_a_payment_is_undone_on_the_claim_and_not_in_the_ledger(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    payment = pay(session, claim, payer, 30_000)
    with pytest.raises(RuleBroken, match=r"Open CL-\d+ and undo the payment there"):
        reverse_transfer(session, builders.an_actor(), transfer_of(session, payment), "A slip")
    reversal = undo_payment(session, builders.an_actor(), payment, "A slip")
    with pytest.raises(RuleBroken, match="record it again there"):
        reverse_transfer(session, builders.an_actor(), reversal, "It was right")


def test_after_a_clawback_what_was_paid_is_owed_and_goes_back(
    session: Session, centre: Centre, claim: Claim, payer: Organisation
) -> None:
    pay(session, claim, payer, 30_000)
    give_back(session, claim, payer)
    assert part_of(session, claim, payer).owed_back_pence == 10_000
    with pytest.raises(RuleBroken, match=r"owed to the payer: £100\.00"):
        send_back(session, claim, payer, 10_001)

    returned = send_back(session, claim, payer, 10_000)

    assert transfer_of(session, returned).cause == Cause.REFUND
    assert send_back(session, claim, payer, 10_000) is returned
    part = part_of(session, claim, payer)
    assert (part.paid_pence, part.owed_back_pence, part.due_pence) == (20_000, 0, 0)
    assert bank(session, centre) == 20_000


def test_the_bank_must_carry_what_goes_back(
    session: Session, centre: Centre, claim: Claim, payer: Organisation
) -> None:
    pay(session, claim, payer, 30_000)
    give_back(session, claim, payer)
    venture = builders.a_venture(session, centre)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=25_000, on=TODAY, venture=venture)
    grants = session.exec(select(Transfer).where(Transfer.cause == Cause.GRANT)).all()
    reverse_transfer(session, builders.an_actor(), grants[0], "Never came")
    with pytest.raises(RuleBroken, match=r"£50\.00 short"):
        send_back(session, claim, payer, 10_000)


def test_a_payment_stays_while_part_of_it_has_gone_back(
    session: Session, claim: Claim, payer: Organisation
) -> None:
    payment = pay(session, claim, payer, 30_000)
    give_back(session, claim, payer)
    returned = send_back(session, claim, payer, 10_000)
    with pytest.raises(RuleBroken, match="Undo that return first"):
        undo_payment(session, builders.an_actor(), payment, "A slip")
    undo_payment(session, builders.an_actor(), returned, "Sent to the wrong account")
    assert part_of(session, claim, payer).owed_back_pence == 10_000
    undo_payment(session, builders.an_actor(), payment, "A slip")
    assert part_of(session, claim, payer).due_pence == 20_000


def test_a_claim_without_a_decision_takes_no_payment(
    session: Session, centre: Centre, payer: Organisation
) -> None:
    contract = builders.a_contract(session, centre, payer)
    waiting = builders.a_claim(session, contract)
    with pytest.raises(RuleBroken, match="has not decided"):
        pay(session, waiting, payer, 1)
