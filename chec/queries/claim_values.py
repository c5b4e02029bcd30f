"""What a claim is worth: a draft as it would be valued now, a submitted one as it was."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col, func

from chec.finance.money import Pence
from chec.models import (
    Claim,
    ClaimLine,
    ClaimRecord,
    ClaimRemoval,
    ClaimState,
    Contract,
    ContractVersion,
    LineBasis,
)
from chec.queries.claim_history import already_accepted
from chec.queries.claims import ClaimOfCentre, list_claimed_alike, list_lines, list_parts
from chec.queries.contracts import ContractOfCentre, in_version, newest_of, terms_of
from chec.rules.claim_preparation import (
    warnings_of_counts,
    warnings_of_lateness,
    warnings_of_repeats,
)
from chec.rules.claim_valuation import ClaimValuation, Outcome, Record, Removal, ValuedLine
from chec.rules.contract_terms import ContractTerms
from chec.rules.outcome_payment import reasons_not_to_value, value_claim
from chec.rules.same_outcomes import linked


class ClaimValue(NamedTuple):
    """What a claim is worth, and how that came about; amounts in pence.

    `lines` are those with outcomes, and `by_payer` every payer, in the contract's order. `refusals`
    say why a draft cannot be valued; everything else is then nothing.
    """

    gross_pence: Pence
    payable_pence: Pence
    by_payer: Mapping[str, Pence]
    lines: Sequence[ValuedLine]
    removed: Sequence[Removal]
    warnings: Sequence[str] = ()
    outcomes: Sequence[Outcome] = ()
    refusals: Sequence[str] = ()

    @property
    def removed_pence(self) -> Pence:
        return self.gross_pence - self.payable_pence


def contract_of(session: Session, found: ClaimOfCentre) -> ContractOfCentre:
    """The contract as it is now for a draft, else as the claim was priced under it."""
    if found.claim.version_id is None:
        return newest_of(session, found.contract)
    return in_version(session, found.contract, found.claim.version_id)


def get_value(
    session: Session,
    contract: ContractOfCentre,
    claim: Claim,
    lines: Sequence[ClaimLine],
    today: date,
) -> ClaimValue:
    """What the claim of these lines is worth: for a draft now, as if it were claimed today."""
    if claim.state is not ClaimState.DRAFT:
        return _stored(session, contract, claim, lines)
    refusals = reasons_not_to_value(contract.terms, [each.measure for each in lines if each.units])
    if refusals:
        return ClaimValue(0, 0, {}, (), (), refusals=refusals)
    value = value_of_draft(session, contract, claim, today)
    return ClaimValue(
        value.gross_pence,
        value.payable_pence,
        value.by_payer,
        value.lines,
        value.removed,
        warnings=[
            *warnings_of_counts(contract.terms, claim, lines),
            *warnings_of_repeats(list_claimed_alike(session, claim)),
            *value.warnings,
            *warnings_of_lateness(contract.terms, claim, today),
        ],
        outcomes=value.outcomes,
    )


def _stored(
    session: Session, contract: ContractOfCentre, claim: Claim, lines: Sequence[ClaimLine]
) -> ClaimValue:
    asked = {each.part.payer_id: each.part.asked_pence for each in list_parts(session, claim)}
    by_measure = {each.measure: each for each in lines}
    removed = session.scalars(
        select(ClaimRemoval)
        .where(col(ClaimRemoval.claim_id) == claim.id)
        .order_by(col(ClaimRemoval.id))
    )
    return ClaimValue(
        claim.gross_pence or 0,
        claim.payable_pence or 0,
        {name: asked.get(payer_id, 0) for name, payer_id in contract.payers.items()},
        [
            ValuedLine(
                line.measure,
                line.units,
                line.taken_units or 0,
                line.gross_pence or 0,
                line.payable_pence or 0,
            )
            for line in (by_measure.get(each.code) for each in contract.terms.measures)
            if line
        ],
        [Removal(each.step, each.measure, each.units, each.pence, each.why) for each in removed],
    )


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
    number, on = 0, claim.last_day
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
