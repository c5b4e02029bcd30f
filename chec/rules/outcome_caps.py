"""What a contract has left while records are taken, and each reason to remove with its sentence.

A `Limit` is an amount of which something is left: the record that reaches it is paid in part, and
those after it not at all.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from chec.finance.money import Pence, format_pounds
from chec.finance.periods import FinancialYear, financial_year_of
from chec.models.claim import RemovalStep as Step
from chec.rules.claim_valuation import Accepted, Reason, Record, RecordId
from chec.rules.contract_terms import ContractTerms, Measure, SlidingScale

UNLIMITED = 2**62
_TIMES = {1: "once", 2: "twice"}


class Limit:
    """An amount in pence of which `left` is left; above it, `reason` removes."""

    __slots__ = ("left", "reason")

    def __init__(self, most: Pence | None, reason: Reason) -> None:
        self.left = UNLIMITED if most is None else most
        self.reason = reason

    def use(self, pence: Pence) -> None:
        """Use up `pence`, and never more than all: a cap may have been lowered since."""
        self.left = max(0, self.left - pence)

    def cut(self, measure: str, pence: Pence) -> Pence:
        """What can be paid of `pence`, which is more than is left; the rest is removed."""
        self.reason.remove(measure, 0 if self.left else 1, pence - self.left)
        return self.left


class MeasurePosition:
    """A measure: its rules ready to be asked, what is left of it, and what was claimed of it."""

    def __init__(self, measure: Measure, contract: ContractTerms) -> None:
        self.measure = measure
        self.code = measure.code
        self.scale = measure.term if isinstance(measure.term, SlidingScale) else None
        self.gross_at: dict[tuple[Pence, Decimal], Pence] = {}
        self.day: date | None = None
        self.price_pence = 0
        self.closed: Reason | None = None
        self.limits: tuple[Limit, ...] = ()
        self.is_followed = any(each.follows == measure.code for each in contract.measures)
        self.follows: MeasurePosition | None = None
        self.not_followed: dict[str, list[tuple[int, RecordId | None]]] = {}
        self.times: dict[str, int] = {}
        self.units = self.taken_units = self.units_before = self.units_of_nobody = 0
        self.gross_pence = self.payable_pence = 0
        self.units_left = UNLIMITED if measure.cap_units is None else measure.cap_units
        self.limit = Limit(measure.cap_pence, _measure_cap(measure))
        self.most_times = measure.times_per_person or UNLIMITED
        self.after_days = measure.after_days or 0
        self.within_days = UNLIMITED if measure.within_days is None else measure.within_days
        self.asks_evidence = bool(measure.evidence)
        self.no_evidence = Reason(
            Step.EVIDENCE, f"Evidence is missing ({', '.join(measure.evidence)})"
        )
        self.no_value = Reason(
            Step.EVIDENCE, f"{self.code} is paid by each person's value, and the value is missing"
        )
        self.nothing_to_follow = Reason(Step.CHAIN, _nothing_to_follow(measure))
        self.too_often = Reason(Step.PERSON, _too_often(measure))
        self.too_many = Reason(
            Step.MEASURE, f"The cap of {measure.cap_units or 0:,} units of {self.code} was reached"
        )

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Its own reasons to remove, in the order of the steps."""
        return (
            self.no_evidence,
            self.no_value,
            self.nothing_to_follow,
            self.too_often,
            self.too_many,
            self.limit.reason,
        )

    def gross_of(self, record: Record) -> Pence:
        """The price of `record`; nothing where a sliding scale has no value to go by."""
        if self.scale is None:
            return self.price_pence
        if record.value is None:
            return 0
        key = (self.price_pence, record.value)
        if key not in self.gross_at:
            share = self.scale.share_at(Fraction(record.value))
            self.gross_at[key] = rounded_half_up(self.price_pence * share)
        return self.gross_at[key]

    def lacks(self, record: Record) -> Reason | None:
        """What is missing of the evidence of `record`."""
        if self.asks_evidence and record.evidence == "":
            return self.no_evidence
        if self.scale is not None and record.value is None:
            return self.no_value
        return None

    def earliest_to_follow(self, person: str, day: int) -> int | None:
        """Where among `follows.not_followed` the record stands that one of `day` follows."""
        assert self.follows is not None
        for place, (before, _) in enumerate(self.follows.not_followed.get(person, ())):
            if self.after_days <= day - before <= self.within_days:
                return place
        return None


class Position:
    """A contract with what is left of it, before the next record."""

    def __init__(self, contract: ContractTerms, claimed_on: date | None) -> None:
        self.contract = contract
        self.claimed_on = claimed_on
        self.outside = Reason(
            Step.EVIDENCE,
            f"Achieved outside the contract's term, {contract.starts_on:%-d %B %Y} to"
            f" {contract.ends_on:%-d %B %Y}",
        )
        self.late = Reason(Step.EVIDENCE, _late(contract, claimed_on))
        self.person_reason = _cap_of(Step.PERSON, contract.person_cap_pence, " for one person")
        self.persons: dict[str, Limit] = {}
        self.years = {
            int(year): Limit(pence, _cap_of(Step.PERIOD, pence, f" for {_year(year)}"))
            for year, pence in contract.yearly_caps_pence.items()
        }
        self.limit = Limit(
            contract.cap_pence, _cap_of(Step.CONTRACT, contract.cap_pence, " for the contract")
        )
        self.measures = [MeasurePosition(each, contract) for each in contract.measures]
        self.by_code = {each.code: each for each in self.measures}
        for each in self.measures:
            each.follows = self.by_code.get(each.measure.follows or "")
        self.times = _times_of_same_outcomes(contract)
        for each in self.measures:
            each.times = self.times[contract.reference, each.code]

    @property
    def reasons(self) -> list[Reason]:
        """Every reason to remove but those of payers."""
        of_measures = [reason for each in self.measures for reason in each.reasons]
        of_years = [limit.reason for _, limit in sorted(self.years.items())]
        return [
            self.outside,
            self.late,
            *of_measures,
            self.person_reason,
            *of_years,
            self.limit.reason,
        ]

    def turn_to(self, day: date, measure: MeasurePosition) -> None:
        """Make `measure` ready for outcomes of `day`: its price, its limits, whether it is open."""
        measure.day = day
        measure.price_pence = measure.measure.price_on(day)
        measure.closed = self._closed(day)
        year = self.years.get(financial_year_of(day).year)
        measure.limits = tuple(each for each in (measure.limit, year, self.limit) if each)

    def _closed(self, day: date) -> Reason | None:
        within = self.contract.claim_within_days
        if day not in self.contract:
            return self.outside
        if self.claimed_on and within is not None and (self.claimed_on - day).days > within:
            return self.late
        return None

    def person(self, person: str) -> Limit:
        """What is left for one person."""
        limit = self.persons.get(person)
        if limit is None:
            limit = Limit(self.contract.person_cap_pence, self.person_reason)
            self.persons[person] = limit
        return limit

    def use(self, accepted: Accepted, *, is_followed: bool) -> None:
        """Use up what was accepted, in this contract or another, before these records."""
        contract = accepted.contract or self.contract.reference
        times = self.times.get((contract, accepted.measure))
        if accepted.person is not None and times is not None:
            times[accepted.person] = times.get(accepted.person, 0) + accepted.units
        if contract != self.contract.reference:
            return
        pence = sum(accepted.by_payer.values())
        self._use_limits(accepted, pence)
        measure = self.by_code.get(accepted.measure)
        if measure is None:
            return
        measure.limit.use(pence)
        measure.units_left = max(0, measure.units_left - accepted.units)
        measure.units_before += accepted.units
        if accepted.person is not None and measure.is_followed and not is_followed:
            passed = measure.not_followed.setdefault(accepted.person, [])
            passed.append((accepted.achieved_on.toordinal(), accepted.id))

    def _use_limits(self, accepted: Accepted, pence: Pence) -> None:
        self.limit.use(pence)
        year = self.years.get(financial_year_of(accepted.achieved_on).year)
        if year is not None:
            year.use(pence)
        if accepted.person is not None:
            self.person(accepted.person).use(pence)


def rounded_half_up(pence: Fraction) -> Pence:
    """Whole pence, half a penny up; `pence` is not below zero."""
    return (2 * pence.numerator + pence.denominator) // (2 * pence.denominator)


def _cap_of(step: Step, pence: Pence | None, of_what: str) -> Reason:
    return Reason(
        step, f"The cap of {format_pounds(pence or 0)}{of_what} was reached", is_limit=True
    )


def _measure_cap(measure: Measure) -> Reason:
    return _cap_of(Step.MEASURE, measure.cap_pence, f" for {measure.code}")


def _year(year: str) -> str:
    return FinancialYear(int(year)).name


def _late(contract: ContractTerms, claimed_on: date | None) -> str:
    on = f" on {claimed_on:%-d %B %Y}" if claimed_on else ""
    return f"Claimed{on}, more than {contract.claim_within_days} days after it was achieved"


def _nothing_to_follow(measure: Measure) -> str:
    after, within = measure.after_days, measure.within_days
    days = ""
    if after and within is not None:
        days = f", {after} to {within} days before,"
    elif after:
        days = f", {after} days before or more,"
    elif within is not None:
        days = f", {within} days before or fewer,"
    return f"No record of {measure.follows} for the same person{days} was left to follow"


def _too_often(measure: Measure) -> str:
    times = measure.times_per_person or 0
    same = measure.same_as
    counted = f", counted with {same.code} of {same.contract}," if same else ""
    return (
        f"{measure.code}{counted} is paid at most {_TIMES.get(times, f'{times:,} times')}"
        " for one person"
    )


def _times_of_same_outcomes(contract: ContractTerms) -> dict[tuple[str, str], dict[str, int]]:
    """How often each person achieved a measure: one count for all that are the same outcome."""
    times: dict[tuple[str, str], dict[str, int]] = {}
    for measure in contract.measures:
        mine = times.setdefault((contract.reference, measure.code), {})
        if measure.same_as:
            other = times.setdefault((measure.same_as.contract, measure.same_as.code), mine)
            times |= {outcome: mine for outcome, count in times.items() if count is other}
    return times
