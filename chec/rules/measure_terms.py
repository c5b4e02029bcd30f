"""What a contract pays for: its measures, each with one of five kinds of term (methods, 2)."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.rules.contract_document import Path, refuse
from chec.rules.contract_fields import (
    Amount,
    Code,
    Day,
    Days,
    Exact,
    Reference,
    Share,
    Terms,
    Text,
    Times,
    Units,
)


class Price(Terms):
    """`pence` for an outcome achieved on `from_on` or later."""

    from_on: Day = Field(alias="from")
    pence: Amount


class BlockYear(Terms):
    """A contract year of a block, beginning on `from_on`."""

    from_on: Day = Field(alias="from")
    value_pence: Amount
    contingent_share: Share


Dated = TypeVar("Dated", Price, BlockYear)


def _rising(dated: tuple[Dated, ...]) -> tuple[Dated, ...]:
    refuse(
        [
            ((place, "from"), f"This is not after the one before it, {before.from_on}. Put the"
             " dates in order, each once.")
            for place, (before, after) in enumerate(pairwise(dated), start=1)
            if after.from_on <= before.from_on
        ]
    )  # fmt: skip
    return dated


Prices = Annotated[tuple[Price, ...], Field(min_length=1), AfterValidator(_rising)]
Point = tuple[Exact, Share]


class PerOutcome(Terms):
    """A price for each outcome."""

    kind: Literal["per_outcome"]
    prices: Prices


class SlidingScale(Terms):
    """The price × the share at the record's value: points joined linearly, flat outside."""

    kind: Literal["sliding_scale"]
    prices: Prices
    points: Annotated[tuple[Point, ...], Field(min_length=1)]

    @field_validator("points")
    @classmethod
    def _rising_in_score(cls, points: tuple[Point, ...]) -> tuple[Point, ...]:
        refuse(
            [
                ((place, 0), "This score is not above the one before it. Put the points in order,"
                 " each score once.")
                for place, (before, after) in enumerate(pairwise(points), start=1)
                if after[0] <= before[0]
            ]
        )  # fmt: skip
        return points

    def share_at(self, value: Fraction) -> Fraction:
        """The share of the price that is paid at `value`."""
        if value <= self.points[0][0]:
            return self.points[0][1]
        for (low, share_low), (high, share_high) in pairwise(self.points):
            if value < high:
                return share_low + (value - low) / (high - low) * (share_high - share_low)
        return self.points[-1][1]


class Indicator(Terms):
    """What part of a block's contingent share depends on."""

    code: Code
    weight: Share
    rule: Literal["all_or_nothing", "linear"]
    floor: Exact | None = None
    target: Exact

    @field_validator("target")
    @classmethod
    def _away_from_the_floor(cls, target: Fraction, info: ValidationInfo) -> Fraction:
        if target == info.data.get("floor"):
            raise ValueError("The target is the floor. Move one of them.")
        return target


class ContingentBlock(Terms):
    """A yearly value of which a share depends on indicators of the whole network."""

    kind: Literal["contingent_block"]
    years: Annotated[tuple[BlockYear, ...], Field(min_length=1), AfterValidator(_rising)]
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @field_validator("indicators")
    @classmethod
    def _weights_add_up(cls, indicators: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
        faults = repeated([each.code for each in indicators], "code")
        total = sum((each.weight for each in indicators), Fraction(0))
        if total != 1:
            faults.append(((), f"The weights add to {shown(total)}. Make them add to exactly 1."))
        refuse(faults)
        return indicators


class Corridor(Terms):
    """Beyond ± `width` of the budget the payers take `share` of the gain or loss."""

    width: Share
    share: Share


class Capitation(Terms):
    """A price per head per month for everybody on the list."""

    kind: Literal["capitation"]
    prices: Prices
    corridor: Corridor | None = None


class SharedSaving(Terms):
    """A share of what was saved against the baseline; caps are shares of the baseline."""

    kind: Literal["shared_saving"]
    minimum_rate: Share
    share: Share
    loss_share: Share | None = None
    gain_cap: Share | None = None
    loss_cap: Share | None = None


Term = PerOutcome | SlidingScale | ContingentBlock | Capitation | SharedSaving
TERM_NAMES = {
    "per_outcome": "price per outcome",
    "sliding_scale": "sliding scale",
    "contingent_block": "contingent block",
    "capitation": "capitation",
    "shared_saving": "shared saving",
}


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
    tests: Annotated[tuple[Test, ...], Field(min_length=1)]
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
    evidence: tuple[Text, ...] = ()
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


def repeated(names: Sequence[str], field: str) -> list[tuple[Path, str]]:
    """The fault of each of `names`, in a list of objects, that stands there a second time."""
    return [
        ((place, field), f"“{name}” is there already, at place {names.index(name) + 1} of this"
         " list. Each is there once.")
        for place, name in enumerate(names)
        if names.index(name) < place
    ]  # fmt: skip


def shown(number: Fraction) -> str:
    """`number` as people write it: 0.99, or 5/6 (about 0.8333) where that has no end."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return f"{float(number):.15g}" if rest == 1 else f"{number} (about {float(number):.4g})"
