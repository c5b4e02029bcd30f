"""When a claim may be submitted (methods, 3).

It is a draft that is worth something, of a venture that had not been stopped, and it is worth what
its director saw: other claims may have taken headroom since.
"""

from chec.finance.money import Pence, format_pounds
from chec.models import Claim, ClaimState, Venture
from chec.rules.claim_preparation import reasons_of_stopping
from chec.rules.claim_valuation import ClaimValuation


def reasons_not_to_submit(claim: Claim, venture: Venture) -> list[str]:
    """Why the claim cannot be submitted, whatever it is worth; empty where it can."""
    if claim.state is ClaimState.WITHDRAWN:
        return ["This claim was withdrawn. Prepare another for the same period."]
    if claim.state is not ClaimState.DRAFT:
        return ["This claim has been submitted already. Look at it to see how it stands."]
    return reasons_of_stopping(venture, claim.last_day)


def reasons_not_to_ask(value: ClaimValuation, seen_pence: Pence) -> list[str]:
    """Why this value cannot be asked of the payers; `seen_pence` is what the director saw."""
    if not value.lines:
        return ["This claim is empty. Enter counts or upload records first."]
    if value.payable_pence != seen_pence:
        return [
            "Since you looked, other claims took or gave back headroom, or the contract changed:"
            f" this claim is now worth {format_pounds(value.payable_pence)}, not"
            f" {format_pounds(seen_pence)}. Look at it again and submit."
        ]
    if not value.payable_pence:
        return [
            "This claim is worth nothing, so there is nothing to ask the payers for. See why each"
            " line is removed, and mend or discard the draft."
        ]
    return []
