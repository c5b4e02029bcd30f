"""A draft changed by somebody while somebody else looks at it: acts go by what is there now.

Who acts looked before, and keeps what they saw; so the session has read it already.
"""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from chec.actions.claim_decisions import decide_claim
from chec.actions.claim_records import remove_records, upload_records
from chec.actions.claims import enter_counts, submit_claim
from chec.errors import RuleBroken
from chec.models import (
    Centre,
    Claim,
    ClaimRecord,
    ClaimState,
    Contract,
    Organisation,
    Stage,
    Venture,
)
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.claim_decisions import list_parts_of
from chec.queries.claims import list_lines
from tests import builders
from tests.actions.at_once import at_once
from tests.claim_parts import somebody_of, state_of, verdicts

PENCE = 10_000
Act = Callable[[Session], object]


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, payers: list[Organisation]) -> Contract:
    measures = (builders.a_measure("M01", pence=PENCE), builders.a_measure("M02", pence=PENCE))
    return builders.a_contract(session, builders.a_centre(session), *payers, measures=measures)


@pytest.fixture
def draft(session: Session, contract: Contract) -> Claim:
    """£300: three of M01."""
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={"M01": 3})
    session.commit()
    return draft


def counting(claim_id: int, **counts: int) -> Act:
    """Enters these counts after a look at those that are there."""

    def enter(session: Session) -> None:
        claim = session.get_one(Claim, claim_id)
        seen = list_lines(session, claim)
        enter_counts(session, builders.an_actor(), claim, counts)
        assert seen

    return enter


def submitting(claim_id: int, seen_pence: int) -> Act:
    def submit(session: Session) -> None:
        claim = session.get_one(Claim, claim_id)
        seen = list_lines(session, claim)
        submit_claim(session, builders.an_actor(), claim, seen_pence)
        assert seen

    return submit


def uploading(claim_id: int, *persons: str) -> Act:
    rows = [f"M02,{person},2025-05-06,letter" for person in persons]
    file = "\n".join(["measure,person,achieved_on,evidence", *rows]).encode()

    def upload(session: Session) -> None:
        claim = session.get_one(Claim, claim_id)
        seen = list_lines(session, claim)
        upload_records(session, builders.an_actor(), claim, file)
        assert seen

    return upload


def removing(claim_id: int) -> Act:
    def remove(session: Session) -> None:
        claim = session.get_one(Claim, claim_id)
        [line] = [line for line in list_lines(session, claim) if line.measure == "M02"]
        remove_records(session, builders.an_actor(), claim, line)

    return remove


def units(session: Session, claim: Claim) -> dict[str, int]:
    session.rollback()
    return {line.measure: line.units for line in list_lines(session, claim)}


def test_a_claim_is_not_submitted_for_what_it_was_worth_before_a_count_changed(
    engine: Engine, session: Session, draft: Claim
) -> None:
    results = at_once(engine, counting(draft.id, M01=5), submitting(draft.id, 3 * PENCE))

    assert isinstance(results[1], RuleBroken)
    assert "now worth £500.00, not £300.00" in str(results[1])
    assert units(session, draft) == {"M01": 5}


def test_a_claim_is_submitted_with_the_counts_that_were_valued(
    engine: Engine, session: Session, draft: Claim
) -> None:
    at_once(engine, counting(draft.id, M01=5), submitting(draft.id, 5 * PENCE))

    session.rollback()
    session.refresh(draft)
    [line] = list_lines(session, draft)
    assert (line.units, line.taken_units, line.payable_pence) == (5, 5, 5 * PENCE)
    assert draft.payable_pence == 5 * PENCE


@pytest.mark.parametrize("last", [3, 0])
def test_of_two_counts_entered_in_two_tabs_the_later_is_kept(
    engine: Engine, session: Session, draft: Claim, last: int
) -> None:
    """Also where it is the count that the second tab saw."""
    at_once(engine, counting(draft.id, M01=8), counting(draft.id, M01=last))

    assert units(session, draft) == {"M01": last}


def test_of_two_files_uploaded_in_two_tabs_all_records_count(
    engine: Engine, session: Session, draft: Claim
) -> None:
    uploading(draft.id, "p1")(session)
    session.commit()

    at_once(engine, uploading(draft.id, "p2", "p3"), uploading(draft.id, "p4"))

    assert units(session, draft) == {"M01": 3, "M02": 4}


def test_records_uploaded_between_looking_and_removing_are_removed_too(
    engine: Engine, session: Session, draft: Claim
) -> None:
    uploading(draft.id, "p1")(session)
    removing(draft.id)(session)
    session.commit()

    at_once(engine, uploading(draft.id, "p2"), removing(draft.id))

    assert units(session, draft) == {"M01": 3, "M02": 0}
    assert session.exec(select(func.count()).select_from(ClaimRecord)).one() == 0


def test_a_venture_that_is_stopped_meanwhile_claims_nothing_from_then_on(
    engine: Engine, session: Session, contract: Contract
) -> None:
    venture_id = builders.a_venture(session, session.get_one(Centre, contract.centre_id)).id
    session.commit()

    def stop(session: Session) -> None:
        lock_centre(session, builders.an_actor(), contract.centre_id)
        venture = session.get_one(Venture, venture_id)
        venture.stage, venture.stage_since_on = Stage.STOPPED, date(2025, 5, 1)

    def prepare(session: Session) -> None:
        venture = session.get_one(Venture, venture_id)
        builders.a_claim(
            session,
            session.get_one(Contract, contract.id),
            venture,
            state=ClaimState.DRAFT,
            counts={},
        )

    results = at_once(engine, stop, prepare)

    assert "was stopped on 1 May 2025" in str(results[1])


def test_two_payers_who_look_at_both_parts_decide_the_claim(
    engine: Engine, session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    claim = builders.a_claim(session, contract)
    actors = [somebody_of(session, payer) for payer in payers]
    session.commit()

    def deciding(payer: Organisation, actor: Actor) -> Act:
        payer_id = payer.id

        def decide(session: Session) -> None:
            own = session.get_one(Claim, claim.id)
            seen = list_parts_of(session, own)
            part = next(part for part in seen if part.payer_id == payer_id)
            decide_claim(session, actor, part, verdicts(session, own))

        return decide

    at_once(engine, *map(deciding, payers, actors))

    session.refresh(claim)
    assert state_of(claim) is ClaimState.APPROVED
