"""Importing contracts."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from chec.actions.contracts import ImportedContract, import_contract
from chec.errors import RuleBroken
from chec.models import (
    AuditEvent,
    Centre,
    Contract,
    ContractPayer,
    ContractVersion,
    Event,
    MeasureUse,
    Organisation,
    OrganisationKind,
    PayerUse,
)
from chec.permissions import SYSTEM
from chec.queries.contracts import get_contract
from chec.rules.contract_document import UnreadableContract
from tests.actions.at_once import at_once
from tests.builders import (
    a_centre,
    a_contract_document,
    a_measure,
    a_payer,
    an_actor,
    an_organisation,
)


@pytest.fixture
def centre(session: Session) -> Centre:
    return a_centre(session)


CARDS = sorted(
    path
    for path in (Path(__file__).parents[1] / "cases" / "contracts").glob("*.json")
    if not path.stem.endswith("_expected")
)


def imported(session: Session, centre: Centre, document: str) -> ImportedContract:
    return import_contract(session, an_actor(), centre, document)


def count(session: Session, table: type[Any]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def test_a_new_reference_is_a_contract_in_its_first_version(
    session: Session, centre: Centre
) -> None:
    payer = a_payer(session)
    done = imported(session, centre, a_contract_document(payer, reference="WREN-COPD"))
    assert (done.contract.reference, done.version.number, done.is_new) == ("WREN-COPD", 1, True)
    assert done.added_payers == ()
    found = get_contract(session, SYSTEM, done.contract.id)
    assert found.payers == {payer.name: payer.id}
    session.commit()
    [event] = session.exec(
        select(AuditEvent).where(AuditEvent.event == Event.CONTRACT_IMPORTED)
    ).all()
    assert (event.subject, event.changes) == ("CN-0001", '{"version":[null,1]}')
    assert event.content_hash == sha256(done.version.document.encode()).hexdigest()


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_document_is_kept_as_it_came(session: Session, centre: Centre, ends: str) -> None:
    lines = json.dumps(json.loads(a_contract_document(title="Santé – 5 €")), indent=3)
    document = f"\ufeff{lines}\n\n".replace("\n", ends)
    done = import_contract(session, an_actor(), centre, document.encode())
    session.flush()
    session.expire_all()
    assert done.version.document.encode() == document.encode()


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_published_cards_come_out_as_they_went_in(
    session: Session, centre: Centre, path: Path
) -> None:
    done = import_contract(session, an_actor(), centre, path.read_bytes())
    assert done.version.document.encode() == path.read_bytes()
    again = imported(session, centre, done.version.document)
    assert (again.version, again.is_new) == (done.version, False)


def test_the_same_document_again_changes_nothing(session: Session, centre: Centre) -> None:
    document = a_contract_document()
    first, second = imported(session, centre, document), imported(session, centre, document)
    assert second == ImportedContract(first.contract, first.version, False, (), ())
    assert (count(session, ContractVersion), count(session, ContractPayer)) == (1, 1)


def test_another_document_of_the_reference_is_its_next_version(
    session: Session, centre: Centre
) -> None:
    old = a_contract_document(reference="WREN-COPD")
    new = a_contract_document(reference="WREN-COPD", title="COPD, extended")
    first, second = imported(session, centre, old), imported(session, centre, new)
    assert second.contract == first.contract
    assert (second.version.number, second.is_new) == (2, True)
    found = get_contract(session, SYSTEM, first.contract.id)
    assert (found.version, found.terms.title) == (second.version, "COPD, extended")
    back = imported(session, centre, old)
    assert (back.version.number, back.version.document) == (3, old)


def test_centres_may_have_contracts_of_one_reference(session: Session, centre: Centre) -> None:
    here = imported(session, centre, a_contract_document(reference="WREN"))
    there = imported(session, a_centre(session), a_contract_document(reference="WREN"))
    assert here.contract.id != there.contract.id


def test_a_payer_nobody_knew_is_added_as_a_commissioner(session: Session, centre: Centre) -> None:
    payers = [{"organisation": "Fenmoor ICB", "share": 1}]
    [added] = imported(session, centre, a_contract_document(payers=payers)).added_payers
    assert (added.name, added.kind) == ("Fenmoor ICB", OrganisationKind.COMMISSIONER)


@pytest.mark.parametrize("kind", [OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY])
def test_a_payer_written_otherwise_is_the_one_that_is_known(
    session: Session, centre: Centre, kind: OrganisationKind
) -> None:
    known = an_organisation(session, kind, name="Fenmoor Council")
    payers = [{"organisation": "FENMOOR  council", "share": 1}]
    done = imported(session, centre, a_contract_document(payers=payers))
    assert done.added_payers == ()
    assert get_contract(session, SYSTEM, done.contract.id).payers == {"FENMOOR  council": known.id}


@pytest.mark.parametrize(
    ("kind", "article"),
    [
        (OrganisationKind.INVESTOR, "an"),
        (OrganisationKind.PROVIDER, "a"),
        (OrganisationKind.EVALUATOR, "an"),
    ],
)
def test_who_does_something_else_does_not_pay(
    session: Session, centre: Centre, kind: OrganisationKind, article: str
) -> None:
    other = an_organisation(session, kind)
    with pytest.raises(UnreadableContract) as refused:
        imported(session, centre, a_contract_document(a_payer(session), other))
    [(place, reason)] = refused.value.faults
    assert place == "payers[1].organisation"
    assert reason.startswith(f"{other.name} is {article} {kind}, and only a commissioner")
    assert count(session, Contract) == 0


def test_one_payer_is_not_there_twice_in_other_letters(session: Session, centre: Centre) -> None:
    payers = [{"organisation": name, "share": "1/2"} for name in ("Fenmoor", "FENMOOR")]
    with pytest.raises(UnreadableContract, match=r"payers\[1\]\.organisation: This is the same"):
        imported(session, centre, a_contract_document(payers=payers))


def test_a_bad_document_names_everything_and_leaves_nothing(
    session: Session, centre: Centre
) -> None:
    document = a_contract_document(ends_on="2021-01-01", colour="blue")
    with pytest.raises(UnreadableContract) as refused:
        imported(session, centre, document)
    assert {place for place, _ in refused.value.faults} == {"ends_on", "colour"}
    tables = (Contract, ContractVersion, Organisation)
    assert [count(session, table) for table in tables] == [0, 0, 0]


def test_a_contract_that_is_the_same_as_none_here_is_imported_with_a_notice(
    session: Session, centre: Centre
) -> None:
    imported(session, centre, a_contract_document(reference="HERE"))
    same_as = [
        a_measure(code, same_as={"contract": contract, "code": "X"})
        for code, contract in (("A", "HERE"), ("B", "ELSEWHERE"), ("C", "ITSELF"))
    ]
    document = a_contract_document(reference="ITSELF", measures=tuple(same_as))
    [notice] = imported(session, centre, document).notices
    assert notice.startswith("Measure B is the same as X of ELSEWHERE")


def use(session: Session, contract: Contract, payer: Organisation) -> None:
    """£30 accepted and £20 held for M01, of 2024/25."""
    session.add(MeasureUse(contract_id=contract.id, measure="M01", accepted_units=3, held_units=2))
    session.add(
        PayerUse(
            contract_id=contract.id,
            measure="M01",
            financial_year=2024,
            payer_id=payer.id,
            accepted_pence=3_000,
            held_pence=2_000,
        )
    )
    session.flush()


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"cap_pence": 4_999}, "The contract's cap, £49.99, is below the £50.00"),
        ({"yearly_caps_pence": {"2024": 4_999}}, "The cap for 2024/25, £49.99, is below"),
        ({"measures": [a_measure(cap_units=4)]}, "The cap of M01, 4 units, is below the 5"),
        ({"measures": [a_measure("M02")]}, "has no such measure. Keep it"),
        ({"payers": [{"organisation": "Others", "share": 1}]}, "is no payer of this document"),
    ],
)
def test_no_version_takes_away_what_claims_have_used(
    session: Session, centre: Centre, field: dict[str, Any], says: str
) -> None:
    payer = a_payer(session)
    first = imported(session, centre, a_contract_document(payer, reference="WREN"))
    use(session, first.contract, payer)
    with pytest.raises(RuleBroken, match=says):
        imported(session, centre, a_contract_document(payer, reference="WREN", **field))
    assert count(session, ContractVersion) == 1
    assert count(session, Organisation) == 1


def test_a_payer_that_claims_were_put_to_may_be_written_otherwise(
    session: Session, centre: Centre
) -> None:
    payer = a_payer(session, name="Fenmoor ICB")
    first = imported(session, centre, a_contract_document(payer, reference="WREN"))
    use(session, first.contract, payer)
    payers = [{"organisation": "Fenmoor  icb", "share": 1, "commitment_pence": 5_000}]
    done = imported(session, centre, a_contract_document(reference="WREN", payers=payers))
    assert done.version.number == 2
    assert count(session, ContractPayer) == 1


def test_one_document_imported_at_once_is_one_contract(
    engine: Engine, session: Session, centre: Centre
) -> None:
    document = a_contract_document()
    session.commit()

    def act(session: Session) -> bool:
        return import_contract(session, an_actor(), centre, document).is_new

    assert sorted(map(str, at_once(engine, act, act, act))) == ["False", "False", "True"]
    assert (count(session, Contract), count(session, ContractVersion)) == (1, 1)


def test_two_centres_that_bring_the_same_new_payers_at_once_share_them(
    engine: Engine, session: Session
) -> None:
    centres = [a_centre(session), a_centre(session)]
    session.commit()

    def act(session: Session, centre: Centre, *names: str) -> list[str]:
        payers = [{"organisation": name, "share": "1/2"} for name in names]
        done = import_contract(session, an_actor(), centre, a_contract_document(payers=payers))
        return [payer.name for payer in done.added_payers]

    added = at_once(
        engine,
        lambda session: act(session, centres[0], "Fenmoor ICB", "Fenmoor Council"),
        lambda session: act(session, centres[1], "Fenmoor Council", "FENMOOR ICB"),
    )

    assert added in (  # whoever has read their document first
        [["Fenmoor ICB", "Fenmoor Council"], []],
        [[], ["Fenmoor Council", "FENMOOR ICB"]],
    )
    assert count(session, Organisation) == 2
