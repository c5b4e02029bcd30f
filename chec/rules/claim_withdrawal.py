"""When a claim may be withdrawn: submitted, and no payer has decided (methods, 3)."""

from collections.abc import Sequence

from chec.models import Claim, ClaimPart, ClaimState, PartState


def reasons_not_to_withdraw(claim: Claim, parts: Sequence[ClaimPart]) -> list[str]:
    """Why the claim with these parts cannot be withdrawn; empty where it can."""
    if claim.state is ClaimState.DRAFT:
        return ["This claim is a draft. Discard it instead."]
    if claim.state is ClaimState.WITHDRAWN:
        return ["This claim was withdrawn already. What it held is free again."]
    if any(part.state is not PartState.WAITING for part in parts):
        return ["A payer has decided about this claim, so it can no longer be withdrawn."]
    return []


def reasons_not_to_discard(claim: Claim) -> list[str]:
    """Why the claim cannot be discarded; empty for a draft."""
    if claim.state is ClaimState.DRAFT:
        return []
    return ["Only a draft can be discarded. Withdraw the claim, if no payer has decided yet."]
