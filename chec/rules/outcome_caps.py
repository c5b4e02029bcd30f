"""What a contract has left while records are taken: for each person, measure, year and in all."""

from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.finance.periods import FinancialYear, financial_year_of
from chec.models.claim import RemovalStep as Step
from chec.rules.claim_valuation import Accepted, Reason
from chec.rules.contract_terms import ContractTerms
from chec.rules.limit import UNLIMITED, Limit
from chec.rules.measure_position import MeasurePosition


class Position:
    """A contract with what is left of it, before the next record."""

    def __init__(self, contract: ContractTerms, claimed_on: date | None) -> None:
        self.contract = contract
        self.claimed_on = claimed_on
        self.day_number = 0
        self.paid_to: dict[str, Pence] = {}
        person_cap = contract.person_cap_pence
        self.most_for_person = UNLIMITED if person_cap is None else person_cap
        self.too_much = _cap_reached(Step.PERSON, person_cap, "one person")
        self.limit = Limit(
            contract.cap_pence, _cap_reached(Step.CONTRACT, contract.cap_pence, "the contract")
        )
        self.years = {
            int(year): Limit(pence, _cap_reached(Step.PERIOD, pence, FinancialYear(int(year)).name))
            for year, pence in sorted(contract.yearly_caps_pence.items())
        }
        self._outside = Reason(Step.EVIDENCE, _outside(contract))
        self._late = Reason(Step.EVIDENCE, _late(contract, claimed_on))
        self._ready_before = date.min
        self._times = _times_of_same_outcomes(contract)
        self.by_code = {each.code: MeasurePosition(each, contract) for each in contract.measures}
        for each in self.by_code.values():
            each.follows = self.by_code.get(each.measure.follows or "")
            each.times = self._times[contract.reference, each.code]

    @property
    def reasons(self) -> list[Reason]:
        """Every reason to remove but those of payers, in the order in which they are told."""
        of_measures = [reason for each in self.by_code.values() for reason in each.reasons]
        of_caps = [each.reason for each in (*self.years.values(), self.limit)]
        return [self._outside, self._late, *of_measures, self.too_much, *of_caps]

    def turn_to(self, day: date) -> Reason | None:
        """Make ready for outcomes of `day`, later than those before; why none of it is paid."""
        self.day_number = day.toordinal()
        if day >= self._ready_before:
            self._make_ready(day)
        return self._closed(day)

    def _make_ready(self, day: date) -> None:
        """Prices and limits as they are on `day`, until one of them changes."""
        financial_year = financial_year_of(day)
        changes = [financial_year.ends_before]
        year = self.years.get(financial_year.year)
        for each in self.by_code.values():
            if each.measure.is_priced_per_record:
                each.price_pence = each.measure.price_on(day)
                each.limits = tuple(limit for limit in (each.limit, year, self.limit) if limit)
                changes += [change for change in each.measure.price_dates if change > day]
        self._ready_before = min(changes)

    def _closed(self, day: date) -> Reason | None:
        within = self.contract.claim_within_days
        if day not in self.contract:
            return self._outside
        if self.claimed_on and within is not None and (self.claimed_on - day).days > within:
            return self._late
        return None

    def use(self, accepted: Accepted, *, is_followed: bool) -> None:
        """Use up what was accepted, in this contract or another, before these records."""
        contract = accepted.contract or self.contract.reference
        times = self._times.get((contract, accepted.measure))
        if accepted.person is not None and times is not None:
            times[accepted.person] = times.get(accepted.person, 0) + accepted.units
        if contract == self.contract.reference:
            self._use_caps(accepted)
            if accepted.person is not None and not is_followed:
                measure = self.by_code.get(accepted.measure)
                if measure and measure.is_followed:
                    passed = (accepted.achieved_on.toordinal(), accepted.id)
                    measure.may_be_followed(accepted.person, passed)

    def _use_caps(self, accepted: Accepted) -> None:
        pence, person = sum(accepted.by_payer.values()), accepted.person
        self.limit.use(pence)
        year = self.years.get(financial_year_of(accepted.achieved_on).year)
        if year is not None:
            year.use(pence)
        if person is not None:
            self.paid_to[person] = self.paid_to.get(person, 0) + pence
        measure = self.by_code.get(accepted.measure)
        if measure is not None:
            measure.limit.use(pence)
            measure.units_left = max(0, measure.units_left - accepted.units)
            measure.units_before += accepted.units


def _cap_reached(step: Step, pence: Pence | None, of_what: str) -> Reason:
    opening = f"The cap of {format_pounds(pence or 0)} for {of_what} was reached"
    return Reason(step, opening, is_limit=True)


def _outside(contract: ContractTerms) -> str:
    first, last = contract.starts_on, contract.ends_on
    return f"Achieved outside the contract's term, {first:%-d %B %Y} to {last:%-d %B %Y}"


def _late(contract: ContractTerms, claimed_on: date | None) -> str:
    on = f" on {claimed_on:%-d %B %Y}" if claimed_on else ""
    return f"Claimed{on}, more than {contract.claim_within_days} days after it was achieved"


def _times_of_same_outcomes(contract: ContractTerms) -> dict[tuple[str, str], dict[str, int]]:
    """How often each person achieved a measure: one count for all that are the same outcome."""
    times: dict[tuple[str, str], dict[str, int]] = {}
    for measure in contract.measures:
        mine = times.setdefault((contract.reference, measure.code), {})
        if measure.same_as:
            other = times.setdefault((measure.same_as.contract, measure.same_as.code), mine)
            times |= {outcome: mine for outcome, count in times.items() if count is other}
    return times
