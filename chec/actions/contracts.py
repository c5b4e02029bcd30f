"""Importing a contract: a new one, or a new version of one that the centre has."""

from hashlib import sha256
from typing import NamedTuple

from sqlmodel import Session, select

from chec import audit
from chec.actions.organisations import add_organisation, lock_organisations
from chec.models import (
    Centre,
    Contract,
    ContractPayer,
    ContractVersion,
    Event,
    Organisation,
    OrganisationKind,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.contract_imports import PlannedImport, plan_import
from chec.rules.contract_terms import read_contract


class ImportedContract(NamedTuple):
    """A contract as it is after an import, and whether that made the version.

    `added_payers` are the organisations that nobody knew before.
    """

    contract: Contract
    version: ContractVersion
    is_new: bool
    added_payers: tuple[Organisation, ...]
    notices: tuple[str, ...]


def import_contract(
    session: Session, actor: Actor, centre: Centre, document: str | bytes
) -> ImportedContract:
    """The contract that `document` says: all of it or nothing, kept as it came.

    The document that is the newest version already changes nothing. Raises UnreadableContract with
    everything wrong, and RuleBroken for what claims under the earlier version forbid.
    """
    terms = read_contract(document)  # which takes its time, and needs no lock
    centre = lock_centre(session, actor, centre.id)
    lock_organisations(session)
    plan = plan_import(session, centre, document, terms)
    if plan.known and plan.is_there_already:
        known = plan.known
        return ImportedContract(known.contract, known.version, False, (), plan.notices)
    contract = plan.known.contract if plan.known else _new_contract(session, centre, plan)
    version = _add_version(session, actor, contract, plan)
    added = _add_payers(session, actor, contract, plan)
    payer_ids = {payer.id for payer in plan.payers.values() if payer} | {each.id for each in added}
    audit.record(
        session,
        actor,
        Event.CONTRACT_IMPORTED,
        reference("contract", contract.id),
        centre_id=centre.id,
        about=[reference("organisation", each) for each in payer_ids],
        before={"version": plan.known.version.number} if plan.known else None,
        after={"version": version.number},
        content_hash=sha256(plan.document.encode()).hexdigest(),
    )
    return ImportedContract(contract, version, True, added, plan.notices)


def _new_contract(session: Session, centre: Centre, plan: PlannedImport) -> Contract:
    contract = Contract(centre_id=centre.id, reference=plan.terms.reference)
    session.add(contract)
    session.flush()
    return contract


def _add_version(
    session: Session, actor: Actor, contract: Contract, plan: PlannedImport
) -> ContractVersion:
    version = ContractVersion(
        contract_id=contract.id,
        number=plan.number,
        title=plan.terms.title,
        starts_on=plan.terms.starts_on,
        ends_on=plan.terms.ends_on,
        document=plan.document,
        recorded_at=actor.at,
        recorded_by_id=actor.user_id,
    )
    session.add(version)
    session.flush()
    return version


def _add_payers(
    session: Session, actor: Actor, contract: Contract, plan: PlannedImport
) -> tuple[Organisation, ...]:
    """Those that nobody knew; every payer becomes one of the contract, once."""
    query = select(ContractPayer.payer_id).where(ContractPayer.contract_id == contract.id)
    present = set(session.exec(query))
    added = []
    for name, known in plan.payers.items():
        payer = known or add_organisation(
            session, actor, name, OrganisationKind.COMMISSIONER, centre_id=contract.centre_id
        )
        if known is None:
            added.append(payer)
        if payer.id not in present:
            session.add(ContractPayer(contract_id=contract.id, payer_id=payer.id, named=name))
    session.flush()
    return tuple(added)
