"""What a claim is worth: a draft as it would be valued now, a submitted one as it was."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlmodel import Session, col, func

from chec.models import Claim, ClaimLine, ClaimRecord, Contract, ContractVersion, LineBasis
from chec.queries.claim_history import already_accepted
from chec.queries.claims import list_lines
from chec.queries.contracts import ContractOfCentre, terms_of
from chec.rules.claim_preparation import last_day_of
from chec.rules.claim_valuation import ClaimValuation, Record
from chec.rules.contract_terms import ContractTerms
from chec.rules.outcome_payment import value_claim
from chec.rules.same_outcomes import linked


def value_of_draft(
    session: Session, contract: ContractOfCentre, claim: Claim, claimed_on: date
) -> ClaimValuation:
    """What the draft is worth if it is claimed on that day, after everything claimed before.

    Raises RuleBroken where the contract, as it is now, cannot price a line. The number of queries
    does not depend on how much was claimed.
    """
    records = list_claimed(session, claim, list_lines(session, claim))
    terms, told_as = linked(contract.terms, _others(session, contract))
    before = already_accepted(session, contract, claim, told_as)
    return value_claim(terms, records, before, claimed_on=claimed_on)


def list_claimed(session: Session, claim: Claim, lines: Sequence[ClaimLine]) -> list[Record]:
    """Every outcome of the claim: its records, and those of counts, whose ids are below zero."""
    query = (
        select(
            col(ClaimRecord.id),
            col(ClaimLine.measure),
            col(ClaimRecord.person),
            col(ClaimRecord.achieved_on),
            col(ClaimRecord.evidence),
            col(ClaimRecord.value),
        )
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .where(col(ClaimLine.claim_id) == claim.id)
    )
    records = [
        Record._make((*told, Decimal(value) if value is not None else None))
        for *told, value in session.execute(query)
    ]
    return [*records, *_counted(claim, lines)]


def _counted(claim: Claim, lines: Sequence[ClaimLine]) -> Iterator[Record]:
    number, on = 0, last_day_of(claim)
    for line in lines:
        for _ in range(line.units if line.basis is LineBasis.COUNTS else 0):
            number -= 1
            yield Record(number, line.measure, None, on, None)


def _others(session: Session, contract: ContractOfCentre) -> list[ContractTerms]:
    """The newest documents of the centre's other contracts that name a measure elsewhere."""
    newest = (
        select(func.max(col(ContractVersion.number)))
        .where(col(ContractVersion.contract_id) == Contract.id)
        .correlate(Contract)
        .scalar_subquery()
    )
    query = (
        select(col(ContractVersion.document))
        .join(Contract, col(ContractVersion.contract_id) == Contract.id)
        .where(
            col(Contract.centre_id) == contract.centre.id,
            col(Contract.id) != contract.contract.id,
            col(ContractVersion.number) == newest,
            col(ContractVersion.document).contains('"same_as"'),
        )
    )
    return [terms_of(document) for document in session.scalars(query)]
