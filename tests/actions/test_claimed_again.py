"""An outcome that no payer stands by may be claimed again; one that a payer stands by may not."""

from datetime import date

import pytest
from sqlmodel import Session, select

from chec.actions.claim_records import upload_records
from chec.actions.clawbacks import claw_back
from chec.actions.contracts import import_contract
from chec.errors import RuleBroken
from chec.models import Centre, Claim, ClaimRecord, ClaimState, Contract, MeasureUse, Organisation
from tests import builders
from tests.claim_parts import decide, line_of, part_of, somebody_of

DAY = date(2025, 5, 6)


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    once = builders.a_measure(cap_units=1, times_per_person=1, clawback_days=4000)
    return builders.a_contract(session, centre, *payers, measures=(once,), reference="ONCE")


@pytest.fixture
def claim(session: Session, contract: Contract) -> Claim:
    return builders.a_claim(session, contract, records=[("M01", "p1", DAY)])


def take_back(session: Session, claim: Claim, payer: Organisation) -> None:
    line = line_of(session, claim)
    claw_back(
        session,
        somebody_of(session, payer),
        part_of(session, claim, payer),
        line,
        record=session.exec(select(ClaimRecord).where(ClaimRecord.line_id == line.id)).one(),
        reason="Ill again",
        idempotency_key="form:1",
    )


def claim_again(session: Session, contract: Contract, person: str = "p1") -> Claim:
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    file = f"measure,person,achieved_on,evidence,value\nM01,{person},{DAY},seen,"
    upload_records(session, builders.an_actor(), draft, file.encode())
    return builders.submit(session, draft)


def units_used(session: Session) -> tuple[int, int]:
    use = session.exec(select(MeasureUse)).one()
    return use.held_units, use.accepted_units


def test_a_unit_is_not_free_while_another_payer_may_still_approve_it(
    session: Session, contract: Contract, payers: list[Organisation], claim: Claim
) -> None:
    first, second = payers
    decide(session, claim, first)
    take_back(session, claim, first)
    assert units_used(session) == (0, 1)
    with pytest.raises(RuleBroken, match="is worth nothing"):
        claim_again(session, contract, "p2")
    with pytest.raises(RuleBroken, match="claims the same measure, person and day"):
        claim_again(session, contract)
    decide(session, claim, second, rejected=["M01"])
    assert units_used(session) == (0, 0)
    assert claim_again(session, contract).payable_pence == 10_000


def test_what_every_payer_has_clawed_back_is_claimed_again(
    session: Session, contract: Contract, payers: list[Organisation], claim: Claim
) -> None:
    for payer in payers:
        decide(session, claim, payer)
    take_back(session, claim, payers[0])
    with pytest.raises(RuleBroken, match="claims the same measure, person and day"):
        claim_again(session, contract)
    take_back(session, claim, payers[1])
    assert claim_again(session, contract).payable_pence == 10_000


def test_what_a_cap_cut_whole_is_claimed_again_when_there_is_room(
    session: Session, centre: Centre, payers: list[Organisation]
) -> None:
    def document(units: int) -> str:
        measure = builders.a_measure(cap_units=units)
        follow_on = builders.a_measure("M02", follows="M01")
        return builders.a_contract_document(
            *payers, measures=(measure, follow_on), reference="ROOM"
        )

    contract = import_contract(session, builders.an_actor(), centre, document(1)).contract
    two = [("M01", "p1", DAY), ("M01", "p2", DAY)]
    assert builders.a_claim(session, contract, records=two).payable_pence == 10_000
    import_contract(session, builders.an_actor(), centre, document(2))
    assert claim_again(session, contract, "p2").payable_pence == 10_000
    later = date(2025, 6, 3)
    twice = builders.a_claim(
        session, contract, records=[("M02", "p2", later), ("M02", "p2", date(2025, 6, 4))]
    )
    assert twice.payable_pence == 10_000  # one outcome, however often claimed, is followed once
