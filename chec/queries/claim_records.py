"""The records of a claim, with what became of each, a page at a time.

Who does not act for the centre is shown no pseudonym, but the person's number in the claim.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.models import Claim, ClaimLine, ClaimRecord, LineBasis, RemovalStep
from chec.queries.claim_values import ClaimValue


class ListedRecord(NamedTuple):
    """A record and what became of it; `number` stands for the person in this claim."""

    id: int
    measure: str
    number: int
    person: str
    achieved_on: date
    evidence: str
    value: str | None
    gross_pence: Pence
    payable_pence: Pence
    removed_at: RemovalStep | None
    why_removed: str
    follows_id: int | None

    @property
    def is_cut(self) -> bool:
        """Whether it was taken, and a limit left only a part to be paid."""
        return self.removed_at is None and self.payable_pence < self.gross_pence


def count_records(lines: Sequence[ClaimLine], measure: str | None) -> int:
    """How many records the lines hold; of one measure, or of all."""
    return sum(
        line.units
        for line in lines
        if line.basis is LineBasis.RECORDS and measure in {None, line.measure}
    )


def list_records(
    session: Session,
    claim: Claim,
    measure: str | None,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> list[ListedRecord]:
    """The claim's records in order of the day achieved; before it is valued, worth nothing."""
    person_number = func.dense_rank().over(order_by=col(ClaimRecord.person))
    numbered = (
        select(ClaimRecord, col(ClaimLine.measure), person_number.label("number"))
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .where(col(ClaimLine.claim_id) == claim.id)
    ).subquery()
    columns = numbered.c
    query = (
        select(
            columns.id,
            columns.measure,
            columns.number,
            columns.person,
            columns.achieved_on,
            columns.evidence,
            columns.value,
            func.coalesce(columns.gross_pence, 0),
            func.coalesce(columns.payable_pence, 0),
            columns.removed_at,
            columns.why_removed,
            columns.follows_id,
        )
        .order_by(columns.achieved_on, columns.id)
        .offset(offset)
        .limit(limit)
    )
    if measure is not None:
        query = query.where(columns.measure == measure)
    return [ListedRecord._make(row) for row in session.execute(query)]


def as_valued(records: Sequence[ListedRecord], value: ClaimValue) -> list[ListedRecord]:
    """The records of a draft with what would become of each."""
    outcomes = {each.record.id: each for each in value.outcomes}
    valued = []
    for record in records:
        outcome = outcomes.get(record.id)
        if outcome is None:
            valued.append(record)
            continue
        follows = outcome.follows
        valued.append(
            record._replace(
                gross_pence=outcome.gross_pence,
                payable_pence=outcome.payable_pence,
                removed_at=outcome.removed_at,
                why_removed=outcome.why_removed,
                follows_id=None if follows is None else int(follows),
            )
        )
    return valued
