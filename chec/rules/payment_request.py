"""Who lets money out of a centre, and when a second director is needed.

A payment is a tranche to a venture, a distribution to the investors, a refund to a payer, or a
running cost. A director asks for it. Up to the centre's limit it is paid at once; above the limit
another director of the centre approves it, and only then is it paid, dated on that day. The limit
counts together what went out at once to the same payee within seven days, whoever asked, so that
no payment is cut into small ones. Payees are each venture, each payer, the investors together, and
together all whom running costs are paid to.

Two directors are two people, whatever else they are. The system is nobody, and so is somebody who
has lost the role since they asked. A request is approved, declined with a reason, or withdrawn by
whoever asked, once and for good. While it waits no money is held for it: it is checked again when
it is approved.
"""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import NamedTuple

from chec.finance.money import Pence, format_pounds
from chec.models import PaymentKind, PaymentRequest, PaymentVerdict
from chec.models.references import reference
from chec.rules.free_text import reasons_not_to_write
from chec.rules.posting import MOST_PENCE

COUNTED_TOGETHER = timedelta(days=7)
REASON_LENGTH = 300


@dataclass(frozen=True)
class Payment:
    """What is to be paid: to a venture, to a payer on a claim, or to nobody in particular."""

    kind: PaymentKind
    pence: Pence
    on: date
    venture_id: int | None = None
    claim_id: int | None = None
    payer_id: int | None = None
    reference: str = ""
    memo: str = ""


class AgainstLimit(NamedTuple):
    """A payment beside the centre's limit; `lately_pence` went out at once to the same payee."""

    pence: Pence
    lately_pence: Pence
    limit_pence: Pence

    @property
    def together_pence(self) -> Pence:
        return self.pence + self.lately_pence

    @property
    def is_within(self) -> bool:
        """Whether it is paid at once, without a second director."""
        return self.together_pence <= self.limit_pence


class Decided(NamedTuple):
    """Who decided a request already, when and how."""

    by: str
    on: date
    verdict: PaymentVerdict


class Asker(NamedTuple):
    """Who asked for a payment, and whether they may still pay for the centre."""

    user_id: int | None
    name: str
    may_pay: bool


def payment_of(request: PaymentRequest) -> Payment:
    """What was asked for, dated as it was asked for."""
    return Payment(**{each.name: getattr(request, each.name) for each in fields(Payment)})


def reasons_not_the_same(first: PaymentRequest, user_id: int | None, payment: Payment) -> list[str]:
    """Why `payment` is not what the request `first`, made by the same form, asks for."""
    if (first.requested_by_id, payment_of(first)) == (user_id, payment):
        return []
    return [
        f"This form was sent before, with other values: it made {reference(_NOUN, first.id)}, of"
        f" {format_pounds(first.pence)}. Nothing was recorded now. To ask for something else, open"
        " the form anew."
    ]


def reasons_not_to_approve(
    request: PaymentRequest,
    decided: Decided | None,
    asker: Asker,
    user_id: int | None,
    *,
    may_pay: bool,
) -> list[str]:
    """Why the user cannot approve the request; empty where they can.

    `may_pay` says whether they are a director of its centre today.
    """
    name = reference(_NOUN, request.id)
    if decided:
        return [_already(name, decided)]
    if user_id is not None and user_id == asker.user_id:
        return [
            f"You asked for {name}, and nobody approves a payment of their own. Ask another"
            " director of the centre, or withdraw it."
        ]
    if user_id is None or not may_pay:
        return [f"Only a director of the centre, in person, approves {name}."]
    if not asker.may_pay:
        return [
            f"{asker.name} asked for {name} and is not a director of the centre today. Decline it,"
            " and ask for the payment anew."
        ]
    return []


def reasons_not_to_decline(
    request: PaymentRequest, decided: Decided | None, user_id: int | None
) -> list[str]:
    """Why the user cannot decline the request, for whatever reason; empty where they can."""
    name = reference(_NOUN, request.id)
    if decided:
        return [_already(name, decided)]
    if user_id == request.requested_by_id:
        return [f"You asked for {name} yourself. Withdraw it, where it is no longer wanted."]
    return []


def reasons_not_to_decline_for(reason: str) -> list[str]:
    """Why `reason` will not do as the reason to decline; empty where it will."""
    if not reason.strip():
        return ["Say why: whoever asked for it has to know."]
    return reasons_not_to_write(reason.strip(), most=REASON_LENGTH)


def reasons_not_to_withdraw(
    request: PaymentRequest, decided: Decided | None, user_id: int | None
) -> list[str]:
    """Why the user cannot withdraw the request; empty where they can."""
    name = reference(_NOUN, request.id)
    if decided:
        return [_already(name, decided)]
    if user_id != request.requested_by_id:
        return [f"Only whoever asked for {name} withdraws it. You can decline it, with a reason."]
    return []


def reasons_not_to_set_limit(pence: Pence, *, may_pay: bool) -> list[str]:
    """Why this cannot be the centre's limit, set by somebody who `may_pay`; empty where it can."""
    if may_pay:
        return [
            "You are a director of this centre too, and nobody sets the limit of their own"
            " payments. Ask another administrator."
        ]
    if not 0 <= pence <= MOST_PENCE:
        most = format_pounds(MOST_PENCE, whole=True)
        return [f"The limit is an amount from £0 to {most}. Check it; it may be in pence."]
    return []


def _already(name: str, decided: Decided) -> str:
    on = f"{decided.on:%-d %B %Y}"
    return (
        f"{decided.by} {_DID[decided.verdict]} {name} on {on}, and that is final. Ask for the"
        " payment anew where it is wanted."
    )


_NOUN = "payment_request"
_DID = {
    PaymentVerdict.WITHIN_LIMIT: "paid",
    PaymentVerdict.APPROVED: "approved",
    PaymentVerdict.DECLINED: "declined",
    PaymentVerdict.WITHDRAWN: "withdrew",
}
