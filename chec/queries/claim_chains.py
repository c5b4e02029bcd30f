"""Records of a claim that follow an outcome which no longer stands."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import case, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from chec.models import (
    Claim,
    ClaimLine,
    ClaimRecord,
    ClaimState,
    Clawback,
)
from chec.queries.line_standing import stands


class BrokenChain(NamedTuple):
    """A record, its measure, the record that it follows in which claim, and why that fell."""

    record_id: int
    measure: str
    follows_id: int
    follows_claim_id: int
    why: str


def list_broken_chains(session: Session, claim: Claim) -> Sequence[BrokenChain]:
    """The records of the claim that follow one that was clawed back, withdrawn, or that every payer
    rejected.
    """
    first, its_line = aliased(ClaimRecord), aliased(ClaimLine)
    its_claim = aliased(Claim)
    clawed_back = exists().where(col(Clawback.record_id) == first.id)
    why = case(
        (clawed_back, "was clawed back"),
        (col(its_claim.state) == ClaimState.WITHDRAWN, "was withdrawn"),
        else_="was rejected by every payer",
    )
    query = (
        select(
            col(ClaimRecord.id),
            col(ClaimLine.measure),
            col(first.id),
            col(its_line.claim_id),
            why,
        )
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .join(first, col(ClaimRecord.follows_id) == first.id)
        .join(its_line, col(first.line_id) == its_line.id)
        .join(its_claim, col(its_line.claim_id) == its_claim.id)
        .where(col(ClaimLine.claim_id) == claim.id)
        .where(or_(clawed_back, ~stands(its_line)))
        .order_by(col(ClaimRecord.id))
    )
    return [BrokenChain._make(row) for row in session.execute(query)]
