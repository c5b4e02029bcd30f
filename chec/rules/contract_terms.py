"""An outcomes contract as a frozen value, and the reader of its document (methods, 2).

The document and its fields are JSON, `format` "chec-contract/1"; amounts are pence, shares exact.
What is not there is no rule. What is wrong is said all at once, each fault with its place.
"""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, ValidationError, field_validator
from pydantic_core.core_schema import ValidationInfo

from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.finance.periods import FinancialYear, financial_year_of
from chec.rules.contract_document import (
    Path,
    open_document,
    refuse,
    unreadable,
)
from chec.rules.contract_fields import (
    Amount,
    Day,
    Days,
    PayerName,
    Reference,
    Share,
    Size,
    Some,
    Terms,
    Text,
    repeated,
    shown,
)
from chec.rules.measure_terms import Measure


class Payer(Terms):
    """Who pays `share` of every amount, up to its commitment, if it has one."""

    organisation: PayerName
    share: Share
    commitment_pence: Amount | None = None


class Sampling(Terms):
    """How many records of a line are drawn to be checked."""

    size: Size
    reduce_by_lower_bound: StrictBool = False


def _years(given: Any) -> dict[int, Any]:
    if not isinstance(given, dict):
        raise ValueError("This must be an object, such as {“2024”: 260000}.")
    refuse(
        [
            ((key,), "Write the calendar year in which the financial year begins, such as “2024”.")
            for key in given
            if not re.fullmatch(r"[0-9]{4}", key)
        ]
    )
    return given


YearlyCaps = Annotated[dict[str, Amount], BeforeValidator(_years)]


class ContractTerms(Terms):
    """A contract document. A rule that is None is not there; `ends_on` is the last day."""

    format: Literal["chec-contract/1"]
    reference: Reference
    title: Text
    form: Literal["direct", "lead_provider", "alliance"] | None = None
    starts_on: Day
    ends_on: Day
    cap_pence: Amount | None = None
    yearly_caps_pence: YearlyCaps = Field(default_factory=dict)
    person_cap_pence: Amount | None = None
    on_payer_exhausted: Literal["lapse", "move"] = "lapse"
    decide_within_days: Days | None = None
    on_silence: Literal["escalate", "accept"] | None = None
    dispute_within_days: Days | None = None
    claim_within_days: Days | None = None
    pay_within_days: Days | None = None
    sampling: Sampling | None = None
    payers: Some[Payer]
    measures: Some[Measure]

    @field_validator("ends_on")
    @classmethod
    def _ends_after_it_starts(cls, ends_on: date, info: ValidationInfo) -> date:
        starts_on = info.data.get("starts_on")
        if starts_on and ends_on < starts_on:
            raise ValueError(f"This is before the contract starts, on {starts_on}.")
        return ends_on

    @field_validator("yearly_caps_pence")
    @classmethod
    def _years_of_the_term(cls, caps: dict[str, Pence], info: ValidationInfo) -> dict[str, Pence]:
        if {"starts_on", "ends_on"} <= info.data.keys():
            first, last = (
                financial_year_of(info.data[day]).year for day in ("starts_on", "ends_on")
            )
            refuse(
                [
                    ((key,), f"The contract has no day in the financial year {key}. It runs from"
                     f" {FinancialYear(first).name} to {FinancialYear(last).name}.")
                    for key in caps
                    if not first <= int(key) <= last
                ]
            )  # fmt: skip
        return caps

    @field_validator("payers")
    @classmethod
    def _shares_add_up(cls, payers: tuple[Payer, ...]) -> tuple[Payer, ...]:
        faults = repeated([each.organisation for each in payers], "organisation")
        total = sum((each.share for each in payers), Fraction(0))
        if total != 1:
            faults.append(
                ((), f"The shares add to {shown(total)}. Change them so that they add to exactly"
                 " 1; a third is “1/3”.")
            )  # fmt: skip
        refuse(faults)
        return payers

    @field_validator("measures")
    @classmethod
    def _measures_agree(
        cls, measures: tuple[Measure, ...], info: ValidationInfo
    ) -> tuple[Measure, ...]:
        faults = repeated([each.code for each in measures], "code")
        faults += _faults_of_follows({each.code: each.follows for each in measures}, measures)
        if info.data.get("starts_on"):
            faults += _late_prices(measures, info.data["starts_on"])
        refuse(faults)
        return measures

    @cached_property
    def measures_by_code(self) -> Mapping[str, Measure]:
        """Its measures."""
        return {each.code: each for each in self.measures}

    def measure(self, code: str) -> Measure:
        """The measure of that code; RuleBroken where there is none."""
        try:
            return self.measures_by_code[code]
        except KeyError:
            raise RuleBroken(
                f"The contract {self.reference} has no measure “{code[:60]}”. Check its code."
            ) from None

    def yearly_cap_pence(self, year: int) -> Pence | None:
        """The most that it pays for outcomes of the financial year that begins in April `year`."""
        return self.yearly_caps_pence.get(str(year))

    @property
    def payer_names(self) -> tuple[str, ...]:
        """Its payers' names, in its order."""
        return tuple(each.organisation for each in self.payers)

    @property
    def financial_years(self) -> tuple[FinancialYear, ...]:
        """Those in which it has a day, in order."""
        first, last = (financial_year_of(day).year for day in (self.starts_on, self.ends_on))
        return tuple(FinancialYear(year) for year in range(first, last + 1))

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


def read_contract(text: str | bytes) -> ContractTerms:
    """The contract that the document `text` says; UnreadableContract with everything wrong."""
    document = open_document(text)
    try:
        return ContractTerms.model_validate(document)
    except ValidationError as error:
        raise unreadable(error, document) from None


def _late_prices(measures: tuple[Measure, ...], starts_on: date) -> list[tuple[Path, str]]:
    return [
        ((place, "term", field, 0, "from"), f"The contract starts on {starts_on}, before this"
         " first date. Begin on that day or earlier.")
        for place, measure in enumerate(measures)
        for field in ("prices", "years")
        if (dated := getattr(measure.term, field, ())) and dated[0].from_on > starts_on
    ]  # fmt: skip


def _faults_of_follows(
    follows: Mapping[str, str | None], measures: tuple[Measure, ...]
) -> list[tuple[Path, str]]:
    faults: list[tuple[Path, str]] = []
    for place, measure in enumerate(measures):
        if measure.follows is None:
            continue
        circle = _circle(measure.code, follows)
        if measure.follows == measure.code:
            reason = "A measure cannot follow itself. Name the one before it."
        elif measure.follows not in follows:
            reason = f"The contract has no measure “{measure.follows}”. Check the code."
        elif circle:
            reason = f"These follow each other in a circle: {' → '.join(circle)}. Open it."
        else:
            continue
        faults.append(((place, "follows"), reason))
    return faults


def _circle(code: str, follows: Mapping[str, str | None]) -> list[str]:
    """From `code` to what it follows, and on, if that comes back to it; else empty."""
    path = [code]
    while (before := follows.get(path[-1])) and before not in path[1:]:
        path.append(before)
        if before == code:
            return path
    return []
