"""Which records may be added to a draft, once each can be read.

All of a file or nothing of it. A record lies in the claim's period, is new to the draft, and is in
no other live claim of the contract: one that was neither withdrawn nor rejected by every payer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from chec.models import Claim, ClaimLine, LineBasis
from chec.models.references import reference
from chec.rules.claim_file import CellFault
from chec.rules.claim_preparation import (
    MOST_OUTCOMES,
    reason_of_basis,
    reasons_of_size,
)
from chec.rules.claim_valuation import Record
from chec.rules.contract_terms import ContractTerms

Achieved = tuple[str, str, date]
"""Measure, person and day: what is claimed once."""


def faults_against_claim(
    terms: ContractTerms,
    records: Sequence[Record],
    claim: Claim,
    lines: Sequence[ClaimLine],
    claimed: Mapping[Achieved, int],
) -> list[CellFault]:
    """Everything that keeps `records`, whose ids are their lines, out of the draft `claim`.

    `claimed` gives the key of the claim in which what was achieved is claimed already.
    """
    counted = {line.measure for line in lines if line.basis is LineBasis.COUNTS}
    units = sum(line.units for line in lines) + len(records)
    faults = [CellFault(1, "file", reason) for reason in reasons_of_size(units)]
    faults += _faults_of_evidence(records, terms)
    for record in records:
        if record.measure in counted:
            reason = reason_of_basis(record.measure, LineBasis.COUNTS)
            faults.append(_fault(record, "measure", reason))
        if not claim.starts_on <= record.achieved_on < claim.ends_before:
            faults.append(_fault(record, "achieved_on", _outside(claim)))
        other = claimed.get(achieved(record))
        if other:
            faults.append(_fault(record, "person", _claimed_in(other, claim)))
    return faults


def achieved(record: Record) -> Achieved:
    """What the record claims."""
    return record.measure, record.person or "", record.achieved_on


def in_words(faults: Iterable[CellFault]) -> list[str]:
    """The faults as sentences; one that many lines share is said once, with all of them."""
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line, column, reason in sorted(faults):
        shared[column, reason].append(line)
    return [f"{_lines(lines)}, {column}: {reason}" for (column, reason), lines in shared.items()]


def faults_of_length(data: bytes) -> list[CellFault]:
    """What is wrong with a file that has more lines than a claim has outcomes."""
    lines = data.count(b"\n") + 1
    if lines <= MOST_OUTCOMES + 2:  # the first line, and an empty last one
        return []
    reason = f"The file has {lines:,} lines. A claim takes {MOST_OUTCOMES:,} records: part the file"
    return [CellFault(1, "file", f"{reason} and claim shorter periods apart.")]


def _faults_of_evidence(records: Sequence[Record], terms: ContractTerms) -> list[CellFault]:
    asked = {each.measure for each in records if each.evidence is None}
    return [
        CellFault(
            1,
            "columns",
            f"{measure.code} asks for evidence ({', '.join(measure.evidence)}). Add the column"
            " “evidence”.",
        )
        for measure in terms.measures
        if measure.evidence and measure.code in asked
    ]


def _fault(record: Record, column: str, reason: str) -> CellFault:
    return CellFault(int(record.id), column, reason)


def _outside(claim: Claim) -> str:
    return (
        f"This is outside the claim's period, {claim.starts_on:%-d %B %Y} to"
        f" {claim.last_day:%-d %B %Y}. Claim it with its own period."
    )


def _claimed_in(other: int, claim: Claim) -> str:
    if other == claim.id:
        return (
            "This draft has the same measure, person and day already. Take the row out, or remove"
            " the records that are there first."
        )
    return (
        f"{reference('claim', other)} claims the same measure, person and day. An outcome is"
        " claimed once: take the row out."
    )


def _lines(numbers: Sequence[int]) -> str:
    """`Line 4`, `Lines 4, 7 to 9`."""
    stretches = [
        str(first) if first == last else f"{first} to {last}"
        for first, last in _stretches(sorted(set(numbers)))
    ]
    return f"{'Line' if len(set(numbers)) == 1 else 'Lines'} {', '.join(stretches)}"


def _stretches(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = numbers[0]
    for before, number in pairwise(numbers):
        if number > before + 1:
            yield first, before
            first = number
    yield first, numbers[-1]
