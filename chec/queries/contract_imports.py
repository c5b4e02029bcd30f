"""What importing a contract document to a centre would do."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, select

from chec.models import Centre, Contract, Organisation
from chec.queries.contracts import ContractOfCentre, list_references, newest_of
from chec.rules.contract_document import UnreadableContract
from chec.rules.contract_import import faults_of_payers, name_key, notices_of
from chec.rules.contract_terms import ContractTerms, read_contract


@dataclass(frozen=True)
class PlannedImport:
    """A document that can be imported; `known` is the contract of its reference, if there is one.

    `payers` gives the organisation by the document's name for it; None: it is to be added.
    """

    document: str
    terms: ContractTerms
    known: ContractOfCentre | None
    payers: Mapping[str, Organisation | None]
    notices: tuple[str, ...]
    changes: tuple[str, ...] = ()

    @property
    def is_there_already(self) -> bool:
        """Whether this very document is the contract's newest version."""
        return self.known is not None and self.known.version.document == self.document

    @property
    def number(self) -> int:
        """Which version of the contract it is, or would become."""
        before = self.known.version.number if self.known else 0
        return before if self.is_there_already else before + 1


def plan_import(session: Session, centre: Centre, document: str | bytes) -> PlannedImport:
    """What importing `document` to the centre would do, as things are now.

    Raises UnreadableContract with everything wrong with it.
    """
    terms = read_contract(document)
    organisations = {name_key(each.name): each for each in session.exec(select(Organisation))}
    if faults := faults_of_payers(terms, organisations):
        raise UnreadableContract(faults)
    references = list_references(session, centre.id)
    return PlannedImport(
        document=document if isinstance(document, str) else document.decode(),
        terms=terms,
        known=_known(session, references.get(terms.reference)),
        payers={name: organisations.get(name_key(name)) for name in terms.payer_names},
        notices=tuple(notices_of(terms, references)),
    )


def _known(session: Session, contract_id: int | None) -> ContractOfCentre | None:
    contract = session.get(Contract, contract_id) if contract_id else None
    return newest_of(session, contract) if contract else None
