"""What a payer may claw back, what it has, and what followed on it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    Clawback,
    DecisionLine,
    RecordShare,
    Transfer,
)
from chec.queries.claim_decisions import KeyedAct, key_on
from chec.rules.clawback import Approved
from chec.rules.contract_terms import ContractTerms


class ApprovedLine(NamedTuple):
    """A line that a payer approved, in pence, with what it has clawed back of it."""

    line: ClaimLine
    pence: Pence
    back_units: int
    back_pence: Pence


class ApprovedRecord(NamedTuple):
    """A record that a payer pays for, in pence, and the clawback of it, if it went back.

    `number` stands for the person in the claim: a payer sees no pseudonym.
    """

    record: ClaimRecord
    pence: Pence
    clawback: Clawback | None
    number: int


class FollowOn(NamedTuple):
    """A record that follows another one."""

    record_id: int
    line_id: int
    claim_id: int
    measure: str
    follows_id: int


def list_approved_lines(session: Session, part: ClaimPart) -> list[ApprovedLine]:
    """The lines that the payer approved an amount of, in order."""
    back = (
        select(
            col(Clawback.line_id),
            func.sum(Clawback.units).label("units"),
            func.sum(Clawback.pence).label("pence"),
        )
        .where(col(Clawback.part_id) == part.id)
        .group_by(col(Clawback.line_id))
        .subquery()
    )
    query = (
        select(
            ClaimLine,
            col(DecisionLine.pence),
            func.coalesce(back.c.units, 0),
            func.coalesce(back.c.pence, 0),
        )
        .join(DecisionLine, col(DecisionLine.line_id) == ClaimLine.id)
        .join(ClaimDecision, col(DecisionLine.decision_id) == ClaimDecision.id)
        .join(back, back.c.line_id == ClaimLine.id, isouter=True)
        .where(col(ClaimDecision.part_id) == part.id, col(DecisionLine.pence) > 0)
        .order_by(col(ClaimLine.measure))
    )
    rows = session.execute(query)
    return [ApprovedLine(line, pence, int(units), int(back)) for line, pence, units, back in rows]


def get_approved_line(session: Session, part: ClaimPart, line_id: int) -> ApprovedLine:
    """The line, if the payer approved an amount of it; NotFound otherwise."""
    for each in list_approved_lines(session, part):
        if each.line.id == line_id:
            return each
    raise NotFound


def list_approved_records(
    session: Session, part: ClaimPart, line_id: int, *, offset: int = 0, limit: int = 50
) -> list[ApprovedRecord]:
    """The records of the line that the payer pays for, by the day achieved."""
    query = (
        _records(part)
        .where(col(ClaimRecord.line_id) == line_id)
        .order_by(col(ClaimRecord.achieved_on), col(ClaimRecord.id))
        .offset(offset)
        .limit(limit)
    )
    return [ApprovedRecord._make(row) for row in session.execute(query)]


def count_approved_records(session: Session, part: ClaimPart, line_id: int) -> int:
    """How many records of the line the payer pays for."""
    found = _records(part).where(col(ClaimRecord.line_id) == line_id).subquery()
    return session.scalars(select(func.count()).select_from(found)).one()


def get_approved_record(session: Session, part: ClaimPart, record_id: int) -> ApprovedRecord:
    """The record, if the payer approved its line and pays for it; NotFound otherwise."""
    query = (
        _records(part)
        .join(DecisionLine, col(DecisionLine.line_id) == ClaimRecord.line_id)
        .join(ClaimDecision, col(DecisionLine.decision_id) == ClaimDecision.id)
        .where(
            col(ClaimRecord.id) == record_id,
            col(ClaimDecision.part_id) == part.id,
            col(DecisionLine.reason_code).is_(None),
        )
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return ApprovedRecord._make(found)


def approved_of(
    terms: ContractTerms, claim: Claim, own: ApprovedLine, record: ApprovedRecord | None = None
) -> Approved:
    """What the payer approved of the line, or of that record of it, as the rule asks for it.

    `terms` are those of `terms_of_claim`.
    """
    measure = terms.measure(own.line.measure)
    if record:
        left = 0 if record.clawback else 1
        return Approved(
            measure=measure.code,
            achieved_on=record.record.achieved_on,
            clawback_days=measure.clawback_days,
            units=1,
            pence=record.pence,
            units_left=left,
            pence_left=record.pence * left,
            back_on=record.clawback.clawed_back_on if record.clawback else None,
        )
    units = own.line.taken_units or 0
    return Approved(
        measure=measure.code,
        achieved_on=claim.last_day,
        clawback_days=measure.clawback_days,
        units=units,
        pence=own.pence,
        units_left=units - own.back_units,
        pence_left=own.pence - own.back_pence,
    )


def find_clawback_under(session: Session, part: ClaimPart, idempotency_key: str) -> Clawback | None:
    """What a form that was sent under that key has clawed back of the part, if it has."""
    query = (
        select(Clawback)
        .join(Transfer, col(Clawback.transfer_id) == Transfer.id)
        .where(
            col(Clawback.part_id) == part.id,
            col(Transfer.idempotency_key) == key_on(part, KeyedAct.CLAWBACK, idempotency_key),
        )
    )
    return session.scalars(query).one_or_none()


def list_follow_ons(
    session: Session, part_ids: Collection[int], record_ids: Collection[int]
) -> Mapping[tuple[int, int], Sequence[FollowOn]]:
    """What follows these records and stands: by payer and record, if that payer approved it.

    A payer of one of the parts is asked to decide whether it holds, until it has clawed it back.
    """
    payers = select(col(ClaimPart.payer_id)).where(col(ClaimPart.id).in_(part_ids))
    query = (
        select(
            col(ClaimPart.payer_id),
            col(ClaimRecord.id),
            col(ClaimLine.id),
            col(ClaimLine.claim_id),
            col(ClaimLine.measure),
            col(ClaimRecord.follows_id),
        )
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .join(DecisionLine, col(DecisionLine.line_id) == ClaimLine.id)
        .join(ClaimDecision, col(DecisionLine.decision_id) == ClaimDecision.id)
        .join(ClaimPart, col(ClaimDecision.part_id) == ClaimPart.id)
        .join(
            RecordShare,
            and_(
                col(RecordShare.record_id) == ClaimRecord.id,
                col(RecordShare.payer_id) == ClaimPart.payer_id,
            ),
        )
        .join(
            Clawback,
            and_(col(Clawback.part_id) == ClaimPart.id, col(Clawback.record_id) == ClaimRecord.id),
            isouter=True,
        )
        .where(
            col(ClaimRecord.follows_id).in_(record_ids),
            col(ClaimPart.payer_id).in_(payers),
            col(DecisionLine.reason_code).is_(None),
            col(RecordShare.pence) > 0,
            col(Clawback.id).is_(None),
        )
        .order_by(col(ClaimRecord.id))
    )
    found: dict[tuple[int, int], list[FollowOn]] = defaultdict(list)
    for payer_id, *told in session.execute(query):
        follow_on = FollowOn(*told)
        found[payer_id, follow_on.follows_id].append(follow_on)
    return found


def _records(part: ClaimPart) -> Any:
    number = func.dense_rank().over(order_by=col(ClaimRecord.person))
    persons = (
        select(col(ClaimRecord.id), number.label("number"))
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .where(col(ClaimLine.claim_id) == part.claim_id)
    ).subquery()
    query: Any = select(ClaimRecord, col(RecordShare.pence), Clawback, persons.c.number)
    return (
        query.join(persons, persons.c.id == ClaimRecord.id)
        .join(
            RecordShare,
            and_(
                col(RecordShare.record_id) == ClaimRecord.id,
                col(RecordShare.payer_id) == part.payer_id,
            ),
        )
        .join(
            Clawback,
            and_(col(Clawback.record_id) == ClaimRecord.id, col(Clawback.part_id) == part.id),
            isouter=True,
        )
        .where(col(RecordShare.pence) > 0)
    )
