"""A measure while records are taken: its price today, what is left of it, who achieved it."""

from bisect import insort
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter

from chec.finance.money import Pence, format_pounds
from chec.models.claim import RemovalStep as Step
from chec.rules.claim_valuation import Reason, RecordId
from chec.rules.contract_terms import ContractTerms
from chec.rules.limit import UNLIMITED, Limit
from chec.rules.measure_terms import Measure
from chec.rules.priced_terms import SlidingScale

Passed = tuple[int, RecordId | None]
"""A record that passed steps 1 to 3: the number of its day, and its id."""

_TIMES = {1: "once", 2: "twice"}


class MeasurePosition:
    """A measure's rules ready to be asked, what is left of it, and what was claimed of it."""

    def __init__(self, measure: Measure, contract: ContractTerms) -> None:
        self.measure = measure
        self.code = measure.code
        self.scale = measure.term if isinstance(measure.term, SlidingScale) else None
        self.asks_evidence = bool(measure.evidence)
        self.after_days = measure.after_days or 0
        self.within_days = UNLIMITED if measure.within_days is None else measure.within_days
        self.most_times = measure.times_per_person or UNLIMITED
        self.is_followed = any(each.follows == measure.code for each in contract.measures)
        self.follows: MeasurePosition | None = None
        self.price_pence = 0
        self.limits: tuple[Limit, ...] = ()
        self.times: dict[str, int] = {}
        self.units_left = UNLIMITED if measure.cap_units is None else measure.cap_units
        self.units = self.taken_units = self.units_before = self.units_of_nobody = 0
        self.gross_pence = self.payable_pence = 0
        self._prices_at: dict[tuple[Pence, Decimal], Pence] = {}
        self._not_followed: dict[str, list[Passed]] = {}
        self._give_reasons()

    def _give_reasons(self) -> None:
        measure, words = self.measure, ", ".join(self.measure.evidence)
        self.no_evidence = Reason(Step.EVIDENCE, f"Evidence is missing ({words})")
        self.no_value = Reason(Step.EVIDENCE, "The value that each person is paid by is missing")
        self.nothing_to_follow = Reason(Step.CHAIN, _nothing_to_follow(measure))
        self.too_often = Reason(Step.PERSON, _too_often(measure))
        units = "1 unit" if measure.cap_units == 1 else f"{measure.cap_units or 0:,} units"
        self.too_many = Reason(Step.MEASURE, f"The cap of {units} of {self.code} was reached")
        cap = f"The cap of {format_pounds(measure.cap_pence or 0)} for {self.code} was reached"
        self.limit = Limit(measure.cap_pence, Reason(Step.MEASURE, cap, is_limit=True))

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

    def price_at(self, value: Decimal | None) -> Pence:
        """Today's price on a sliding scale at `value`; nothing where there is none to go by."""
        assert self.scale is not None
        if value is None:
            return 0
        key = (self.price_pence, value)
        if key not in self._prices_at:
            share = self.scale.share_at(Fraction(value))
            self._prices_at[key] = rounded_half_up(self.price_pence * share)
        return self._prices_at[key]

    def earliest_to_follow(self, person: str, day_number: int) -> Passed | None:
        """The earliest record of the measure that this follows that one of that day can follow."""
        assert self.follows is not None
        for passed in self.follows._not_followed.get(person, ()):
            if self.after_days <= day_number - passed[0] <= self.within_days:
                return passed
        return None

    def follow(self, person: str, passed: Passed) -> None:
        """`passed` is followed, and can be by no other."""
        assert self.follows is not None
        self.follows._not_followed[person].remove(passed)

    def may_be_followed(self, person: str, passed: Passed) -> None:
        """`passed` is a record of this measure; what was accepted before may be of a later day."""
        insort(self._not_followed.setdefault(person, []), passed, key=itemgetter(0))


def rounded_half_up(pence: Fraction) -> Pence:
    """Whole pence, half a penny up; `pence` is not below zero."""
    return (2 * pence.numerator + pence.denominator) // (2 * pence.denominator)


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
    often = _TIMES.get(times, f"{times:,} times")
    return f"{measure.code}{counted} is paid at most {often} for one person"
