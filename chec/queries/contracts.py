"""Contracts: the ones a viewer may see, as a version of them says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    Centre,
    Claim,
    Contract,
    ContractPayer,
    ContractVersion,
    PayerUse,
    Role,
)
from chec.permissions import Action, Viewer
from chec.queries.claims import visible_to
from chec.queries.users import user_names
from chec.rules.contract_import import name_key
from chec.rules.contract_terms import ContractTerms, read_contract


class ContractOfCentre(NamedTuple):
    """A contract and what a version of it says; the newest, if nothing else was asked for.

    `payers` gives the organisation's key by the name that the version has for a payer.
    """

    contract: Contract
    version: ContractVersion
    terms: ContractTerms
    centre: Centre
    payers: Mapping[str, int]


@dataclass(frozen=True)
class ListedContract:
    """A contract in a list, with what claims have used of its money, in pence."""

    id: int
    terms: ContractTerms
    accepted_pence: Pence
    held_pence: Pence
    claim_count: int


class ListedVersion(NamedTuple):
    """A version, and who imported it."""

    version: ContractVersion
    recorded_by: str


@lru_cache(maxsize=256)
def terms_of(document: str) -> ContractTerms:
    """What the document of a version says; it was read when it was imported, so it can be."""
    return read_contract(document)


def get_contract(
    session: Session, viewer: Viewer, contract_id: int, action: Action = Action.VIEW_CONTRACT
) -> ContractOfCentre:
    """The contract, if the viewer may `action` in its centre or for a payer of it; else NotFound.

    It is as its newest version says.
    """
    query = select(Contract).where(Contract.id == contract_id)
    if not viewer.sees_all:
        query = query.where(_visible_to(viewer, action))
    contract = session.exec(query).one_or_none()
    if contract is None:
        raise NotFound
    return newest_of(session, contract)


def newest_of(session: Session, contract: Contract) -> ContractOfCentre:
    """The contract as its newest version says, read now; after `lock_centre` that stays so."""
    return _found(session, contract, _is_newest)


def in_version(session: Session, contract: Contract, version_id: int) -> ContractOfCentre:
    """The contract as that version of it says, such as the one that a claim was priced under."""
    return _found(session, contract, col(ContractVersion.id) == version_id)


def list_versions(session: Session, viewer: Viewer, found: ContractOfCentre) -> list[ListedVersion]:
    """Every version of the contract, newest first."""
    query = (
        select(ContractVersion)
        .where(ContractVersion.contract_id == found.contract.id)
        .order_by(col(ContractVersion.number).desc())
    )
    versions = session.exec(query).all()
    by = [each.recorded_by_id for each in versions]
    names = user_names(session, viewer, found.centre.id, by)
    return [ListedVersion(each, names[each.recorded_by_id]) for each in versions]


def get_centre_of_contracts(session: Session, viewer: Viewer, centre_id: int) -> Centre:
    """The centre, if it is the viewer's or one that they pay under a contract; else NotFound."""
    see = Action.VIEW_CONTRACT
    centre = session.get(Centre, centre_id)
    theirs = select(Contract.id).where(Contract.centre_id == centre_id, _visible_to(viewer, see))
    if centre and (_reads_all(viewer, centre_id) or session.exec(theirs.limit(1)).first()):
        return centre
    raise NotFound


def list_contracts(session: Session, viewer: Viewer, centre_id: int) -> list[ListedContract]:
    """The centre's contracts that the viewer may see, by reference.

    Of their claims those are counted that the viewer may see. Raises NotFound as
    `get_centre_of_contracts` does.
    """
    get_centre_of_contracts(session, viewer, centre_id)
    query = (
        select(Contract.id, ContractVersion.document)
        .join(ContractVersion, col(ContractVersion.contract_id) == Contract.id)
        .where(Contract.centre_id == centre_id, _is_newest)
        .order_by(func.lower(Contract.reference), col(Contract.id))
    )
    if not _reads_all(viewer, centre_id):
        query = query.where(_visible_to(viewer, Action.VIEW_CONTRACT))
    use, claims = _use_of(session, centre_id), _claims_of(session, viewer, centre_id)
    return [
        ListedContract(key, terms_of(document), *use.get(key, (0, 0)), claims.get(key, 0))
        for key, document in session.exec(query)
    ]


def list_references(session: Session, centre_id: int) -> Mapping[str, int]:
    """The key of each of the centre's contracts, by its own reference."""
    rows = session.exec(
        select(Contract.reference, Contract.id).where(Contract.centre_id == centre_id)
    )
    return dict(rows.all())


_is_newest = col(ContractVersion.number) == (
    select(func.max(col(ContractVersion.number)))
    .where(col(ContractVersion.contract_id) == Contract.id)
    .correlate(Contract)
    .scalar_subquery()
)


def _reads_all(viewer: Viewer, centre_id: int) -> bool:
    return viewer.sees_all or centre_id in viewer.centres(Action.VIEW_CONTRACT)


def _visible_to(viewer: Viewer, action: Action) -> ColumnElement[bool]:
    payers = viewer.organisations(action, Role.COMMISSIONER)
    paid = select(ContractPayer.contract_id).where(col(ContractPayer.payer_id).in_(payers))
    return or_(col(Contract.centre_id).in_(viewer.centres(action)), col(Contract.id).in_(paid))


def _found(session: Session, contract: Contract, which: ColumnElement[bool]) -> ContractOfCentre:
    version, centre = session.exec(
        select(ContractVersion, Centre)
        .join(Contract, col(ContractVersion.contract_id) == Contract.id)
        .join(Centre, col(Contract.centre_id) == Centre.id)
        .where(col(Contract.id) == contract.id, which)
    ).one()
    terms = terms_of(version.document)
    return ContractOfCentre(contract, version, terms, centre, _payers(session, contract, terms))


def _payers(session: Session, contract: Contract, terms: ContractTerms) -> dict[str, int]:
    query = select(ContractPayer.named, ContractPayer.payer_id).where(
        ContractPayer.contract_id == contract.id
    )
    keys = {name_key(named): payer_id for named, payer_id in session.exec(query)}
    return {name: keys[name_key(name)] for name in terms.payer_names}


def _use_of(session: Session, centre_id: int) -> dict[int, tuple[Pence, Pence]]:
    query = (
        select(
            PayerUse.contract_id,
            func.sum(PayerUse.accepted_pence),
            func.sum(PayerUse.held_pence),
        )
        .join(Contract, col(PayerUse.contract_id) == Contract.id)
        .where(Contract.centre_id == centre_id)
        .group_by(col(PayerUse.contract_id))
    )
    return {key: (int(accepted), int(held)) for key, accepted, held in session.exec(query)}


def _claims_of(session: Session, viewer: Viewer, centre_id: int) -> dict[int, int]:
    query = (
        select(Claim.contract_id, func.count())
        .where(Claim.centre_id == centre_id, visible_to(viewer, Action.VIEW_CLAIM))
        .group_by(col(Claim.contract_id))
    )
    return dict(session.exec(query).all())
