"""A contract as a rate card: what is paid for each measure, and since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from chec.finance.money import format_pounds
from chec.rules.contract_fields import shown
from chec.rules.contract_terms import ContractTerms
from chec.rules.measure_terms import Measure
from chec.rules.priced_terms import (
    Capitation,
    ContingentBlock,
    Corridor,
    Indicator,
    Price,
    SharedSaving,
    SlidingScale,
)
from chec.web import contract_words
from chec.web.contract_words import percentage
from chec.web.formats import short_day


class Line(NamedTuple):
    """A measure: its price on the day in view, what else is to be said of it, and its rules."""

    measure: Measure
    price: str
    beside: list[str]
    counts: list[str]
    limits: list[str]


class Group(NamedTuple):
    """Measures with one kind of term, in the contract's order."""

    kind: str
    is_priced: bool
    lines: list[Line]


@dataclass(frozen=True)
class RateCard:
    """What a contract pays for, and the rules for all of it."""

    groups: list[Group]
    rules: list[str]

    @property
    def lines(self) -> list[Line]:
        """Of every group."""
        return [line for group in self.groups for line in group.lines]

    @property
    def has_counts(self) -> bool:
        """Whether any measure says what counts."""
        return any(line.counts for line in self.lines)

    @property
    def has_limits(self) -> bool:
        """Whether any measure has limits."""
        return any(line.limits for line in self.lines)

    @property
    def unpriced(self) -> list[Group]:
        """The groups that CHEC stores and does not price yet."""
        return [group for group in self.groups if not group.is_priced]


def rate_card(terms: ContractTerms, today: date) -> RateCard:
    """The rate card of a contract with the prices of `today`, or of the nearest day of its term."""
    day = min(max(today, terms.starts_on), terms.ends_on)
    kinds: dict[str, list[Measure]] = {}
    for measure in terms.measures:
        kinds.setdefault(measure.kind_in_words, []).append(measure)
    groups = [
        Group(kind, measures[0].is_priced_per_record, [_line(each, day) for each in measures])
        for kind, measures in kinds.items()
    ]
    return RateCard(groups, contract_words.rules(terms))


def _line(measure: Measure, day: date) -> Line:
    price, beside = _price(measure, day)
    limits = contract_words.limits(measure) + contract_words.beside_the_price(measure)
    return Line(measure, price, beside, contract_words.what_counts(measure), limits)


def _price(measure: Measure, day: date) -> tuple[str, list[str]]:
    """What is paid on `day`, and what else there is to say of it."""
    term = measure.term
    if isinstance(term, ContingentBlock):
        return _block(term, day)
    if isinstance(term, SharedSaving):
        return f"{percentage(term.share)} of what is saved", list(_sharing(term))
    price = format_pounds(measure.price_on(day), whole=True)
    dates = list(_by_date(measure.prices))
    if isinstance(term, SlidingScale):
        return f"up to {price}", [*dates, scale_in_words(term)]
    if isinstance(term, Capitation):
        return f"{price} a head each month", [*dates, *_corridor(term.corridor)]
    return price, dates


def _by_date(prices: tuple[Price, ...]) -> Iterator[str]:
    if len(prices) > 1:
        for price in prices:
            yield f"{format_pounds(price.pence, whole=True)} from {short_day(price.from_on)}"


def scale_in_words(term: SlidingScale) -> str:
    """`From 0.5 (nothing) to 1.4 (full price)`, with the points between where there are any."""
    points = [f"{shown(score)} ({_share_in_words(share)})" for score, share in term.points]
    if len(points) == 1:
        return f"At any score {_share_in_words(term.points[0][1])}."
    *between, last = points[1:]
    steps = "".join(f" over {point}" for point in between)
    return f"From {points[0]}{steps} to {last}."


def _share_in_words(share: Fraction) -> str:
    return {Fraction(0): "nothing", Fraction(1): "full price"}.get(share, percentage(share))


def _block(term: ContingentBlock, day: date) -> tuple[str, list[str]]:
    now = [year for year in term.years if year.from_on <= day][-1]
    years = [
        f"{format_pounds(year.value_pence, whole=True)} from {short_day(year.from_on)},"
        f" {percentage(year.contingent_share)} of it on the indicators."
        for year in term.years
    ]
    value = format_pounds(now.value_pence, whole=True)
    return f"{value} a year", [*years, *map(_indicator, term.indicators)]


def _indicator(indicator: Indicator) -> str:
    weight, target = percentage(indicator.weight), shown(indicator.target)
    if indicator.rule == "all_or_nothing":
        return f"{indicator.code} ({weight}): all of it from {target}, else nothing."
    floor = f" from {shown(indicator.floor)}" if indicator.floor is not None else ""
    return f"{indicator.code} ({weight}): rising{floor} to all of it at {target}."


def _corridor(corridor: Corridor | None) -> Iterator[str]:
    if corridor:
        yield (
            f"More than {percentage(corridor.width)} off the budget, the payers take"
            f" {percentage(corridor.share)} of the gain or loss."
        )


def _sharing(term: SharedSaving) -> Iterator[str]:
    yield f"Once {percentage(term.minimum_rate)} of the baseline is saved; below that nothing."
    if term.loss_share:
        yield f"Of a loss the centre bears {percentage(term.loss_share)}."
    for cap, what in ((term.gain_cap, "gain"), (term.loss_cap, "loss")):
        if cap is not None:
            yield f"The {what} is at most {percentage(cap)} of the baseline."
