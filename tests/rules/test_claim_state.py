"""The state of a claim follows from its parts."""

from datetime import date

import pytest

from chec.models import ClaimPart, ClaimState, PartState
from chec.rules.claim_state import state_of


def a_part(
    state: PartState, *, approved: int = 0, clawed_back: int = 0, paid: int = 0
) -> ClaimPart:
    return ClaimPart(
        claim_id=1,
        payer_id=1,
        asked_pence=100,
        asked_on=date(2026, 10, 31),
        state=state,
        approved_pence=approved,
        clawed_back_pence=clawed_back,
        paid_pence=paid,
    )


WAITING = a_part(PartState.WAITING)
REJECTED = a_part(PartState.REJECTED)
DUE = a_part(PartState.APPROVED, approved=100, paid=40)
PAID = a_part(PartState.PART_APPROVED, approved=60, paid=60)
OWED_BACK = a_part(PartState.APPROVED, approved=100, clawed_back=30, paid=100)


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([WAITING, PAID], ClaimState.SUBMITTED),
        ([REJECTED, REJECTED], ClaimState.REJECTED),
        ([REJECTED, DUE], ClaimState.APPROVED),
        ([REJECTED, PAID], ClaimState.PAID),
        ([PAID, OWED_BACK], ClaimState.APPROVED),
    ],
)
def test_a_claim_is_paid_once_nobody_owes_anybody(
    parts: list[ClaimPart], state: ClaimState
) -> None:
    assert state_of(parts) is state
