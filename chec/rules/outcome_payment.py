"""What a claim is worth (methods, 2).

Records are taken one at a time, in order of the day achieved, pseudonym, the measure's place in the
contract and id, and each goes through all steps: evidence, chain, person, measure, period,
contract, payer. Caps are used up by what is payable in the end, so they fall on the latest records,
and the order in a file never matters. A record that is removed whole uses up nothing; one whose
price is nothing, and that no step removed, is taken.
"""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import product

from chec.errors import RuleBroken
from chec.finance.money import Pence
from chec.models.claim import RemovalStep
from chec.rules.claim_valuation import (
    NOTHING,
    Accepted,
    ClaimValuation,
    Outcome,
    Reading,
    Reason,
    Record,
    Removal,
    ValuedLine,
)
from chec.rules.contract_terms import ContractTerms
from chec.rules.measure_position import MeasurePosition, Passed
from chec.rules.outcome_caps import Position
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

_outcome: Callable[[tuple[object, ...]], Outcome] = partial(tuple.__new__, Outcome)
"""An Outcome of its fields; half the time of calling the class, and made for every record."""


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
    with _without_collecting():
        return claim.valued(claim.take_all(records))


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


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Python looks for no garbage meanwhile: with many records, that takes as long as the rest."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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

    def take_all(self, records: Iterable[Record]) -> list[Outcome]:
        """What becomes of each record, in the order in which they are taken."""
        by_day: defaultdict[date, list[Record]] = defaultdict(list)
        for record in records:
            by_day[record.achieved_on].append(record)
        by_code = self.position.by_code
        place_of = {code: place for place, code in enumerate(by_code)}
        outcomes = []
        for day in sorted(by_day):
            closed = self.position.turn_to(day)
            of_the_day = by_day[day]
            if len(of_the_day) > 1:
                of_the_day.sort(key=lambda each: (each[2] or "", place_of[each[1]], each[0]))
            for record in of_the_day:
                outcomes.append(self._take(by_code[record[1]], record, closed))
        return outcomes

    def _take(self, measure: MeasurePosition, record: Record, closed: Reason | None) -> Outcome:
        """Take `record` through all steps, the first here."""
        _, _, person, _, evidence, value = record
        gross = measure.price_pence if measure.scale is None else measure.price_at(value)
        measure.units += 1
        measure.gross_pence += gross
        if closed is not None:
            return _removed(measure, record, gross, closed)
        if evidence == "" and measure.asks_evidence:
            return _removed(measure, record, gross, measure.no_evidence)
        if value is None and measure.scale is not None:
            return _removed(measure, record, gross, measure.no_value)
        if person is not None:
            return self._take_of_person(measure, record, person, gross)
        measure.units_of_nobody += 1
        return self._pay(measure, record, gross, gross, None)

    def _take_of_person(
        self, measure: MeasurePosition, record: Record, person: str, gross: Pence
    ) -> Outcome:
        """Steps 2 and 3, and what a record leaves behind for later ones."""
        position, amount, follows = self.position, gross, None
        if measure.follows is not None:
            follows = measure.earliest_to_follow(person, position.day_number)
            if follows is None:
                return _removed(measure, record, gross, measure.nothing_to_follow)
        times = measure.times.get(person, 0)
        if times >= measure.most_times:
            return _removed(measure, record, gross, measure.too_often)
        paid_before = position.paid_to.get(person, 0)
        left = position.most_for_person - paid_before
        if amount > left:
            amount = max(0, left)
            position.too_much.remove(measure.code, 0 if amount else 1, gross - amount)
            if not amount:
                return _outcome((record, gross, NOTHING, 0, False, position.too_much, None))
        outcome = self._pay(measure, record, gross, amount, follows)
        if outcome.reason is None:
            position.paid_to[person] = paid_before + outcome.payable_pence
            measure.times[person] = times + 1
            if follows is not None:
                measure.follow(person, follows)
        if measure.is_followed:
            measure.may_be_followed(person, (position.day_number, record.id))
        return outcome

    def _pay(
        self,
        measure: MeasurePosition,
        record: Record,
        gross: Pence,
        amount: Pence,
        follows: Passed | None,
    ) -> Outcome:
        """Steps 4 to 7: of `amount`, what the caps and the payers have left."""
        if not measure.units_left:
            measure.too_many.remove(measure.code, 1, amount)
            return _outcome((record, gross, NOTHING, 0, True, measure.too_many, None))
        for limit in measure.limits:
            if amount > limit.left:
                amount = limit.cut(measure.code, amount)
                if not amount:
                    return _outcome((record, gross, NOTHING, 0, True, limit.reason, None))
        by_payer, paid, reason = self.payers.pay(amount)
        if reason is not None:
            return _outcome((record, gross, NOTHING, 0, True, reason, None))
        for limit in measure.limits:
            limit.left -= paid
        measure.units_left -= 1
        measure.taken_units += 1
        measure.payable_pence += paid
        return _outcome((record, gross, by_payer, paid, True, None, follows and follows[1]))

    def valued(self, outcomes: list[Outcome]) -> ClaimValuation:
        """All that was taken, added up."""
        claimed = [each for each in self.position.by_code.values() if each.units]
        return ClaimValuation(
            gross_pence=sum(each.gross_pence for each in claimed),
            payable_pence=sum(each.payable_pence for each in claimed),
            by_payer=self.payers.paid,
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
        codes = [*self.position.by_code, None]
        for step, code in product(RemovalStep, codes):
            told = [each for each in reasons if each.step is step and code in each.by_measure]
            if told:
                units, pence = (sum(each.by_measure[code][i] for each in told) for i in (0, 1))
                why = " ".join(each.why_of_all(code) for each in told)
                yield Removal(step, code, units, pence, why)


def _removed(measure: MeasurePosition, record: Record, gross: Pence, reason: Reason) -> Outcome:
    """`record` removed whole before it passed step 3."""
    reason.remove(measure.code, 1, gross)
    return _outcome((record, gross, NOTHING, 0, False, reason, None))


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
