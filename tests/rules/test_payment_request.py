"""Who lets money out, as sentences."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.models import PaymentKind, PaymentRequest, PaymentVerdict
from chec.rules.payment_request import (
    AgainstLimit,
    Asker,
    Decided,
    Payment,
    payment_of,
    reasons_not_the_same,
    reasons_not_to_approve,
    reasons_not_to_decline,
    reasons_not_to_decline_for,
    reasons_not_to_set_limit,
    reasons_not_to_withdraw,
)
from chec.rules.reversal import reasons_to_ask_anew

DAY = date(2026, 11, 16)
PAYMENT = Payment(PaymentKind.TRANCHE, 60_000_00, DAY, venture_id=4, memo="Nurses in post")
REQUEST = PaymentRequest(
    id=42,
    centre_id=1,
    **vars(PAYMENT),
    limit_pence=50_000_00,
    requested_at=datetime(2026, 11, 16, tzinfo=UTC),
    requested_by_id=5,
    idempotency_key="form:1",
)
ANA = Asker(5, "Ana Reed", may_pay=True)
BEN_APPROVED = Decided("Ben Cole", DAY, PaymentVerdict.APPROVED)


def test_another_director_approves_what_waits() -> None:
    assert reasons_not_to_approve(REQUEST, None, ANA, 6, may_pay=True) == []


@pytest.mark.parametrize(
    ("decided", "asker", "user_id", "may_pay", "says"),
    [
        (BEN_APPROVED, ANA, 6, True, "Ben Cole approved PR-0042 on 16 November 2026"),
        (None, ANA, 5, True, "You asked for PR-0042"),
        (None, ANA, 6, False, "Only a director of the centre, in person"),
        (None, ANA, None, True, "Only a director of the centre, in person"),
        (None, ANA._replace(may_pay=False), 6, True, "Ana Reed asked for PR-0042 and is not"),
        (None, Asker(None, "The system", may_pay=False), None, True, "in person"),
    ],
)
def test_who_may_not_approve_hears_why(
    *, decided: Decided | None, asker: Asker, user_id: int | None, may_pay: bool, says: str
) -> None:
    [reason] = reasons_not_to_approve(REQUEST, decided, asker, user_id, may_pay=may_pay)
    assert says in reason


def test_declining_is_for_others_and_withdrawing_for_whoever_asked() -> None:
    assert reasons_not_to_decline(REQUEST, None, 6) == []
    assert reasons_not_to_withdraw(REQUEST, None, 5) == []
    assert "Withdraw it" in reasons_not_to_decline(REQUEST, None, 5)[0]
    assert "You can decline it" in reasons_not_to_withdraw(REQUEST, None, 6)[0]
    for reasons in (reasons_not_to_decline, reasons_not_to_withdraw):
        assert "that is final" in reasons(REQUEST, BEN_APPROVED, 5)[0]


def test_a_reason_to_decline_is_words_that_can_be_kept() -> None:
    assert reasons_not_to_decline_for("Not yet") == []
    assert "Say why" in reasons_not_to_decline_for("  ")[0]
    assert "NHS number" in reasons_not_to_decline_for("For 943 476 5919")[0]


def test_the_same_form_is_known_by_its_values_and_its_sender() -> None:
    assert payment_of(REQUEST) == PAYMENT
    assert reasons_not_the_same(REQUEST, 5, PAYMENT) == []
    assert "it made PR-0042, of £60,000.00" in reasons_not_the_same(REQUEST, 6, PAYMENT)[0]


@given(st.lists(st.integers(1, 1_000)), st.integers(0, 2_000))
def test_what_is_paid_alone_to_one_payee_never_adds_up_to_more_than_the_limit(
    asked: list[int], limit: int
) -> None:
    paid = 0
    for pence in asked:
        if AgainstLimit(pence, paid, limit).is_within:
            paid += pence
    assert paid <= limit


def test_the_limit_is_set_by_somebody_who_cannot_pay() -> None:
    assert reasons_not_to_set_limit(0, may_pay=False) == []
    assert reasons_not_to_set_limit(10**12, may_pay=False) == []
    assert "Ask another administrator" in reasons_not_to_set_limit(0, may_pay=True)[0]
    assert "from £0 to" in reasons_not_to_set_limit(10**12 + 1, may_pay=False)[0]


def test_only_a_payment_out_is_asked_for_anew_once_it_was_taken_back() -> None:
    for cause in ("tranche", "distribution", "running cost"):
        assert f"This took a {cause} back" in reasons_to_ask_anew(cause)[0]
    for cause in ("grant", "drawdown", "unspent returned"):
        assert reasons_to_ask_anew(cause) == []
