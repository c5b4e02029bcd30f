"""Storing what a claim is worth, for good: its lines, removals, records, and who pays what."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, update
from sqlmodel import Session, SQLModel, col

from chec.finance.money import Pence
from chec.finance.periods import financial_year_of
from chec.models import Claim, ClaimLine, ClaimRecord, ClaimRemoval, ClaimShare, RecordShare
from chec.queries.claims import list_lines
from chec.queries.contracts import ContractOfCentre
from chec.rules.claim_valuation import ClaimValuation, Outcome


def store_value(
    session: Session, contract: ContractOfCentre, claim: Claim, value: ClaimValuation
) -> None:
    """Keep `value` as that of `claim`; its empty lines go."""
    _store_lines(session, claim, value)
    removed = [
        {
            "claim_id": claim.id,
            "step": each.step,
            "measure": each.measure,
            "units": each.units,
            "pence": each.pence,
            "why": each.why,
        }
        for each in value.removed
    ]
    _insert(session, ClaimRemoval, removed)
    _insert(session, ClaimShare, list(_shares(contract, claim, value)))
    records = [each for each in value.outcomes if each.record.person is not None]
    if records:
        table = _table(ClaimRecord)
        by_key = update(table).where(table.c.id == bindparam("key"))
        session.execute(by_key, [_valued(each) for each in records])
    _insert(session, RecordShare, [row for each in records for row in _shared(contract, each)])


def _store_lines(session: Session, claim: Claim, value: ClaimValuation) -> None:
    session.execute(
        delete(ClaimLine).where(col(ClaimLine.claim_id) == claim.id, col(ClaimLine.units) == 0)
    )
    valued = {each.measure: each for each in value.lines}
    for line in list_lines(session, claim):
        own = valued[line.measure]
        line.taken_units = own.taken_units
        line.gross_pence, line.payable_pence = own.gross_pence, own.payable_pence
        session.add(line)
    session.flush()


def _shares(
    contract: ContractOfCentre, claim: Claim, value: ClaimValuation
) -> Iterator[dict[str, Any]]:
    """By measure, financial year and payer, what is above nothing."""
    pence: dict[tuple[str, int, str], Pence] = defaultdict(int)
    for outcome in value.outcomes:
        year = financial_year_of(outcome.record.achieved_on).year
        for name, own in outcome.by_payer.items():
            pence[outcome.record.measure, year, name] += own
    for (measure, year, name), total in pence.items():
        if total:
            yield {
                "claim_id": claim.id,
                "measure": measure,
                "financial_year": year,
                "payer_id": contract.payers[name],
                "pence": total,
            }


def _valued(outcome: Outcome) -> dict[str, Any]:
    return {
        "key": outcome.record.id,
        "gross_pence": outcome.gross_pence,
        "payable_pence": outcome.payable_pence,
        "removed_at": outcome.removed_at,
        "why_removed": outcome.why_removed,
        "follows_id": outcome.follows,
    }


def _shared(contract: ContractOfCentre, outcome: Outcome) -> Iterator[dict[str, Any]]:
    for name, pence in outcome.by_payer.items():
        if pence:
            yield {
                "record_id": outcome.record.id,
                "payer_id": contract.payers[name],
                "pence": pence,
            }


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(_table(table)), rows)


def _table(model: type[SQLModel]) -> Table:
    """Its rows, not as objects, which takes much longer for a hundred thousand."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
