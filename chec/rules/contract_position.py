"""Where a contract stands: what its claims have used of each of its caps, and what is left.

Used is what was accepted, and what is in progress: held by claims that payers have not decided.
What is left, the headroom, is never below zero, and is not known where there is no cap.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from chec.finance.money import Pence
from chec.finance.periods import FinancialYear
from chec.models import MeasureUse, PayerUse
from chec.rules.contract_terms import ContractTerms, Payer
from chec.rules.measure_terms import Measure

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Use:
    """What is used of a cap, in pence or in units. `cap` None: there is none."""

    cap: int | None
    accepted: int = 0
    in_progress: int = 0

    @property
    def headroom(self) -> int | None:
        """What is left of the cap; None where there is none."""
        if self.cap is None:
            return None
        return max(0, self.cap - self.accepted - self.in_progress)


class PayerPosition(NamedTuple):
    """A payer's pence, against its commitment."""

    payer: Payer
    payer_id: int
    pence: Use


class YearPosition(NamedTuple):
    """Pence for outcomes of a financial year, against the year's cap."""

    year: FinancialYear
    pence: Use


class MeasurePosition(NamedTuple):
    """Outcomes of a measure, and pence for them, each against its cap."""

    measure: Measure
    units: Use
    pence: Use

    @property
    def is_worth_a_line(self) -> bool:
        """Whether it has a cap, or anything was claimed on it."""
        uses = (self.units, self.pence)
        return any(use.cap is not None or use.accepted or use.in_progress for use in uses)


class ContractPosition(NamedTuple):
    """Of a contract, in its own order; the years are those with a cap or with outcomes."""

    pence: Use
    payers: Sequence[PayerPosition]
    years: Sequence[YearPosition]
    measures: Sequence[MeasurePosition]

    @property
    def unused_count(self) -> int:
        """How many measures have no cap, and nothing was claimed on them."""
        return sum(not each.is_worth_a_line for each in self.measures)


def position_of(
    terms: ContractTerms,
    payer_ids: Mapping[str, int],
    money: Sequence[PayerUse],
    units: Sequence[MeasureUse],
) -> ContractPosition:
    """Where a contract of `terms` stands; `payer_ids` are keys by its names for its payers."""
    by_payer = _added_up((row.payer_id, row) for row in money)
    by_year = _added_up((row.financial_year, row) for row in money)
    by_measure = _added_up((row.measure, row) for row in money)
    years = sorted(by_year.keys() | {int(year) for year in terms.yearly_caps_pence})
    return ContractPosition(
        pence=_use(terms.cap_pence, _added_up((None, row) for row in money)[None]),
        payers=[
            PayerPosition(payer, key, _use(payer.commitment_pence, by_payer[key]))
            for payer in terms.payers
            for key in [payer_ids[payer.organisation]]
        ],
        years=[
            YearPosition(FinancialYear(year), _use(terms.yearly_cap_pence(year), by_year[year]))
            for year in years
        ],
        measures=_measures(terms, by_measure, units),
    )


def _measures(
    terms: ContractTerms,
    by_measure: Mapping[str, tuple[Pence, Pence]],
    units: Sequence[MeasureUse],
) -> list[MeasurePosition]:
    used = {row.measure: (row.accepted_units, row.held_units) for row in units}
    return [
        MeasurePosition(
            measure,
            _use(measure.cap_units, used.get(measure.code, (0, 0))),
            _use(measure.cap_pence, by_measure[measure.code]),
        )
        for measure in terms.measures
    ]


def _added_up(rows: Iterable[tuple[Key, PayerUse]]) -> defaultdict[Key, tuple[Pence, Pence]]:
    """Accepted and held pence by key."""
    totals: defaultdict[Key, tuple[Pence, Pence]] = defaultdict(lambda: (0, 0))
    for key, row in rows:
        accepted, held = totals[key]
        totals[key] = (accepted + row.accepted_pence, held + row.held_pence)
    return totals


def _use(cap: int | None, used: tuple[int, int]) -> Use:
    return Use(cap, *used)
