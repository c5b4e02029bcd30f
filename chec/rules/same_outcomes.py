"""Which measures of a centre's contracts are the same outcome, whichever document says so.

A person is paid for an outcome only so often, in all contracts of the centre (methods, 2, step 3).
A document may name one measure of another as the same; that holds both ways and on and on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chec.rules.contract_terms import ContractTerms
from chec.rules.measure_terms import Measure, SameAs

Outcome = tuple[str, str]
"""A contract's reference and a measure's code."""


class LinkedTerms(NamedTuple):
    """A contract whose measures each name one other of the same outcome, wherever there is one.

    `told_as` gives, for each measure of another contract that is the same outcome as one of this,
    the name under which the valuation knows it.
    """

    terms: ContractTerms
    told_as: Mapping[Outcome, SameAs]


def linked(terms: ContractTerms, others: Iterable[ContractTerms]) -> LinkedTerms:
    """`terms` linked with the other contracts of its centre."""
    same = _groups([terms, *others])
    names: dict[str, SameAs] = {}
    told_as: dict[Outcome, SameAs] = {}
    for measure in terms.measures:
        group = same.get((terms.reference, measure.code), frozenset())
        elsewhere = sorted(each for each in group if each[0] != terms.reference)
        if elsewhere:
            name = told_as.get(elsewhere[0]) or _name(measure, elsewhere)
            names[measure.code] = name
            told_as.update(dict.fromkeys(elsewhere, name))
    if all(each.same_as == names.get(each.code, each.same_as) for each in terms.measures):
        return LinkedTerms(terms, told_as)
    measures = tuple(
        each.model_copy(update={"same_as": names.get(each.code, each.same_as)})
        for each in terms.measures
    )
    # Not model_copy: it would keep what the contract remembers of its measures.
    said = {name: getattr(terms, name) for name in ContractTerms.model_fields}
    return LinkedTerms(ContractTerms.model_construct(**{**said, "measures": measures}), told_as)


def _name(measure: Measure, elsewhere: list[Outcome]) -> SameAs:
    own = measure.same_as
    if own and (own.contract, own.code) in elsewhere:
        return own
    contract, code = elsewhere[0]
    return SameAs(contract=contract, code=code)


def _groups(contracts: Iterable[ContractTerms]) -> dict[Outcome, frozenset[Outcome]]:
    """For each outcome that is linked with another, all that are the same."""
    group_of: dict[Outcome, frozenset[Outcome]] = defaultdict(frozenset)
    for contract in contracts:
        for measure in contract.measures:
            if measure.same_as:
                one = (contract.reference, measure.code)
                other = (measure.same_as.contract, measure.same_as.code)
                joined = group_of[one] | group_of[other] | {one, other}
                group_of.update(dict.fromkeys(joined, joined))
    return group_of
