"""What claims before had accepted or hold, as the valuation of the next one asks for it.

Everything but the records of the persons of this claim is given as totals; those records one by
one, because a chain, a person's cap and how often they are paid depend on them. A record stands
while a payer approved its line or has still to decide; it is gone once every payer that paid for it
has clawed it back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from chec.finance.money import Pence
from chec.finance.periods import FinancialYear, financial_year_of
from chec.models import (
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    Clawback,
    Contract,
    ContractPayer,
    RecordShare,
    RemovalStep,
)
from chec.queries.contract_use import list_measure_use, list_payer_use
from chec.queries.contracts import ContractOfCentre
from chec.queries.line_standing import is_approved, is_waiting, stands, with_decisions
from chec.rules.claim_valuation import Accepted
from chec.rules.measure_terms import SameAs
from chec.rules.same_outcomes import Outcome

_removed_at = col(ClaimRecord.removed_at)
has_passed = or_(
    _removed_at.is_(None),
    _removed_at.not_in((RemovalStep.EVIDENCE, RemovalStep.CHAIN, RemovalStep.PERSON)),
)
"""Whether a valued ClaimRecord passed the steps before the caps: it can then be followed."""


class _Standing(NamedTuple):
    """A record of an earlier claim; `units` is 0 where a cap cut it whole, or it went back."""

    id: int
    contract_id: int
    measure: str
    person: str
    achieved_on: date
    follows: int | None
    units: int
    by_payer: Mapping[int, Pence]

    @property
    def financial_year(self) -> int:
        return financial_year_of(self.achieved_on).year


def already_accepted(
    session: Session,
    contract: ContractOfCentre,
    claim: Claim,
    told_as: Mapping[Outcome, SameAs] = MappingProxyType({}),
) -> list[Accepted]:
    """What the contract has accepted or holds, before `claim`, a draft, is valued.

    `told_as` is that of `rules.same_outcomes`, for what other contracts call the same outcome. The
    number of queries does not depend on how much there is.
    """
    names = _names_of_payers(session, contract)
    others = _references(session, contract, {reference for reference, _ in told_as})
    records = _standing_records(session, [contract.contract.id, *others], claim)
    own = [each for each in records if each.contract_id == contract.contract.id]
    return [
        *_as_accepted(own, names),
        *_totals_without(session, contract, own, names),
        *(
            Accepted(name.code, each.achieved_on, {}, person=each.person, contract=name.contract)
            for each in records
            if each.units and each.contract_id in others
            if (name := told_as.get((others[each.contract_id], each.measure)))
        ),
    ]


def keys_of_records(persons: Any) -> CTE:
    """The keys of all records of these persons, to join before anything else: nobody has many.

    Left to itself SQLite looks in every line of the contract for each person.
    """
    query = select(col(ClaimRecord.id)).where(col(ClaimRecord.person).in_(persons))
    return query.cte("keys_of_records").prefix_with("MATERIALIZED")


def _names_of_payers(session: Session, contract: ContractOfCentre) -> dict[int, str]:
    """By key, as the contract names them now; those of earlier versions as these named them."""
    query = select(col(ContractPayer.payer_id), col(ContractPayer.named)).where(
        col(ContractPayer.contract_id) == contract.contract.id
    )
    before = dict(session.execute(query).all())
    return before | {payer_id: name for name, payer_id in contract.payers.items()}


def _persons_of(claim: Claim) -> Any:
    return (
        select(col(ClaimRecord.person))
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .where(col(ClaimLine.claim_id) == claim.id)
    )


def _records(claim: Claim, contract_ids: Sequence[int], *columns: Any) -> Any:
    """A query for `columns` of the standing records of the claim's persons."""
    of_persons = keys_of_records(_persons_of(claim))
    return (
        select(*columns)
        .select_from(of_persons)
        .join(ClaimRecord, col(ClaimRecord.id) == of_persons.c.id)
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .join(Claim, col(ClaimLine.claim_id) == Claim.id)
        .where(
            col(Claim.contract_id).in_(contract_ids),
            stands(),
        )
    )


def _standing_records(
    session: Session, contract_ids: Sequence[int], claim: Claim
) -> list[_Standing]:
    record = ClaimRecord
    query = _records(
        claim,
        contract_ids,
        col(record.id),
        col(Claim.contract_id),
        col(ClaimLine.measure),
        col(record.person),
        col(record.achieved_on),
        col(record.follows_id),
        col(record.removed_at),
    ).where(has_passed, or_(col(record.removed_at).is_(None), ~_is_claimed_again(claim)))
    shares = _shares(session, contract_ids, claim)
    found = []
    for *told, removed_at in session.execute(query):
        own = shares.get(told[0], [])
        by_payer = {share.payer_id: share.left_pence for share in own if share.left_pence}
        went_back = _went_back(own)
        if by_payer or not went_back:
            units = 0 if removed_at or went_back else 1
            found.append(_Standing._make((*told, units, by_payer)))
    return found


def _is_claimed_again(claim: Claim) -> ColumnElement[bool]:
    """Whether `claim`, or a later line that stands, claims the outcome of a ClaimRecord anew."""
    again, line, later = aliased(ClaimRecord), aliased(ClaimLine), aliased(Claim)
    found = (
        select(1)
        .select_from(again)
        .join(line, col(again.line_id) == line.id)
        .join(later, col(line.claim_id) == later.id)
        .where(
            col(again.person) == ClaimRecord.person,
            col(again.achieved_on) == ClaimRecord.achieved_on,
            col(again.id) > ClaimRecord.id,
            col(line.measure) == ClaimLine.measure,
            col(later.contract_id) == Claim.contract_id,
            or_(col(later.id) == claim.id, stands(line)),
        )
    )
    return found.correlate(ClaimRecord, ClaimLine, Claim).exists()


class _ShareOfRecord(NamedTuple):
    payer_id: int
    left_pence: Pence
    is_back: bool


def _went_back(shares: Sequence[_ShareOfRecord]) -> bool:
    """Whether every payer of a record has clawed it back; one who may still approve has not."""
    return bool(shares) and all(share.is_back for share in shares)


def _shares(
    session: Session, contract_ids: Sequence[int], claim: Claim
) -> dict[int, list[_ShareOfRecord]]:
    """By record: what each payer that has not rejected it pays for it, less clawbacks."""
    query = (
        with_decisions(
            _records(
                claim,
                contract_ids,
                col(RecordShare.record_id),
                col(RecordShare.payer_id),
                col(RecordShare.pence) - func.coalesce(col(Clawback.pence), 0),
                func.coalesce(col(Clawback.units), 0),
            )
            .join(RecordShare, col(RecordShare.record_id) == ClaimRecord.id)
            .join(
                ClaimPart,
                and_(
                    col(ClaimPart.claim_id) == Claim.id,
                    col(ClaimPart.payer_id) == RecordShare.payer_id,
                ),
            )
        )
        .join(
            Clawback,
            and_(col(Clawback.part_id) == ClaimPart.id, col(Clawback.record_id) == ClaimRecord.id),
            isouter=True,
        )
        .where(or_(is_waiting, is_approved()))
    )
    shares: dict[int, list[_ShareOfRecord]] = defaultdict(list)
    for record_id, payer_id, left_pence, back in session.execute(query):
        shares[record_id].append(_ShareOfRecord(payer_id, left_pence, back > 0))
    return shares


def _as_accepted(own: Iterable[_Standing], names: Mapping[int, str]) -> Iterator[Accepted]:
    for each in own:
        yield Accepted(
            measure=each.measure,
            achieved_on=each.achieved_on,
            by_payer={names[payer_id]: pence for payer_id, pence in each.by_payer.items()},
            units=each.units,
            person=each.person,
            id=each.id,
            follows=each.follows,
        )


def _totals_without(
    session: Session,
    contract: ContractOfCentre,
    own: Sequence[_Standing],
    names: Mapping[int, str],
) -> Iterator[Accepted]:
    """All that the contract has accepted or holds but `own`: by measure, and by year."""
    pence: dict[tuple[str, int, int], Pence] = defaultdict(int)
    units: dict[str, int] = defaultdict(int)
    for use in list_payer_use(session, contract.contract.id):
        key = (use.measure, use.financial_year, use.payer_id)
        pence[key] += use.held_pence + use.accepted_pence
    for of_measure in list_measure_use(session, contract.contract.id):
        units[of_measure.measure] += of_measure.held_units + of_measure.accepted_units
    for each in own:
        units[each.measure] -= each.units
        for payer_id, of_payer in each.by_payer.items():
            pence[each.measure, each.financial_year, payer_id] -= of_payer
    for (measure, year, payer_id), left in pence.items():
        if left:
            by_payer = {names[payer_id]: left}
            yield Accepted(measure, FinancialYear(year).starts_on, by_payer, units=0)
    for measure, count in units.items():
        if count:
            yield Accepted(measure, contract.terms.starts_on, {}, units=count)


def _references(
    session: Session, contract: ContractOfCentre, references: Collection[str]
) -> dict[int, str]:
    """The centre's contracts of these references, by key."""
    if not references:
        return {}
    query = select(col(Contract.id), col(Contract.reference)).where(
        col(Contract.centre_id) == contract.centre.id, col(Contract.reference).in_(references)
    )
    return dict(session.execute(query).all())
