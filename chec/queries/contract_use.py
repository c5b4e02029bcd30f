"""What claims have used up of a contract, added up from their shares, decisions and clawbacks.

Money: a share is held while its payer has not decided, and accepted once the payer approved its
line, less clawbacks. Units: those taken of a line are accepted once any payer of it approved it,
and held while none has and one still may; they are given back when every payer that pays for them
has clawed them back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlmodel import Session, col, func

from chec.models import (
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimShare,
    Clawback,
    Contract,
    MeasureUse,
    PayerUse,
    RecordShare,
)
from chec.queries.claims import AS_THEY_ARE_NOW
from chec.queries.line_standing import is_approved, is_open, is_waiting, with_decisions

Measures = Collection[str] | None


def list_measure_use(session: Session, contract_id: int) -> Sequence[MeasureUse]:
    """The units used of each measure that was claimed, as they are kept."""
    query = select(MeasureUse).where(col(MeasureUse.contract_id) == contract_id)
    return session.scalars(query, execution_options=AS_THEY_ARE_NOW).all()


def list_payer_use(session: Session, contract_id: int) -> Sequence[PayerUse]:
    """The pence used by measure, financial year and payer, as they are kept."""
    query = select(PayerUse).where(col(PayerUse.contract_id) == contract_id)
    return session.scalars(query, execution_options=AS_THEY_ARE_NOW).all()


def add_up_payer_use(
    session: Session, contract_id: int, measures: Measures = None
) -> list[PayerUse]:
    """The pence used by measure, financial year and payer, added up anew; of `measures`, or all."""
    held = case((is_waiting, col(ClaimShare.pence)), else_=0)
    accepted = case((is_approved(), col(ClaimShare.pence)), else_=0)
    key = (col(ClaimShare.measure), col(ClaimShare.financial_year), col(ClaimShare.payer_id))
    query = (
        with_decisions(
            select(*key, func.sum(held), func.sum(accepted))
            .select_from(ClaimShare)
            .join(Claim, col(ClaimShare.claim_id) == Claim.id)
            .join(
                ClaimPart,
                and_(
                    col(ClaimPart.claim_id) == Claim.id,
                    col(ClaimPart.payer_id) == ClaimShare.payer_id,
                ),
            )
            .join(
                ClaimLine,
                and_(
                    col(ClaimLine.claim_id) == Claim.id,
                    col(ClaimLine.measure) == ClaimShare.measure,
                ),
            )
        )
        .where(*_of(contract_id, measures, ClaimShare))
        .group_by(*key)
    )
    back = _clawed_back_pence(session, contract_id, measures)
    return [
        PayerUse(
            contract_id=contract_id,
            measure=measure,
            financial_year=year,
            payer_id=payer_id,
            held_pence=int(held_pence),
            accepted_pence=int(accepted_pence) - back[measure, year, payer_id],
        )
        for measure, year, payer_id, held_pence, accepted_pence in session.execute(query)
    ]


def add_up_measure_use(
    session: Session, contract_id: int, measures: Measures = None
) -> list[MeasureUse]:
    """The units used of each measure that was claimed, added up anew; of `measures`, or all."""
    lines = (
        with_decisions(
            select(
                col(ClaimLine.id),
                col(ClaimLine.measure),
                col(ClaimLine.taken_units).label("units"),
                func.max(case((is_approved(), 1), else_=0)).label("is_accepted"),
                func.max(case((is_open(), 1), else_=0)).label("is_open"),
            )
            .join(Claim, col(ClaimLine.claim_id) == Claim.id)
            .join(ClaimPart, col(ClaimPart.claim_id) == Claim.id)
        )
        .where(*_of(contract_id, measures, ClaimLine))
        .group_by(col(ClaimLine.id), col(ClaimLine.measure), col(ClaimLine.taken_units))
    ).subquery()
    columns = lines.c
    held = case((and_(columns.is_accepted == 0, columns.is_open == 1), columns.units), else_=0)
    accepted = case((columns.is_accepted == 1, columns.units), else_=0)
    query = select(columns.measure, func.sum(held), func.sum(accepted)).group_by(columns.measure)
    back = _units_given_back(session, contract_id, measures)
    return [
        MeasureUse(
            contract_id=contract_id,
            measure=measure,
            held_units=int(held_units),
            accepted_units=int(accepted_units) - back[measure],
        )
        for measure, held_units, accepted_units in session.execute(query)
    ]


def list_contracts_that_differ(session: Session) -> list[Contract]:
    """The contracts whose kept use is not what their claims add up to; for `chec db check`."""
    return [
        contract
        for contract in session.scalars(select(Contract).order_by(col(Contract.id)))
        if _values(list_payer_use(session, contract.id))
        != _values(add_up_payer_use(session, contract.id))
        or _values(list_measure_use(session, contract.id))
        != _values(add_up_measure_use(session, contract.id))
    ]


def _values(rows: Sequence[MeasureUse] | Sequence[PayerUse]) -> set[frozenset[tuple[str, object]]]:
    return {frozenset(row.model_dump().items()) for row in rows}


def _of(
    contract_id: int, measures: Measures, table: type[ClaimLine] | type[ClaimShare]
) -> list[ColumnElement[bool]]:
    """What is claimed on the contract, of these measures or of all, as conditions on `table`."""
    own = [] if measures is None else [col(table.measure).in_(measures)]
    return [col(Claim.contract_id) == contract_id, *own]


def _clawed_back_pence(
    session: Session, contract_id: int, measures: Measures
) -> dict[tuple[str, int, int], int]:
    key = (col(ClaimLine.measure), col(Clawback.financial_year), col(ClaimPart.payer_id))
    query = (
        select(*key, func.sum(Clawback.pence))
        .select_from(Clawback)
        .join(ClaimPart, col(Clawback.part_id) == ClaimPart.id)
        .join(ClaimLine, col(Clawback.line_id) == ClaimLine.id)
        .join(Claim, col(ClaimLine.claim_id) == Claim.id)
        .where(*_of(contract_id, measures, ClaimLine))
        .group_by(*key)
    )
    totals = {
        (measure, year, payer): int(pence) for measure, year, payer, pence in session.execute(query)
    }
    return defaultdict(int, totals)


class _Back(NamedTuple):
    """Units of a line, or of one record of it, that one payer has clawed back."""

    line_id: int
    measure: str
    record_id: int | None
    payer_id: int
    units: int


def _units_given_back(session: Session, contract_id: int, measures: Measures) -> dict[str, int]:
    """By measure: units that every payer who approved and pays for them has clawed back."""
    query = (
        select(
            col(Clawback.line_id),
            col(ClaimLine.measure),
            col(Clawback.record_id),
            col(ClaimPart.payer_id),
            func.sum(Clawback.units),
        )
        .select_from(Clawback)
        .join(ClaimPart, col(Clawback.part_id) == ClaimPart.id)
        .join(ClaimLine, col(Clawback.line_id) == ClaimLine.id)
        .join(Claim, col(ClaimLine.claim_id) == Claim.id)
        .where(*_of(contract_id, measures, ClaimLine))
        .group_by(
            col(Clawback.line_id),
            col(ClaimLine.measure),
            col(Clawback.record_id),
            col(ClaimPart.payer_id),
        )
    )
    rows = [_Back._make(row) for row in session.execute(query)]
    given_back: dict[str, int] = defaultdict(int)
    for measure, units in _given_back(rows, _payers_of(session, {row.line_id for row in rows})):
        given_back[measure] += units
    return given_back


def _given_back(
    rows: Sequence[_Back], payers: dict[tuple[int, int | None], set[int]]
) -> Iterator[tuple[str, int]]:
    by_outcome: dict[tuple[int, int | None], list[_Back]] = defaultdict(list)
    for row in rows:
        by_outcome[row.line_id, row.record_id].append(row)
    for key, own in by_outcome.items():
        units = {row.payer_id: row.units for row in own}
        yield own[0].measure, min((units.get(payer, 0) for payer in payers[key]), default=0)


def _payers_of(session: Session, line_ids: set[int]) -> dict[tuple[int, int | None], set[int]]:
    """Who pays, or may still approve, for each of these lines and for each record of theirs."""
    of_lines = with_decisions(
        select(col(ClaimLine.id), col(ClaimPart.payer_id)).join(
            ClaimPart, col(ClaimPart.claim_id) == ClaimLine.claim_id
        )
    ).where(col(ClaimLine.id).in_(line_ids), or_(is_open(), is_approved()))
    of_records = (
        of_lines.join(Clawback, col(Clawback.line_id) == ClaimLine.id)
        .join(
            RecordShare,
            and_(
                col(RecordShare.record_id) == Clawback.record_id,
                col(RecordShare.payer_id) == ClaimPart.payer_id,
            ),
        )
        .add_columns(col(Clawback.record_id))
        .where(col(RecordShare.pence) > 0)
    )
    payers: dict[tuple[int, int | None], set[int]] = defaultdict(set)
    for line_id, payer_id in session.execute(of_lines):
        payers[line_id, None].add(payer_id)
    for line_id, payer_id, record_id in session.execute(of_records):
        payers[line_id, record_id].add(payer_id)
    return payers
