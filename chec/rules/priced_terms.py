"""The five kinds of term that a contract may price a measure by (methods, 2)."""

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from chec.rules.contract_document import refuse
from chec.rules.contract_fields import Amount, Code, Day, Exact, Share, Some, Terms, repeated, shown


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


Prices = Annotated[Some[Price], AfterValidator(_rising)]
Point = tuple[Exact, Share]


class PerOutcome(Terms):
    """A price for each outcome."""

    kind: Literal["per_outcome"]
    prices: Prices


class SlidingScale(Terms):
    """The price × the share at the record's value: points joined linearly, flat outside."""

    kind: Literal["sliding_scale"]
    prices: Prices
    points: Some[Point]

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
    years: Annotated[Some[BlockYear], AfterValidator(_rising)]
    indicators: Some[Indicator]

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
