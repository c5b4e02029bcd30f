"""Measures of several contracts that are the same outcome, whichever document says so."""

from typing import Any

from chec.rules.contract_terms import ContractTerms, read_contract
from chec.rules.measure_terms import SameAs
from chec.rules.same_outcomes import linked
from tests.builders import a_contract_document, a_measure


def terms(reference: str, **same_as: tuple[str, str] | None) -> ContractTerms:
    """A contract whose measures are named, each with the outcome that it is the same as."""
    measures: list[dict[str, Any]] = []
    for code, other in same_as.items():
        link = {"contract": other[0], "code": other[1]} if other else None
        measures.append(a_measure(code, same_as=link))
    return read_contract(a_contract_document(reference=reference, measures=tuple(measures)))


def test_a_contract_that_nobody_links_is_as_it_was() -> None:
    own = terms("A", M1=None, M2=None)
    assert linked(own, [terms("B", X=None)]) == (own, {})


def test_its_own_link_is_enough() -> None:
    own = terms("A", M1=("B", "X"))
    result = linked(own, [terms("B", X=None)])
    assert result.terms is own
    assert result.told_as == {("B", "X"): SameAs(contract="B", code="X")}


def test_a_link_of_another_contract_holds_both_ways() -> None:
    own = terms("A", M1=None, M2=None)
    result = linked(own, [terms("B", X=("A", "M1"))])
    assert result.terms.measure("M1").same_as == SameAs(contract="B", code="X")
    assert result.terms.measure("M2").same_as is None
    assert own.measure("M1").same_as is None


def test_links_go_on_from_contract_to_contract() -> None:
    result = linked(
        terms("A", M1=("C", "Y"), M2=None),
        [terms("B", X=("C", "Y"), Z=("A", "M2")), terms("C", Y=("A", "M2"))],
    )
    same = SameAs(contract="C", code="Y")
    assert [each.same_as for each in result.terms.measures] == [same, same]
    assert result.told_as == {("B", "X"): same, ("B", "Z"): same, ("C", "Y"): same}


def test_a_link_inside_a_contract_needs_no_other() -> None:
    own = terms("A", M1=("A", "M2"), M2=None)
    assert linked(own, []) == (own, {})
