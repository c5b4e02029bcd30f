"""A mistake in the ledger is mended by a reversal (methods, 1).

Nothing is changed or removed: a second transfer moves the money back and names the first. Each
transfer is reversed at most once, with a reason. The reversal is dated as the transfer it reverses
while that quarter is open; afterwards it is dated today and names the closed quarter. It may
overdraw the bank: what is wrong must be mended, and then nothing is paid out until it is cured.

A transfer that belongs to a claim is mended on the claim, whose sums it is part of, not by hand.
The reversal of a payment out is not itself reversed: that would pay again what nobody asked for.
"""

from datetime import date
from typing import NamedTuple

from chec.finance.periods import quarter_of
from chec.models import Cause
from chec.models.references import reference
from chec.rules.free_text import reasons_not_to_write
from chec.rules.posting import MEMO_LENGTH


class ReversalDate(NamedTuple):
    """When a reversal is dated, and the first day of the closed quarter it puts right, if any."""

    on: date
    corrects_quarter_on: date | None


def reversal_date(on: date, *, today: date, closed_before: date | None) -> ReversalDate:
    """The date of a reversal of a transfer of `on`, as the policy above says."""
    if closed_before and on < closed_before:
        return ReversalDate(today, quarter_of(on).starts_on)
    return ReversalDate(on, None)


def reasons_not_to_reverse(reversed_by_id: int | None, reason: str) -> list[str]:
    """Why a transfer, reversed by another or not yet, cannot be reversed for `reason`."""
    if reversed_by_id:
        done = reference("transfer", reversed_by_id)
        return [f"This transfer has been reversed already, by {done}."]
    return reasons_not_to_give(reason)


def reasons_to_mend_on_the_claim(cause: str, claim_id: int, *, is_reversal: bool) -> list[str]:
    """Why a transfer of the claim is not reversed by hand, and what to do instead."""
    claim = reference("claim", claim_id)
    if is_reversal:
        return [f"This undid a {_NAMES[cause]} of {claim}. Open {claim} and record it again there."]
    return [f"This is a {_NAMES[cause]} of {claim}. {_WAYS[cause].format(claim=claim)}"]


def reasons_to_ask_anew(cause: str) -> list[str]:
    """Why the reversal of a transfer with this cause is not itself reversed; empty where it may."""
    if cause not in _PAID_ON_REQUEST:
        return []
    return [f"This took a {cause} back. To pay it after all, ask for the payment anew under Money."]


def reasons_not_to_give(reason: str) -> list[str]:
    """Why `reason` will not do as the reason of a reversal; empty where it will."""
    if not reason.strip():
        return ["Say why the transfer is wrong: whoever reads the ledger will ask."]
    return reasons_not_to_write(reason, most=MEMO_LENGTH)


_PAID_ON_REQUEST = frozenset({Cause.TRANCHE, Cause.DISTRIBUTION, Cause.RUNNING_COST})
_NAMES: dict[str, str] = {
    Cause.APPROVAL: "payer's approval",
    Cause.PAYMENT: "payment",
    Cause.CLAWBACK: "clawback",
    Cause.REFUND: "return to a payer",
}
_WAYS: dict[str, str] = {
    Cause.APPROVAL: "A decision stands: if an outcome did not hold, the payer claws it back there.",
    Cause.PAYMENT: "Open {claim} and undo the payment there.",
    Cause.CLAWBACK: (
        "It gave its units and its money back to the contract: claim the outcome again."
    ),
    Cause.REFUND: "Open {claim} and undo the return there.",
}
