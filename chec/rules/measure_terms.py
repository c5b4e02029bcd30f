"""What a contract pays for: its measures, each with one of five kinds of term (methods, 2)."""

from bisect import bisect_right
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.rules.contract_document import refuse
from chec.rules.contract_fields import (
    Amount,
    Code,
    Days,
    Exact,
    Reference,
    Several,
    Share,
    Some,
    Terms,
    Text,
    Times,
    Units,
)
from chec.rules.priced_terms import (
    TERM_NAMES,
    Capitation,
    PerOutcome,
    Price,
    SlidingScale,
    Term,
)


class Test(Terms):
    """A reading that meets one condition."""

    CONDITIONS: ClassVar = (
        "at_most",
        "at_least",
        "falls_by",
        "rises_by",
        "falls_by_share",
        "rises_by_share",
    )
    __test__: ClassVar = False  # pytest takes no class of this name for its own

    reading: Text
    at_most: Exact | None = None
    at_least: Exact | None = None
    falls_by: Exact | None = None
    rises_by: Exact | None = None
    falls_by_share: Share | None = None
    rises_by_share: Share | None = None

    @model_validator(mode="after")
    def _one_condition(self) -> "Test":
        given = [name for name in self.CONDITIONS if getattr(self, name) is not None]
        if len(given) != 1:
            listed = ", ".join(self.CONDITIONS)
            has = f"has {len(given)} conditions ({', '.join(given)})" if given else "has none"
            raise ValueError(f"A test has one condition; this {has}. Write one of: {listed}.")
        return self


class AchievedWhen(Terms):
    """When a person's readings count as the outcome; checked `check_days` after the start."""

    combine: Literal["all", "any"]
    tests: Some[Test]
    check_days: Days | None = None
    tolerance_days: Days | None = None


class Saving(Terms):
    """What one outcome saves a commissioner."""

    cashable: Amount = 0
    non_cashable: Amount = 0


class SameAs(Terms):
    """A measure, of another contract or of this, that is the same outcome."""

    contract: Reference
    code: Code


class Measure(Terms):
    """One line of a rate card. A rule that is None is not there."""

    code: Code
    name: Text
    unit: Text
    cohort: Text | None = None
    term: Annotated[Term, Field(discriminator="kind")]
    achieved_when: AchievedWhen | None = None
    cap_units: Units | None = None
    cap_pence: Amount | None = None
    times_per_person: Times | None = None
    follows: Code | None = None
    after_days: Days | None = None
    within_days: Days | None = None
    same_as: SameAs | None = None
    evidence: Several[Text] = ()
    deadweight: Share = Fraction(0)
    saving_pence: Saving | None = None
    clawback_days: Days | None = None

    @field_validator("within_days")
    @classmethod
    def _after_before_within(cls, within: int, info: ValidationInfo) -> int:
        after = info.data.get("after_days")
        if after is not None and within < after:
            raise ValueError(f"This is fewer than after_days, {after}. Nothing could be in time.")
        return within

    @model_validator(mode="after")
    def _days_are_after_something(self) -> "Measure":
        refuse(
            [
                ((name,), "There is nothing that this follows. Name it in “follows”, or take this"
                 " out.")
                for name in ("after_days", "within_days")
                if getattr(self, name) is not None and self.follows is None
            ]
        )  # fmt: skip
        return self

    @property
    def is_priced_per_record(self) -> bool:
        """Whether each record has a price: the terms that CHEC values."""
        return isinstance(self.term, PerOutcome | SlidingScale)

    @property
    def kind_in_words(self) -> str:
        """Such as `sliding scale`."""
        return TERM_NAMES[self.term.kind]

    @cached_property
    def prices(self) -> tuple[Price, ...]:
        """Its prices in order of date; raises RuleBroken for a term that has none."""
        if isinstance(self.term, PerOutcome | SlidingScale | Capitation):
            return self.term.prices
        raise RuleBroken(f"Measure {self.code} is a {self.kind_in_words}; it has no price.")

    @cached_property
    def price_dates(self) -> list[date]:
        """From when each of its prices counts."""
        return [price.from_on for price in self.prices]

    def price_on(self, day: date) -> Pence:
        """The price of an outcome achieved on `day`; of a sliding scale, the most that it pays.

        Before the first price it is the first. Raises RuleBroken for a term that has none.
        """
        return self.prices[max(bisect_right(self.price_dates, day) - 1, 0)].pence
