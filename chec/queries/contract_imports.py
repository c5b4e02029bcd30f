"""What importing a contract document to a centre would do."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, func, select

from chec.errors import RuleBroken
from chec.models import (
    Centre,
    Claim,
    ClaimLine,
    ClaimRecord,
    ClaimState,
    Contract,
    ContractPayer,
    LineBasis,
    MeasureUse,
    Organisation,
    PayerUse,
)
from chec.queries.contracts import ContractOfCentre, list_references, newest_of
from chec.rules.contract_change import Used, changes_between, reasons_not_to_change
from chec.rules.contract_document import UnreadableContract
from chec.rules.contract_import import faults_of_payers, name_key, notices_of
from chec.rules.contract_terms import ContractTerms, read_contract


@dataclass(frozen=True)
class PlannedImport:
    """A document that can be imported; `known` is the contract of its reference, if there is one.

    `payers` gives the organisation by the document's name for it; None: it is to be added.
    `changes` are sentences about what is different from the newest version.
    """

    document: str
    terms: ContractTerms
    known: ContractOfCentre | None
    payers: Mapping[str, Organisation | None]
    notices: tuple[str, ...]
    changes: tuple[str, ...]

    @property
    def is_there_already(self) -> bool:
        """Whether this very document is the contract's newest version."""
        return self.known is not None and self.known.version.document == self.document

    @property
    def number(self) -> int:
        """Which version of the contract it is, or would become."""
        before = self.known.version.number if self.known else 0
        return before if self.is_there_already else before + 1


def plan_import(
    session: Session, centre: Centre, document: str | bytes, terms: ContractTerms
) -> PlannedImport:
    """What importing `document`, which says `terms`, to the centre would do, as things are now.

    Raises UnreadableContract for payers that cannot be, and RuleBroken where claims have used what
    it takes away.
    """
    organisations = {name_key(each.name): each for each in session.exec(select(Organisation))}
    if faults := faults_of_payers(terms, organisations):
        raise UnreadableContract(faults)
    references = list_references(session, centre.id)
    known = _known(session, references.get(terms.reference))
    return PlannedImport(
        document=document if isinstance(document, str) else document.decode(),
        terms=terms,
        known=known,
        payers={name: organisations.get(name_key(name)) for name in terms.payer_names},
        notices=tuple(notices_of(terms, references)),
        changes=_changes(session, known, terms) if known else (),
    )


def plan_or_refuse(
    session: Session, centre: Centre, document: bytes
) -> tuple[PlannedImport | None, list[str]]:
    """What importing `document` would do, or why it cannot be imported."""
    try:
        return plan_import(session, centre, document, read_contract(document)), []
    except RuleBroken as refused:
        return None, refused.reasons


def used_of(session: Session, contract: Contract, names: Mapping[int, str]) -> Used:
    """What is accepted or held of the contract now; `names` are its payers' by key.

    By columns, not as rows: what was read before the lock may have changed since.
    """
    by_payer, by_year, pence = Counter[str](), Counter[int](), Counter[str]()
    for payer_id, year, measure, used in session.exec(
        select(
            PayerUse.payer_id,
            PayerUse.financial_year,
            PayerUse.measure,
            PayerUse.held_pence + PayerUse.accepted_pence,
        ).where(PayerUse.contract_id == contract.id)
    ):
        by_payer[names[payer_id]] += used
        by_year[year] += used
        pence[measure] += used
    units = dict(
        session.exec(
            select(MeasureUse.measure, MeasureUse.held_units + MeasureUse.accepted_units).where(
                MeasureUse.contract_id == contract.id
            )
        ).all()
    )
    by_measure = {code: (units.get(code, 0), pence[code]) for code in sorted({*units, *pence})}
    return Used(by_payer, by_year, by_measure, *_days_of_outcomes(session, contract))


def _known(session: Session, contract_id: int | None) -> ContractOfCentre | None:
    contract = session.get(Contract, contract_id) if contract_id else None
    return newest_of(session, contract) if contract else None


def _changes(session: Session, known: ContractOfCentre, terms: ContractTerms) -> tuple[str, ...]:
    names = _names_of_payers(session, known.contract, terms)
    used = used_of(session, known.contract, names)
    if reasons := reasons_not_to_change(known.terms, terms, used):
        raise RuleBroken(reasons)
    return tuple(changes_between(known.terms, terms))


def _names_of_payers(session: Session, contract: Contract, terms: ContractTerms) -> dict[int, str]:
    """Every payer that the contract ever had, by key: as `terms` write it, or as it was named."""
    written = {name_key(name): name for name in terms.payer_names}
    query = select(ContractPayer.payer_id, ContractPayer.named).where(
        ContractPayer.contract_id == contract.id
    )
    return {key: written.get(name_key(named), named) for key, named in session.exec(query)}


def _days_of_outcomes(session: Session, contract: Contract) -> tuple[date | None, date | None]:
    """The first and the last day of outcomes that were paid for, or may be.

    Those of counts are of the last day of their claim.
    """
    achieved = col(ClaimRecord.achieved_on)
    ends = col(Claim.ends_before)
    of_it = (Claim.contract_id == contract.id, col(Claim.state).in_(_MAY_BE_PAID))
    of_records: tuple[date | None, ...] = session.exec(
        select(func.min(achieved), func.max(achieved))
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .join(Claim, col(ClaimLine.claim_id) == Claim.id)
        .where(*of_it, col(ClaimRecord.removed_at).is_(None))
    ).one()
    of_counts: tuple[date | None, ...] = session.exec(
        select(func.min(ends), func.max(ends))
        .join(ClaimLine, col(ClaimLine.claim_id) == Claim.id)
        .where(*of_it, ClaimLine.basis == LineBasis.COUNTS)
    ).one()
    days = [day for day in of_records if day is not None] + [
        day - _A_DAY for day in of_counts if day is not None
    ]
    return (min(days), max(days)) if days else (None, None)


_A_DAY = timedelta(days=1)
_MAY_BE_PAID = (ClaimState.SUBMITTED, ClaimState.APPROVED, ClaimState.PAID)
