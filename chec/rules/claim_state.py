"""The state of a claim, from what its payers have decided and paid (methods, 3).

Submitted until every payer has decided; rejected where none approved anything; paid once nothing
that was approved is outstanding and nothing is owed back to a payer, approved before.
"""

from collections.abc import Sequence

from chec.models import ClaimPart, ClaimState, PartState


def state_of(parts: Sequence[ClaimPart]) -> ClaimState:
    """The state of a claim with these parts, which have not been withdrawn."""
    states = {part.state for part in parts}
    if PartState.WAITING in states:
        return ClaimState.SUBMITTED
    if states <= {PartState.REJECTED}:
        return ClaimState.REJECTED
    if any(part.due_pence or part.owed_back_pence for part in parts):
        return ClaimState.APPROVED
    return ClaimState.PAID
