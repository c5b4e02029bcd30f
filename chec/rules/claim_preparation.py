"""What may be claimed for which period, and how a draft is filled.

A period lies in the contract's term and in the venture's own time, and is over when it is claimed.
A line is priced either from counts or from records, for good: an emptied line keeps its basis, and
only discarding the draft frees it. Counts are dated on the period's last day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from chec.finance.periods import financial_year_of
from chec.models import Centre, Claim, ClaimLine, ClaimState, LineBasis, Stage, Venture
from chec.models.references import reference
from chec.rules.contract_terms import ContractTerms
from chec.rules.measure_terms import Measure
from chec.rules.priced_terms import SlidingScale

MOST_OUTCOMES = 50_000
"""In one claim, so that a request has time to store it; so many rows a file may have, too."""

_A_DAY = timedelta(days=1)


def reasons_not_to_prepare(
    terms: ContractTerms,
    venture: Venture,
    starts_on: date,
    ends_before: date,
    *,
    centre: Centre,
    today: date,
) -> list[str]:
    """Why the venture cannot claim the period under the contract; empty where it can."""
    last_day = ends_before - _A_DAY
    if venture.centre_id != centre.id:
        return [f"{venture.name} is not a venture of {centre.name}. Choose one of its ventures."]
    if last_day < starts_on:
        return ["The last day is before the first. Change one of the two."]
    reasons = []
    if starts_on not in terms or last_day not in terms:
        reasons.append(
            f"The contract runs from {_day(terms.starts_on)} to {_day(terms.ends_on)}. Choose a"
            " period inside it."
        )
    if last_day >= today:
        reasons.append(
            f"The period ends on {_day(last_day)}, which is not over. Claim it once it is, or end"
            " the period earlier."
        )
    if starts_on < venture.started_on:
        reasons.append(
            f"{venture.name} started on {_day(venture.started_on)}. Begin the period on that day"
            " or later."
        )
    return reasons + reasons_of_stopping(venture, last_day)


def reasons_of_stopping(venture: Venture, last_day: date) -> list[str]:
    """Why a venture that was stopped cannot claim a period with that last day."""
    if venture.stage is not Stage.STOPPED or last_day <= venture.stage_since_on:
        return []
    return [
        f"{venture.name} was stopped on {_day(venture.stage_since_on)}. It can claim only what was"
        " achieved until then: end the period on that day or earlier."
    ]


def reasons_not_to_fill(claim: Claim) -> list[str]:
    """Why the lines of the claim cannot be changed; empty for a draft."""
    if claim.state is ClaimState.DRAFT:
        return []
    return ["This claim has been submitted and can no longer be changed. Withdraw it, if no payer"
            " has decided yet, and prepare another."]  # fmt: skip


def reasons_not_to_count(
    terms: ContractTerms, lines: Iterable[ClaimLine], counts: Mapping[str, int]
) -> list[str]:
    """Why these counts by measure cannot be entered; 0 empties a line."""
    basis = {line.measure: line.basis for line in lines}
    kept = sum(line.units for line in lines if line.measure not in counts)
    reasons = []
    for code, units in counts.items():
        if units and basis.get(code) is LineBasis.RECORDS:
            reasons.append(reason_of_basis(code, LineBasis.RECORDS))
        reasons += [f"{code}: {reason}" for reason in _of_a_count(terms, code, units)]
    if kept + sum(counts.values()) > MOST_OUTCOMES:
        reasons.append(_too_many(kept + sum(counts.values())))
    return reasons


def _of_a_count(terms: ContractTerms, code: str, units: int) -> list[str]:
    measure = terms.measures_by_code.get(code)
    if measure is None:
        return [f"The contract {terms.reference} has no such measure. Check its code."]
    if units < 0:
        return ["A count is a whole number, 1 or more. Leave it empty for none."]
    return reasons_not_to_price_counts(measure) if units else []


def reasons_not_to_price_counts(measure: Measure) -> list[str]:
    """Why the measure cannot be priced from a count; empty where it can."""
    if not measure.is_priced_per_record:
        return [
            f"It is paid by {measure.kind_in_words}, which CHEC does not price yet. Leave it out."
        ]
    if isinstance(measure.term, SlidingScale):
        return ["It is paid by each person's value. Upload its records instead of a count."]
    return []


def reason_of_basis(code: str, basis: LineBasis) -> str:
    """Why the line of a measure, of that basis, does not take the other."""
    other = LineBasis.RECORDS if basis is LineBasis.COUNTS else LineBasis.COUNTS
    return (
        f"{code} is priced from {basis} in this claim, for good. Take it out of the {other}; to"
        " switch, discard this draft and prepare another."
    )


def reasons_of_size(units: int) -> list[str]:
    """Why a claim cannot hold so many outcomes; empty where it can."""
    return [_too_many(units)] if units > MOST_OUTCOMES else []


def warnings_of_counts(terms: ContractTerms, claim: Claim, lines: Iterable[ClaimLine]) -> list[str]:
    """What to know about counts whose period has more than one price or financial year."""
    first, last = claim.starts_on, claim.last_day
    counted = [line.measure for line in lines if line.units and line.basis is LineBasis.COUNTS]
    warnings = []
    for measure in (terms.measures_by_code.get(code) for code in counted):
        if measure is None or not measure.is_priced_per_record:
            continue
        changes = [on for on in measure.price_dates[1:] if first < on <= last]
        if changes:
            warnings.append(
                f"{measure.code}: its price changes on {_day(changes[0])}, and counts are priced as"
                f" on {_day(last)}. Claim the time before and after apart."
            )
    if counted and financial_year_of(first) != financial_year_of(last):
        year = financial_year_of(last)
        warnings.append(
            f"The period reaches into the financial year {year.name}, and counts are dated"
            f" {_day(last)}: all of them fall into that year. Claim the time until"
            f" {_day(year.starts_on - _A_DAY)} apart."
        )
    return warnings


def warnings_of_repeats(claimed: Mapping[int, Sequence[str]]) -> list[str]:
    """What to know about counts whose measures other claims of the same venture and days have.

    `claimed` gives these measures by key of the claim.
    """
    return [
        f"{reference('claim', key)} claims {', '.join(measures)} of this venture in this period"
        " too. Check that no outcome is counted in both."
        for key, measures in claimed.items()
    ]


def warnings_of_lateness(terms: ContractTerms, claim: Claim, today: date) -> list[str]:
    """Until when the contract takes this claim, where it says so."""
    if terms.claim_within_days is None:
        return []
    within = timedelta(days=terms.claim_within_days)
    told = f"The contract takes claims within {terms.claim_within_days} days of an outcome"
    if claim.starts_on + within >= today:
        return [f"{told}: submit by {_day(claim.starts_on + within)} to have all of this period."]
    return [f"{told}: what was achieved before {_day(today - within)} is too late today."]


def _too_many(units: int) -> str:
    return (
        f"The claim would have {units:,} outcomes. One claim takes {MOST_OUTCOMES:,}: claim"
        " shorter periods apart."
    )


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"
