"""What a contract document needs of the centre that it comes to.

A payer is an organisation, known by its name whatever its capitals and spaces; a name that nobody
has is a commissioner to be added. Who invests, provides or evaluates does not pay.
"""

from collections.abc import Collection, Mapping

from chec.models import Organisation, OrganisationKind
from chec.rules.contract_document import Fault
from chec.rules.contract_terms import ContractTerms
from chec.rules.naming import squeezed, with_article

_PAYERS = frozenset({OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY})


def name_key(name: str) -> str:
    """What two names of one organisation have in common."""
    return squeezed(name).casefold()


def faults_of_payers(terms: ContractTerms, known: Mapping[str, Organisation]) -> list[Fault]:
    """The payers that cannot be, each with its place; `known` gives organisations by `name_key`."""
    faults = []
    first_at: dict[str, int] = {}
    for place, name in enumerate(terms.payer_names):
        key = name_key(name)
        if reason := _reason_against(first_at.get(key), known.get(key)):
            faults.append((f"payers[{place}].organisation", reason))
        first_at.setdefault(key, place)
    return faults


def _reason_against(before: int | None, organisation: Organisation | None) -> str | None:
    if before is not None:
        return f"This is the same organisation as payers[{before}]. Each payer is there once."
    if organisation and organisation.kind not in _PAYERS:
        return (
            f"{organisation.name} is {with_article(organisation.kind)}, and only a commissioner or"
            " a local authority pays. Check the name."
        )
    return None


def notices_of(terms: ContractTerms, references: Collection[str]) -> list[str]:
    """What should be known about a sound document; `references` are the centre's contracts."""
    return [
        f"Measure {measure.code} is the same as {measure.same_as.code} of"
        f" {measure.same_as.contract}, which this centre does not have. It counts from when that"
        " contract is imported."
        for measure in terms.measures
        if measure.same_as and measure.same_as.contract not in {terms.reference, *references}
    ]
