"""What a claim is worth (methods, 2).

Records are taken one at a time, in order of the day achieved, pseudonym, the measure's place in the
contract and id, and each goes through all steps: evidence, chain, person, measure, period,
contract, payer. Caps are used up by what is payable in the end, so they fall on the latest records,
and the order in a file never matters. A record that is removed whole uses up nothing; one whose
price is nothing, and that no step removed, is taken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from types import MappingProxyType

from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.models.claim import RemovalStep
from chec.rules.claim_valuation import (
    Accepted,
    ClaimValuation,
    Outcome,
    Reading,
    Reason,
    Record,
    RecordId,
    Removal,
    ValuedLine,
)
from chec.rules.contract_terms import ContractTerms
from chec.rules.outcome_caps import MeasurePosition, Position
from chec.rules.payer_split import PayerSplit

__all__ = [
    "Accepted",
    "ClaimValuation",
    "Outcome",
    "Reading",
    "Record",
    "Removal",
    "ValuedLine",
    "value_claim",
]

_NOTHING: Mapping[str, Pence] = MappingProxyType({})


def value_claim(
    contract: ContractTerms,
    records: Iterable[Record],
    already_accepted: Iterable[Accepted] = (),
    readings: Iterable[Reading] = (),
    *,
    claimed_on: date | None = None,
) -> ClaimValuation:
    """What `records` are worth under `contract`, after what was `already_accepted` or is held.

    With `claimed_on`, what is claimed later than the contract's `claim_within_days` is removed.
    Raises RuleBroken for a measure that the contract does not have, or whose kind of term is not
    priced per record; so `readings`, which only such terms use, are refused.
    """
    records = list(records)
    reasons = reasons_not_to_value(contract, {each.measure for each in records})
    reasons += _reasons_not_to_read(contract, readings)
    if reasons:
        raise RuleBroken(reasons)
    claim = _Claim(contract, claimed_on)
    claim.use(already_accepted)
    return claim.valued([claim.take(measure, each) for measure, each in claim.in_order(records)])


def reasons_not_to_value(contract: ContractTerms, measures: Iterable[str]) -> list[str]:
    """Why outcomes of `measures` cannot be valued yet; empty where they can."""
    reasons = []
    for code in sorted(set(measures)):
        measure = contract.measures_by_code.get(code)
        if measure is None:
            reasons.append(f"The contract {contract.reference} has no measure “{code}”.")
        elif not measure.is_priced_per_record:
            reasons.append(
                f"Measure {code} is paid by {measure.kind_in_words}, which CHEC does not price"
                " yet. Take its lines out of the claim."
            )
    return reasons


def _reasons_not_to_read(contract: ContractTerms, readings: Iterable[Reading]) -> list[str]:
    codes = {each.measure for each in readings}
    reasons = reasons_not_to_value(contract, codes)
    return reasons or [
        f"Measure {code} is priced by its records; take its readings out." for code in sorted(codes)
    ]


class _Claim:
    """One valuation on its way."""

    def __init__(self, contract: ContractTerms, claimed_on: date | None) -> None:
        self.contract = contract
        self.position = Position(contract, claimed_on)
        self.payers = PayerSplit(contract)

    def use(self, already_accepted: Iterable[Accepted]) -> None:
        before = sorted(already_accepted, key=lambda each: each.achieved_on)
        followed = {each.follows for each in before} - {None}
        for each in before:
            self.position.use(each, is_followed=each.id in followed)
            if each.contract in {None, self.contract.reference}:
                self.payers.use(each.by_payer)

    def in_order(self, records: Sequence[Record]) -> Iterator[tuple[MeasurePosition, Record]]:
        """The records in the order of methods, each with its measure, made ready for its day."""
        measures = self.position.measures
        place_of = {each.code: place for place, each in enumerate(measures)}
        by_day: dict[date, list[tuple[str, int, int | str, int, Record]]] = {}
        for number, record in enumerate(records):
            id_, code, person, day, _, _ = record
            key = (person or "", place_of[code], id_, number, record)
            if day in by_day:
                by_day[day].append(key)
            else:
                by_day[day] = [key]
        for day in sorted(by_day):
            for _, place, _, _, record in sorted(by_day[day]):
                measure = measures[place]
                if measure.day is not day:
                    self.position.turn_to(day, measure)
                yield measure, record

    def take(self, measure: MeasurePosition, record: Record) -> Outcome:
        """Take `record` through all steps."""
        gross = measure.gross_of(record)
        measure.units += 1
        measure.gross_pence += gross
        reason = measure.closed or measure.lacks(record)
        if reason is not None:
            return self._removed(measure, record, gross, reason)
        if record.person is None:
            measure.units_of_nobody += 1
            return self._pay(measure, record, gross, gross)
        return self._take_person(measure, record, record.person, gross)

    def _take_person(
        self, measure: MeasurePosition, record: Record, person: str, gross: Pence
    ) -> Outcome:
        day = record.achieved_on.toordinal()
        place = follows = None
        if measure.follows is not None:
            place = measure.earliest_to_follow(person, day)
            if place is None:
                return self._removed(measure, record, gross, measure.nothing_to_follow)
            follows = measure.follows.not_followed[person][place][1]
        if measure.times.get(person, 0) >= measure.most_times:
            return self._removed(measure, record, gross, measure.too_often)
        left = self.position.person(person)
        amount = gross if gross <= left.left else left.cut(measure.code, gross)
        if gross and not amount:
            return Outcome(record, gross, _NOTHING, False, left.reason)
        outcome = self._pay(measure, record, gross, amount, follows)
        if outcome.reason is None:
            left.left -= sum(outcome.by_payer.values())
            measure.times[person] = measure.times.get(person, 0) + 1
            if measure.follows is not None and place is not None:
                del measure.follows.not_followed[person][place]
        if measure.is_followed:
            measure.not_followed.setdefault(person, []).append((day, record.id))
        return outcome

    def _pay(
        self,
        measure: MeasurePosition,
        record: Record,
        gross: Pence,
        amount: Pence,
        follows: RecordId | None = None,
    ) -> Outcome:
        """Steps 4 to 7: of `amount`, what the caps and the payers have left."""
        if not measure.units_left:
            measure.too_many.remove(measure.code, 1, amount)
            return Outcome(record, gross, _NOTHING, True, measure.too_many)
        for limit in measure.limits:
            if amount > limit.left:
                amount = limit.cut(measure.code, amount)
                if not amount:
                    return Outcome(record, gross, _NOTHING, True, limit.reason)
        by_payer, paid, reason = self.payers.pay(amount)
        if reason is not None:
            return Outcome(record, gross, _NOTHING, True, reason)
        for limit in measure.limits:
            limit.left -= paid
        measure.units_left -= 1
        measure.taken_units += 1
        measure.payable_pence += paid
        return Outcome(record, gross, by_payer, True, None, follows)

    def _removed(
        self, measure: MeasurePosition, record: Record, gross: Pence, reason: Reason
    ) -> Outcome:
        """`record` removed whole before it passed step 3."""
        reason.remove(measure.code, 1, gross)
        return Outcome(record, gross, _NOTHING, False, reason)

    def valued(self, outcomes: list[Outcome]) -> ClaimValuation:
        """All that was taken, added up."""
        claimed = [each for each in self.position.measures if each.units]
        by_payer = dict.fromkeys(self.contract.payer_names, 0)
        for outcome in outcomes:
            for name, pence in outcome.by_payer.items():
                by_payer[name] += pence
        return ClaimValuation(
            gross_pence=sum(each.gross_pence for each in claimed),
            payable_pence=sum(each.payable_pence for each in claimed),
            by_payer=by_payer,
            removed=tuple(self._removals()),
            lines=tuple(
                ValuedLine(
                    each.code, each.units, each.taken_units, each.gross_pence, each.payable_pence
                )
                for each in claimed
            ),
            warnings=tuple(_warnings(claimed)),
            outcomes=tuple(outcomes),
        )

    def _removals(self) -> Iterator[Removal]:
        """One a step and measure, in the order of the steps and of the contract."""
        reasons = [*self.position.reasons, *self.payers.reasons]
        codes = [*(each.code for each in self.position.measures), None]
        for step, code in product(RemovalStep, codes):
            told = [each for each in reasons if each.step is step and code in each.by_measure]
            if told:
                units, pence = (sum(each.by_measure[code][i] for each in told) for i in (0, 1))
                why = " ".join(each.why_of_all(code) for each in told)
                yield Removal(step, code, units, pence, why)


def _warnings(claimed: Iterable[MeasurePosition]) -> Iterator[str]:
    for each in claimed:
        before = each.follows
        if before is None or not each.units_of_nobody:
            continue
        units, most = (one.units + one.units_before for one in (each, before))
        if units > most:
            yield (
                f"{each.code}: {units:,} are more than the {most:,} of {before.code} that they"
                " follow. Check both counts."
            )
