"""What may be paid on a claim, and what goes back."""

from datetime import date

import pytest

from chec.models import Cause, ClaimPart, PartState
from chec.rules.claim_payment import (
    faults_of_payment,
    faults_of_return,
    paid_after_undoing,
    reasons_not_to_undo,
)
from chec.rules.posting import Fault

DECIDED_ON = date(2026, 11, 3)
LATER = date(2026, 11, 20)


def a_part(*, approved: int = 10_000, paid: int = 0, back: int = 0) -> ClaimPart:
    return ClaimPart(
        claim_id=42,
        payer_id=3,
        asked_pence=10_000,
        asked_on=DECIDED_ON,
        state=PartState.APPROVED,
        approved_pence=approved,
        paid_pence=paid,
        clawed_back_pence=back,
    )


def of_payment(part: ClaimPart, pence: int, on: date = LATER) -> list[Fault]:
    return faults_of_payment(part, DECIDED_ON, pence=pence, received_on=on)


def of_return(part: ClaimPart, pence: int, on: date = LATER) -> list[Fault]:
    return faults_of_return(part, LATER, pence=pence, returned_on=on)


@pytest.mark.parametrize("pence", [1, 9_999, 10_000])
def test_what_is_due_is_paid_in_part_or_in_full(pence: int) -> None:
    assert of_payment(a_part(), pence) == []


def test_a_payment_larger_than_due_hears_what_is_due() -> None:
    [fault] = of_payment(a_part(paid=2_500, back=1_000), 6_501)
    assert fault.field == "pounds"
    assert "£65.01 is more than is due: £65.00." in fault.reason


def test_a_payment_does_not_come_before_the_decision() -> None:
    [fault] = of_payment(a_part(), 100, date(2026, 11, 2))
    assert fault.field == "on"
    assert "before the payer decided, on 3 November 2026" in fault.reason
    assert of_payment(a_part(), 100, DECIDED_ON) == []


def test_nothing_is_paid_on_what_is_not_decided_or_not_due() -> None:
    [fault] = faults_of_payment(a_part(approved=0), None, pence=1, received_on=LATER)
    assert "has not decided" in fault.reason
    [fault] = of_payment(a_part(paid=10_000), 1)
    assert "Nothing is due" in fault.reason


def test_what_is_owed_to_a_payer_goes_back_and_no_more() -> None:
    part = a_part(paid=10_000, back=3_000)
    assert of_return(part, 3_000) == []
    [fault] = of_return(part, 3_001)
    assert "more than is owed to the payer: £30.00" in fault.reason


def test_nothing_goes_back_before_it_was_clawed_back() -> None:
    [fault] = of_return(a_part(paid=10_000, back=3_000), 3_000, DECIDED_ON)
    assert fault.field == "on"
    [fault] = of_return(a_part(paid=7_000, back=3_000), 1)
    assert "Nothing is owed" in fault.reason


def test_a_payment_is_undone_once() -> None:
    part = a_part(paid=10_000)
    assert reasons_not_to_undo(part, Cause.PAYMENT, pence=10_000, undone_by_id=None) == []
    [reason] = reasons_not_to_undo(part, Cause.PAYMENT, pence=10_000, undone_by_id=9)
    assert "already, by T-0009" in reason


def test_a_payment_is_not_undone_while_part_of_it_has_gone_back() -> None:
    part = a_part(paid=7_000, back=3_000)
    [reason] = reasons_not_to_undo(part, Cause.PAYMENT, pence=10_000, undone_by_id=None)
    assert "£30.00 of this has gone back" in reason
    assert reasons_not_to_undo(part, Cause.REFUND, pence=3_000, undone_by_id=None) == []


def test_undoing_gives_back_what_was_paid_or_returned() -> None:
    part = a_part(paid=7_000)
    assert paid_after_undoing(part, Cause.PAYMENT, pence=7_000) == 0
    assert paid_after_undoing(part, Cause.REFUND, pence=3_000) == 10_000
