"""Claims whose kept figures are not what they are derived from; for `chec db check`."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Subquery, case, select
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, func

from chec.finance.money import Pence
from chec.models import (
    Cause,
    Claim,
    ClaimDecision,
    ClaimPart,
    ClaimPayment,
    ClaimState,
    Clawback,
    Organisation,
    Transfer,
)
from chec.rules.claim_state import state_of


class KeptOtherwise(NamedTuple):
    """What a payer's part of a claim keeps of what the payer did, and what that adds up to."""

    claim_id: int
    payer: str
    what: str
    kept_pence: Pence
    pence: Pence


def list_parts_that_differ(session: Session) -> list[KeptOtherwise]:
    """What parts keep as approved, clawed back and paid, where the rows behind it say otherwise."""
    compared = {
        "approved": (col(ClaimPart.approved_pence), _approved()),
        "clawed back": (col(ClaimPart.clawed_back_pence), _clawed_back()),
        "paid": (col(ClaimPart.paid_pence), _paid()),
    }
    return sorted(
        KeptOtherwise(claim_id, payer, what, int(kept_pence), int(pence))
        for what, (kept, sums) in compared.items()
        for claim_id, payer, kept_pence, pence in _differing(session, kept, sums)
    )


def list_claims_that_differ(session: Session) -> Iterator[tuple[Claim, ClaimState]]:
    """Claims that are not in the state that their parts put them in, each with that state."""
    query = (
        select(Claim, ClaimPart)
        .join(ClaimPart, col(ClaimPart.claim_id) == Claim.id)
        .where(col(Claim.state) != ClaimState.WITHDRAWN)
        .order_by(col(Claim.id), col(ClaimPart.id))
    )
    for claim, rows in groupby(session.execute(query), key=lambda row: row[0]):
        state = state_of([part for _, part in rows])
        if claim.state is not state:
            yield claim, state


def _differing(
    session: Session, kept: Mapped[int], sums: Subquery
) -> Iterator[tuple[int, str, Pence, Pence]]:
    """Claim, payer, what is kept and the sum, of each part in which these two are not the same."""
    pence = func.coalesce(sums.c.pence, 0)
    query = (
        select(col(ClaimPart.claim_id), col(Organisation.name), kept, pence)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
        .join(sums, sums.c.part_id == ClaimPart.id, isouter=True)
        .where(kept != pence)
    )
    for row in session.execute(query):
        yield tuple(row)


def _approved() -> Subquery:
    return select(
        col(ClaimDecision.part_id), col(ClaimDecision.approved_pence).label("pence")
    ).subquery()


def _clawed_back() -> Subquery:
    back = func.sum(Clawback.pence).label("pence")
    return select(col(Clawback.part_id), back).group_by(col(Clawback.part_id)).subquery()


def _paid() -> Subquery:
    """Payments less returns; neither counts where it was undone."""
    reversal = aliased(Transfer)
    came = case((col(Transfer.cause) == Cause.PAYMENT, col(Transfer.pence)), else_=-Transfer.pence)
    return (
        select(col(ClaimPayment.part_id), func.sum(came).label("pence"))
        .join(Transfer, col(ClaimPayment.transfer_id) == Transfer.id)
        .join(reversal, col(reversal.reverses_id) == Transfer.id, isouter=True)
        .where(col(reversal.id).is_(None))
        .group_by(col(ClaimPayment.part_id))
        .subquery()
    )
