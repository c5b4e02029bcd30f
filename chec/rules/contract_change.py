"""When a contract document may take the place of an earlier one of the same reference.

What was accepted, or is held by a claim that payers have not decided, stays: no cap goes below it,
no payer or measure that has some of it goes away, and the term still holds its days. Prices and
shares may change; they count for what is claimed from then on. So does the cap of a person: it may
go below what was accepted of one, who then has nothing left of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from chec.finance.money import Pence, format_pounds
from chec.finance.periods import FinancialYear
from chec.rules.contract_fields import Terms, shown
from chec.rules.contract_terms import ContractTerms
from chec.rules.measure_terms import Measure
from chec.rules.priced_terms import Price


@dataclass(frozen=True)
class Used:
    """What is accepted or held, by payer's name, financial year and measure (units and pence).

    `first_on` and `last_on` are the days of the earliest and the latest outcome, where known.
    """

    by_payer: Mapping[str, Pence] = field(default_factory=dict)
    by_year: Mapping[int, Pence] = field(default_factory=dict)
    by_measure: Mapping[str, tuple[int, Pence]] = field(default_factory=dict)
    first_on: date | None = None
    last_on: date | None = None


def reasons_not_to_change(old: ContractTerms, new: ContractTerms, used: Used) -> list[str]:
    """Why `new` cannot take the place of `old`; empty where it can."""
    if new.reference != old.reference:
        return [f"This document is of {new.reference}, not of {old.reference}."]
    return [
        *_below("The contract's cap", new.cap_pence, sum(used.by_payer.values())),
        *_reasons_of_years(new, used),
        *_reasons_of_days(new, used),
        *_reasons_of_payers(new, used),
        *_reasons_of_measures(new, used),
    ]


def _below(cap: str, most: Pence | None, used: Pence) -> Iterator[str]:
    if most is not None and most < used:
        yield (
            f"{cap}, {format_pounds(most)}, is below the {format_pounds(used)} that is accepted or"
            f" claimed already. Set it to {format_pounds(used)} or more."
        )


def _reasons_of_years(new: ContractTerms, used: Used) -> Iterator[str]:
    for number, pence in sorted(used.by_year.items()):
        year = FinancialYear(number)
        yield from _below(f"The cap for {year.name}", new.yearly_cap_pence(number), pence)
        if pence and year not in new.financial_years:
            yield (
                f"{format_pounds(pence)} is accepted or claimed already for {year.name}, in which"
                " this document has no day. Let its term reach into that year."
            )


def _reasons_of_days(new: ContractTerms, used: Used) -> Iterator[str]:
    if used.first_on and used.first_on < new.starts_on:
        yield (
            f"An outcome of {_day(used.first_on)} is accepted or claimed already. Let the contract"
            " start on that day or earlier."
        )
    if used.last_on and used.last_on > new.ends_on:
        yield (
            f"An outcome of {_day(used.last_on)} is accepted or claimed already. Let the contract"
            " end on that day or later."
        )


def _reasons_of_payers(new: ContractTerms, used: Used) -> Iterator[str]:
    payers = {each.organisation: each for each in new.payers}
    for name, pence in used.by_payer.items():
        if name in payers:
            yield from _below(f"The commitment of {name}", payers[name].commitment_pence, pence)
        elif pence:
            yield (
                f"{name} has accepted or been asked for {format_pounds(pence)}, and is no payer of"
                " this document. Keep it, under the same name."
            )


def _reasons_of_measures(new: ContractTerms, used: Used) -> Iterator[str]:
    for code, (units, pence) in used.by_measure.items():
        measure = new.measures_by_code.get(code)
        if measure is None and (units or pence):
            yield (
                f"{units:,} of {code}, for {format_pounds(pence)}, are accepted or claimed already,"
                " and this document has no such measure. Keep it, under the same code."
            )
        if measure is None:
            continue
        yield from _below(f"The cap of {code}", measure.cap_pence, pence)
        if measure.cap_units is not None and measure.cap_units < units:
            yield (
                f"The cap of {code}, {measure.cap_units:,} units, is below the {units:,} that are"
                f" accepted or claimed already. Set it to {units:,} or more."
            )


def changes_between(old: ContractTerms, new: ContractTerms) -> list[str]:
    """What is different in `new`, a sentence each, in the order of the document."""
    payers = [{each.organisation: each for each in terms.payers} for terms in (old, new)]
    measures = [each.measures_by_code for each in (old, new)]
    return [
        *_changes("The contract", _fields(old), _fields(new)),
        *_when_the_person_cap_counts(old, new),
        *_changes_of_parts("Payer", *payers),
        *_changes_of_parts("Measure", *measures),
    ]


def _when_the_person_cap_counts(old: ContractTerms, new: ContractTerms) -> Iterator[str]:
    if new.person_cap_pence is not None and new.person_cap_pence != old.person_cap_pence:
        yield "The person cap counts for later claims; what claims have of a person already stays."


def _changes_of_parts(
    what: str, old: Mapping[str, Terms], new: Mapping[str, Terms]
) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield f"{what} {_named(old[name], name)} is taken out."
        elif name not in old:
            yield f"{what} {_named(new[name], name)} is added."
        else:
            yield from _changes(f"{what} {name}", _fields(old[name]), _fields(new[name]))
    kept_before, kept_after = (
        [each for each in one if each in old and each in new] for one in (old, new)
    )
    if kept_before != kept_after:
        yield f"The {what.lower()}s stand in another order: {', '.join(new)}."


def _named(part: Terms, name: str) -> str:
    return f"{name} ({part.name})" if isinstance(part, Measure) else name


def _changes(subject: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for label in dict.fromkeys([*old, *new]):
        before, after = old.get(label), new.get(label)
        if before == after:
            continue
        if before is None:
            yield f"{subject}: {label} is added, {after}."
        elif after is None:
            yield f"{subject}: {label} is taken away; it was {before}."
        else:
            yield f"{subject}: {label} changes from {before} to {after}."


_APART = {"payers", "measures", "organisation", "code"}
"""Compared one by one, or what each is known by."""
_ENDINGS = ("_pence", "_on")
_IN_PENCE = ("cashable", "non_cashable")


def _fields(part: Terms) -> dict[str, str]:
    """What `part` says, in words by field; a rule that is not there has none."""
    said = {name: getattr(part, name) for name in type(part).model_fields if name not in _APART}
    return {
        _label(name): _words(name, value)
        for name, value in said.items()
        if value not in (None, (), {})
    }


def _label(name: str) -> str:
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name.replace("_", " ")


def _words(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return " and ".join(_words(name, each) for each in value)
    if name.endswith("_pence") or name in _IN_PENCE:
        return format_pounds(value) if isinstance(value, int) else _words("", value)
    words: Callable[[Any], str] | None = _WORDS.get(type(value))
    return words(value) if words else _words_of_terms(value)


def _words_of_terms(terms: Terms) -> str:
    code = getattr(terms, "code", None)
    told = [f"{label} {words}" for label, words in _fields(terms).items()]
    return ", ".join([f"code {code}", *told] if code else told)


def _words_of_price(price: Price) -> str:
    return f"{format_pounds(price.pence)} from {_day(price.from_on)}"


def _words_of_years(pence_by_year: Mapping[str, Pence]) -> str:
    said = sorted(pence_by_year.items())
    return ", ".join(f"{format_pounds(each)} for {FinancialYear(int(y)).name}" for y, each in said)


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


_WORDS: dict[type, Callable[[Any], str]] = {
    Price: _words_of_price,
    dict: _words_of_years,
    bool: lambda value: "yes" if value else "no",
    date: _day,
    Fraction: shown,
    int: "{:,}".format,
    str: str,
}
