"""Who sees which contract, and how it is found."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from chec.errors import NotFound
from chec.models import (
    Centre,
    Claim,
    ClaimPart,
    ClaimState,
    Contract,
    ContractVersion,
    Organisation,
    PartState,
    PayerUse,
    Role,
)
from chec.permissions import SYSTEM, Action, Viewer
from chec.queries.contracts import (
    get_centre_of_contracts,
    get_contract,
    in_version,
    list_contracts,
    list_versions,
)
from chec.queries.viewers import get_viewer
from tests import builders


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session)


@pytest.fixture
def contract(session: Session, centre: Centre, payer: Organisation) -> Contract:
    return builders.a_contract(session, centre, payer, reference="WREN")


def viewer_as(session: Session, role: Role, **of: Any) -> Viewer:
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, **of)
    return get_viewer(session, user.id, builders.NOW.date())


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.EVALUATOR])
def test_the_centres_own_people_see_its_contracts(
    session: Session, centre: Centre, contract: Contract, role: Role
) -> None:
    here = viewer_as(session, role, centre=centre)
    there = viewer_as(session, role, centre=builders.a_centre(session))
    assert get_contract(session, here, contract.id).contract == contract
    assert [each.id for each in list_contracts(session, here, centre.id)] == [contract.id]
    for look in (get_contract, list_contracts, get_centre_of_contracts):
        with pytest.raises(NotFound):
            look(session, there, centre.id if look is not get_contract else contract.id)


def test_a_commissioner_sees_the_contracts_that_it_pays_under(
    session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    builders.a_contract(session, centre, reference="OTHERS")
    own = viewer_as(session, Role.COMMISSIONER, organisation=payer)
    stranger = viewer_as(session, Role.COMMISSIONER, organisation=builders.a_payer(session))
    assert get_contract(session, own, contract.id).payers == {payer.name: payer.id}
    assert [each.terms.reference for each in list_contracts(session, own, centre.id)] == ["WREN"]
    assert get_centre_of_contracts(session, own, centre.id) == centre
    for look in (get_contract, list_contracts, get_centre_of_contracts):
        with pytest.raises(NotFound):
            look(session, stranger, centre.id if look is not get_contract else contract.id)


def test_who_paid_under_an_earlier_version_still_sees_the_contract(
    session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    builders.a_contract(session, centre, reference="WREN")
    former = viewer_as(session, Role.COMMISSIONER, organisation=payer)
    found = get_contract(session, former, contract.id)
    assert found.version.number == 2
    assert payer.name not in found.payers


def test_a_commissioner_may_not_prepare_claims_of_it(
    session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    own = viewer_as(session, Role.COMMISSIONER, organisation=payer)
    with pytest.raises(NotFound):
        get_contract(session, own, contract.id, Action.PREPARE_CLAIM)
    director = viewer_as(session, Role.DIRECTOR, centre=centre)
    assert get_contract(session, director, contract.id, Action.PREPARE_CLAIM).centre == centre


def test_an_earlier_version_can_be_read(
    session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    first = get_contract(session, SYSTEM, contract.id).version
    builders.a_contract(session, centre, payer, reference="WREN", title="Extended")
    newest = get_contract(session, SYSTEM, contract.id)
    before = in_version(session, contract, first.id)
    assert (newest.terms.title, before.terms.title) == ("Extended", "Outcomes contract")
    assert before.payers == {payer.name: payer.id}
    versions = list_versions(session, SYSTEM, newest)
    told = [(each.version.number, each.recorded_by) for each in versions]
    assert told == [(2, "the system"), (1, "the system")]


def a_claim(session: Session, contract: Contract, state: ClaimState) -> Claim:
    venture = builders.a_venture(session, session.get_one(Centre, contract.centre_id))
    worth = None if state is ClaimState.DRAFT else 0
    claim = Claim(
        centre_id=contract.centre_id,
        contract_id=contract.id,
        venture_id=venture.id,
        starts_on=date(2024, 4, 1),
        ends_before=date(2024, 7, 1),
        state=state,
        prepared_at=builders.NOW,
        gross_pence=worth,
        payable_pence=worth,
    )
    session.add(claim)
    session.flush()
    return claim


def test_a_list_says_what_is_used_and_counts_the_claims_that_one_may_see(
    session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    states = (ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.PAID)
    _, submitted, _ = [a_claim(session, contract, state) for state in states]
    session.add(
        ClaimPart(
            claim_id=submitted.id,
            payer_id=payer.id,
            asked_pence=0,
            state=PartState.WAITING,
            asked_on=date(2024, 7, 1),
        )
    )
    for measure in ("M01", "M02"):
        session.add(
            PayerUse(
                contract_id=contract.id,
                measure=measure,
                financial_year=2024,
                payer_id=payer.id,
                held_pence=5,
                accepted_pence=7,
            )
        )
    session.flush()
    director = viewer_as(session, Role.DIRECTOR, centre=centre)
    [listed] = list_contracts(session, director, centre.id)
    assert (listed.accepted_pence, listed.held_pence, listed.claim_count) == (14, 10, 3)
    own = viewer_as(session, Role.COMMISSIONER, organisation=payer)
    assert list_contracts(session, own, centre.id)[0].claim_count == 1


def test_a_long_list_takes_as_many_queries_as_a_short_one(
    engine: Engine, session: Session, centre: Centre, payer: Organisation
) -> None:
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *about: asked.append(about[2]))

    def queries() -> int:
        session.flush()
        session.expire_all()
        asked.clear()
        list_contracts(session, SYSTEM, centre.id)
        return len(asked)

    builders.a_contract(session, centre, payer)
    few = queries()
    for _ in range(5):
        builders.a_contract(session, centre, payer)
    assert queries() == few
    assert session.get(ContractVersion, 1)
