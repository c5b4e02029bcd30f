"""A contract in words: what counts as an outcome, what limits it, and the rules for everybody."""

from collections.abc import Iterator
from fractions import Fraction

from chec.finance.money import format_pounds
from chec.finance.periods import FinancialYear
from chec.rules.contract_fields import shown
from chec.rules.contract_terms import ContractTerms
from chec.rules.measure_terms import AchievedWhen, Measure, Test

_WEEK = 7
_FORMS = {
    "direct": "The payers contract with the centre directly.",
    "lead_provider": "A lead provider holds the contract for the others.",
    "alliance": "The parties share the contract as an alliance.",
}
_ON_SILENCE = {
    "escalate": "Who says nothing by then has the claim escalated."
    " CHEC shows that a decision is late; it escalates nothing by itself yet.",
    "accept": "Who says nothing by then has accepted the claim."
    " CHEC shows that a decision is late; it accepts nothing by itself yet.",
}
_WHEN_EXHAUSTED = {
    "lapse": "When a payer's commitment is used up, its share of further outcomes is not paid.",
    "move": "When a payer's commitment is used up, its share moves to the next payer with room.",
}


def days(count: int) -> str:
    """`1 day`, `20 days`, `13 weeks`."""
    number, unit = (count // _WEEK, "week") if count and count % _WEEK == 0 else (count, "day")
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def percentage(share: Fraction) -> str:
    """`15%`, and `2/3` for what has no end as a percentage."""
    text = shown(share * 100)
    return f"{text}%" if "/" not in text else str(share)


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def what_counts(measure: Measure) -> list[str]:
    """What makes an outcome of the measure, in sentences."""
    return [*_cohort(measure), *_achieved(measure.achieved_when), *_chain(measure),
            *_evidence(measure)]  # fmt: skip


def limits(measure: Measure) -> list[str]:
    """What caps the measure, and for how long its money may go back, in sentences."""
    found = []
    if measure.times_per_person:
        at_most = "" if measure.times_per_person == 1 else "At most "
        said = f"{at_most}{times(measure.times_per_person)} per person."
        found.append(said[:1].upper() + said[1:])
    if measure.cap_units is not None:
        outcomes = "outcome" if measure.cap_units == 1 else "outcomes"
        found.append(f"At most {measure.cap_units:,} {outcomes}.")
    if measure.cap_pence is not None:
        found.append(f"At most {format_pounds(measure.cap_pence, whole=True)} in all.")
    if measure.clawback_days:
        found.append(f"Can be clawed back for {days(measure.clawback_days)}.")
    return found


def beside_the_price(measure: Measure) -> list[str]:
    """What would have happened anyway, and what an outcome saves; no part of what is paid."""
    found = []
    if measure.deadweight:
        found.append(f"{percentage(measure.deadweight)} would have happened anyway.")
    saving = measure.saving_pence
    if saving and (saving.cashable or saving.non_cashable):
        cashable, other = (
            format_pounds(pence, whole=True) for pence in (saving.cashable, saving.non_cashable)
        )
        found.append(f"Each saves {cashable} in cash and {other} that is not cash.")
    return found


def rules(terms: ContractTerms) -> list[str]:
    """What holds for every measure and payer of the contract, in sentences."""
    return [*_form(terms), *_caps(terms), *_claiming(terms), *_deciding(terms), *_sampling(terms)]


def _cohort(measure: Measure) -> Iterator[str]:
    if measure.cohort:
        yield f"For: {measure.cohort}."


def _achieved(achieved: AchievedWhen | None) -> Iterator[str]:
    if achieved is None:
        return
    joined = (" or " if achieved.combine == "any" else " and ").join(map(_test, achieved.tests))
    yield f"Counts when {joined}."
    if achieved.check_days is not None:
        give = achieved.tolerance_days
        tolerance = f", give or take {days(give)}" if give else ""
        yield f"Checked {days(achieved.check_days)} after the start{tolerance}."


def _test(test: Test) -> str:
    conditions = (
        (test.at_most, "is {} or less"),
        (test.at_least, "is {} or more"),
        (test.falls_by, "falls by {} or more"),
        (test.rises_by, "rises by {} or more"),
    )
    shares = ((test.falls_by_share, "falls"), (test.rises_by_share, "rises"))
    said = [words.format(shown(value)) for value, words in conditions if value is not None]
    said += [
        f"{verb} by {percentage(share)} or more" for share, verb in shares if share is not None
    ]
    return f"{test.reading} {said[0]}"


def _chain(measure: Measure) -> Iterator[str]:
    if measure.follows:
        after, within = measure.after_days, measure.within_days
        when = [
            f"at least {days(after)}" if after else "",
            f"at most {days(within)}" if within is not None else "",
        ]
        gap = " and ".join(filter(None, when))
        yield f"Follows {measure.follows} of the same person{f', {gap} after it' if gap else ''}."
    if measure.same_as:
        yield f"The same outcome as {measure.same_as.code} of {measure.same_as.contract}."


def _evidence(measure: Measure) -> Iterator[str]:
    if measure.evidence:
        yield f"Evidence: {'; '.join(measure.evidence)}."


def _form(terms: ContractTerms) -> Iterator[str]:
    if terms.form:
        yield _FORMS[terms.form]


def _caps(terms: ContractTerms) -> Iterator[str]:
    if terms.cap_pence is not None:
        yield f"At most {format_pounds(terms.cap_pence, whole=True)} is paid in all."
    for year, pence in sorted(terms.yearly_caps_pence.items()):
        most, name = format_pounds(pence, whole=True), FinancialYear(int(year)).name
        yield f"At most {most} is paid for outcomes of {name}."
    if terms.person_cap_pence is not None:
        most = format_pounds(terms.person_cap_pence, whole=True)
        yield f"Over the whole contract one person's outcomes earn at most {most}."
    if any(payer.commitment_pence is not None for payer in terms.payers):
        yield _WHEN_EXHAUSTED[terms.on_payer_exhausted]


def _claiming(terms: ContractTerms) -> Iterator[str]:
    if terms.claim_within_days is not None:
        yield f"An outcome is claimed within {days(terms.claim_within_days)} of its day."


def _deciding(terms: ContractTerms) -> Iterator[str]:
    if terms.decide_within_days is not None:
        yield f"Each payer decides a claim within {days(terms.decide_within_days)}."
        if terms.on_silence:
            yield _ON_SILENCE[terms.on_silence]
    if terms.dispute_within_days is not None:
        yield (
            f"What was rejected may be disputed within {days(terms.dispute_within_days)}. CHEC"
            " keeps no disputes yet: write to the payer."
        )
    if terms.pay_within_days is not None:
        yield f"What was approved is paid within {days(terms.pay_within_days)}."


def _sampling(terms: ContractTerms) -> Iterator[str]:
    if terms.sampling:
        records = "record" if terms.sampling.size == 1 else "records"
        yield f"A payer may check {terms.sampling.size:,} {records} of a line, drawn at random."
        if terms.sampling.reduce_by_lower_bound:
            yield (
                "A line is then reduced by the share of errors that the sample proves, where that"
                " is more than the records found wrong."
            )
        yield "CHEC draws no sample and reduces no line by itself yet."
