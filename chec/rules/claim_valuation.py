"""What goes into the valuation of a claim and what comes out of it, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from chec.finance.money import Pence, format_pounds
from chec.models.claim import RemovalStep

RecordId = int | str
"""Of the records of one valuation, and what was accepted before, all are of one type."""


NOTHING: Mapping[str, Pence] = MappingProxyType({})


class Record(NamedTuple):
    """One outcome. `person` is a pseudonym, or None where only a number is known.

    `evidence` is None where nothing was asked about it, and empty where it is missing.
    """

    id: RecordId
    measure: str
    person: str | None
    achieved_on: date
    evidence: str | None
    value: Decimal | None = None


@dataclass(frozen=True)
class Reading:
    """What was measured of a group of people, for terms that are not priced per record."""

    measure: str
    indicator: str
    unit: str
    starts_on: date
    ends_on: date
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True)
class Accepted:
    """What was accepted, or is held by a claim before: a record, or outcomes of one day at once.

    `units` is 0 for a record that passed steps 1 to 3 and was removed whole later: it can only be
    followed. `follows` is the id of the record that it follows. `contract` is the reference of
    another contract, whose outcomes count for what one person may achieve; None is this one.
    """

    measure: str
    achieved_on: date
    by_payer: Mapping[str, Pence]
    units: int = 1
    person: str | None = None
    id: RecordId | None = None
    follows: RecordId | None = None
    contract: str | None = None


class Reason:
    """Why money is removed at a step, and from which measures (None: from all as one) how much."""

    __slots__ = ("_ending", "_opening", "by_measure", "step")

    def __init__(self, step: RemovalStep, opening: str, *, is_limit: bool = False) -> None:
        """`opening` is the reason without its full stop; a limit is one in money."""
        self.step = step
        self._opening = opening
        self._ending = "; {pence} lies above it." if is_limit else ": {records}, {pence}."
        self.by_measure: dict[str | None, list[int]] = {}

    def remove(self, measure: str | None, units: int, pence: Pence) -> None:
        """Count what is removed of `measure`."""
        if measure not in self.by_measure:
            self.by_measure[measure] = [0, 0]
        removed = self.by_measure[measure]
        removed[0] += units
        removed[1] += pence

    @property
    def why(self) -> str:
        """The sentence about one record."""
        return f"{self._opening}."

    def why_of_all(self, measure: str | None) -> str:
        """The sentence about everything that it removed of `measure`."""
        units, pence = self.by_measure[measure]
        records = "1 record" if units == 1 else f"{units:,} records"
        return self._opening + self._ending.format(records=records, pence=format_pounds(pence))


class Outcome(NamedTuple):
    """What became of a record: `passed` steps 1 to 3, `taken` if no step removed it whole.

    `by_payer` is what is payable for it; `follows` the record that it follows, if it was taken.
    """

    record: Record
    gross_pence: Pence
    by_payer: Mapping[str, Pence] = NOTHING
    payable_pence: Pence = 0
    passed: bool = False
    reason: Reason | None = None
    follows: RecordId | None = None

    @property
    def taken(self) -> bool:
        """Whether no step removed it whole."""
        return self.reason is None

    @property
    def removed_at(self) -> RemovalStep | None:
        """The step that removed it whole."""
        return self.reason.step if self.reason else None

    @property
    def why_removed(self) -> str:
        """The sentence that says why it was removed whole, or nothing."""
        return self.reason.why if self.reason else ""


@dataclass(frozen=True)
class Removal:
    """What a step removed of a measure; at the step of payers, of all measures (None) as one.

    `units` are the records that became nothing there.
    """

    step: RemovalStep
    measure: str | None
    units: int
    pence: Pence
    why: str


@dataclass(frozen=True)
class ValuedLine:
    """A measure's part of a claim. `taken_units` are the records that no step removed whole."""

    measure: str
    units: int
    taken_units: int
    gross_pence: Pence
    payable_pence: Pence

    @property
    def removed_pence(self) -> Pence:
        return self.gross_pence - self.payable_pence


@dataclass(frozen=True)
class ClaimValuation:
    """What a claim is worth: payable = gross − Σ removed; payers and lines in contract order."""

    gross_pence: Pence
    payable_pence: Pence
    by_payer: Mapping[str, Pence]
    removed: tuple[Removal, ...]
    lines: tuple[ValuedLine, ...]
    warnings: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = field(repr=False)

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """Its outcomes as a later claim takes them, once all of this one is accepted or held."""
        return tuple(
            Accepted(
                measure=each.record.measure,
                achieved_on=each.record.achieved_on,
                by_payer=each.by_payer,
                units=1 if each.taken else 0,
                person=each.record.person,
                id=each.record.id,
                follows=each.follows,
            )
            for each in self.outcomes
            if each.passed
        )
