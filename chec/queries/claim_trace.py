"""From a transfer back to its claim: the decision, its lines, their removals and records."""

from sqlalchemy import select, union_all
from sqlmodel import Session, col

from chec.models import ClaimDecision, ClaimPart, ClaimPayment, Clawback, Transfer


def find_claim_of(session: Session, transfer: Transfer) -> int | None:
    """The key of the claim that the transfer, or what it reverses, belongs to; None for others."""
    key = transfer.reverses_id or transfer.id
    acts = union_all(
        *(
            select(col(act.part_id)).where(col(act.transfer_id) == key)
            for act in (ClaimDecision, ClaimPayment, Clawback)
        )
    )
    query = select(col(ClaimPart.claim_id)).where(col(ClaimPart.id).in_(acts))
    return session.scalars(query).one_or_none()
