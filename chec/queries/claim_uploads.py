"""A file of records on its way into a draft: what it holds, and what keeps it out."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlmodel import Session, col

from chec.errors import RuleBroken
from chec.models import Claim, ClaimLine, ClaimRecord, ClaimState
from chec.queries.claim_history import keys_of_records
from chec.queries.claims import list_lines
from chec.queries.contracts import ContractOfCentre
from chec.queries.line_standing import is_held
from chec.rules.claim_file import CellFault, UnreadableClaimFile, read_claim_file
from chec.rules.claim_upload import Achieved, achieved, faults_against_claim, faults_of_length
from chec.rules.claim_valuation import Record

_BATCH = 5_000
_COUNTS = "This is a file of counts. Enter them on the draft's page “Enter counts” instead."


class Upload(NamedTuple):
    """The records of a file, whose ids are its lines, and everything wrong with it."""

    records: Sequence[Record]
    faults: Sequence[CellFault]


def read_upload(session: Session, contract: ContractOfCentre, claim: Claim, data: bytes) -> Upload:
    """What `data` would add to the draft `claim`; with any fault, it adds nothing."""
    read = _read(contract, data)
    lines = list_lines(session, claim)
    claimed = _claimed(session, claim, read.records)
    more = faults_against_claim(contract.terms, read.records, claim, lines, claimed)
    return Upload(read.records, [*read.faults, *more])


def _read(contract: ContractOfCentre, data: bytes) -> Upload:
    too_long = faults_of_length(data)
    if too_long:
        return Upload((), too_long)
    try:
        file = read_claim_file(data, contract.terms)
    except UnreadableClaimFile as unreadable:
        return Upload(unreadable.records, unreadable.faults)
    except RuleBroken as refused:
        return Upload((), [CellFault(1, "columns", reason) for reason in refused.reasons])
    return Upload(file.records, [CellFault(1, "columns", _COUNTS)] if file.counts else [])


def _claimed(session: Session, claim: Claim, records: Iterable[Record]) -> dict[Achieved, int]:
    """In which draft, or claim that stands, what these records claim is claimed already."""
    wanted = {achieved(record) for record in records}
    persons = sorted({person for _, person, _ in wanted})
    is_claimed = or_(col(Claim.state) == ClaimState.DRAFT, is_held())
    query = (
        select(
            col(ClaimLine.measure),
            col(ClaimRecord.person),
            col(ClaimRecord.achieved_on),
            col(ClaimLine.claim_id),
        )
        .join(ClaimLine, col(ClaimRecord.line_id) == ClaimLine.id)
        .join(Claim, col(ClaimLine.claim_id) == Claim.id)
        .where(col(Claim.contract_id) == claim.contract_id, is_claimed)
    )
    found: dict[Achieved, int] = {}
    for begin in range(0, len(persons), _BATCH):
        keys = keys_of_records(persons[begin : begin + _BATCH])
        some = query.join(keys, keys.c.id == ClaimRecord.id)
        for measure, person, achieved_on, claim_id in session.execute(some):
            if (measure, person, achieved_on) in wanted:
                found[measure, person, achieved_on] = claim_id
    return found
