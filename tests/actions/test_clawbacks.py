"""A payer claws back what did not hold: once, in time, and no more than it approved."""

from datetime import date

import pytest
from sqlmodel import Session, select

from chec.actions.clawbacks import claw_back
from chec.actions.ledger import reverse_transfer
from chec.errors import NotFound, RuleBroken
from chec.models import (
    Cause,
    Centre,
    Claim,
    ClaimRecord,
    ClaimState,
    Clawback,
    Contract,
    Organisation,
    Transfer,
)
from chec.permissions import SYSTEM, Actor
from chec.queries.claim_chains import list_broken_chains
from chec.queries.claim_standing import list_standings
from chec.queries.contract_use import list_contracts_that_differ, list_measure_use, list_payer_use
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of, state_of

LONG = 2_000
RECORDS = [("S13", "p1", date(2025, 4, 7)), ("S13", "p2", date(2025, 5, 7))]


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session)


@pytest.fixture
def actor(session: Session, payer: Organisation) -> Actor:
    return somebody_of(session, payer)


@pytest.fixture
def counted(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Approved: three units at £100."""
    measure = builders.a_measure(pence=10_000, clawback_days=LONG)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={"M01": 3})
    decide(session, claim, payer)
    return claim


@pytest.fixture
def recorded(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Approved: a record of each of two persons, which a second claim follows up."""
    first = builders.a_measure("S13", pence=7_000, clawback_days=LONG)
    then = builders.a_measure("S26", pence=9_000, follows="S13", clawback_days=LONG)
    contract = builders.a_contract(session, centre, payer, measures=(first, then))
    claim = builders.a_claim(session, contract, counts={}, records=RECORDS)
    decide(session, claim, payer)
    return claim


def take(
    session: Session,
    actor: Actor,
    claim: Claim,
    payer: Organisation,
    *,
    units: int = 1,
    pence: int | None = None,
    key: str = "form:1",
    reason: str = "Back in hospital",
) -> Clawback:
    return claw_back(
        session,
        actor,
        part_of(session, claim, payer),
        line_of(session, claim),
        units=units,
        pence=pence,
        reason=reason,
        idempotency_key=key,
    )


def take_record(
    session: Session, actor: Actor, claim: Claim, payer: Organisation, *, person: str, key: str = ""
) -> Clawback:
    record = session.exec(
        select(ClaimRecord).where(
            ClaimRecord.person == person, ClaimRecord.line_id == line_of(session, claim, "S13").id
        )
    ).one()
    return claw_back(
        session,
        actor,
        part_of(session, claim, payer),
        line_of(session, claim, "S13"),
        record=record,
        reason="The job had ended",
        idempotency_key=key or f"form:{person}",
    )


def test_counted_outcomes_go_back_for_their_part_of_what_was_approved(
    session: Session, actor: Actor, counted: Claim, payer: Organisation
) -> None:
    clawback = take(session, actor, counted, payer, units=2)

    assert (clawback.units, clawback.pence, clawback.financial_year) == (2, 20_000, 2025)
    posted = session.get_one(Transfer, clawback.transfer_id)
    assert (posted.cause, posted.on) == (Cause.CLAWBACK, builders.NOW.date())
    part = part_of(session, counted, payer)
    assert (part.clawed_back_pence, part.due_pence) == (20_000, 10_000)
    [of_measure] = list_measure_use(session, counted.contract_id)
    [of_payer] = list_payer_use(session, counted.contract_id)
    assert (of_measure.accepted_units, of_payer.accepted_pence) == (1, 10_000)
    assert list_contracts_that_differ(session) == []


def test_the_amount_may_be_another_up_to_what_is_left(
    session: Session, actor: Actor, counted: Claim, payer: Organisation
) -> None:
    assert take(session, actor, counted, payer, pence=2_500).pence == 2_500
    with pytest.raises(RuleBroken, match=r"£275\.00 is left"):
        take(session, actor, counted, payer, pence=27_501, key="form:2")
    with pytest.raises(RuleBroken, match="2 can be clawed back"):
        take(session, actor, counted, payer, units=3, key="form:2")


def test_the_same_form_again_leads_to_the_first_clawback(
    session: Session, actor: Actor, counted: Claim, payer: Organisation
) -> None:
    first = take(session, actor, counted, payer)
    assert take(session, actor, counted, payer) is first
    assert part_of(session, counted, payer).clawed_back_pence == 10_000


def test_a_record_goes_back_once_for_what_was_approved_of_it(
    session: Session, actor: Actor, recorded: Claim, payer: Organisation
) -> None:
    clawback = take_record(session, actor, recorded, payer, person="p1")
    assert (clawback.pence, clawback.units) == (7_000, 1)
    with pytest.raises(RuleBroken, match="You clawed this record back on 16 November 2026"):
        take_record(session, actor, recorded, payer, person="p1", key="form:again")


def test_what_follows_on_a_clawed_back_record_is_listed_for_decision(
    session: Session, actor: Actor, recorded: Claim, payer: Organisation, centre: Centre
) -> None:
    contract = session.get_one(Contract, recorded.contract_id)
    follows = [("S26", "p1", date(2025, 8, 7)), ("S26", "p2", date(2025, 8, 9))]
    later = builders.a_claim(
        session,
        contract,
        counts={},
        records=follows,
        starts_on=date(2025, 7, 1),
        ends_before=date(2025, 10, 1),
    )
    decide(session, later, payer)

    take_record(session, actor, recorded, payer, person="p2")

    [standing] = list_standings(session, SYSTEM, recorded)
    [back] = standing.clawbacks
    [follow_on] = back.follow_ons
    assert (follow_on.claim_id, follow_on.measure) == (later.id, "S26")
    [broken] = list_broken_chains(session, later)
    assert (broken.follows_claim_id, broken.why) == (recorded.id, "was clawed back")


def test_nothing_is_clawed_back_after_the_last_day(
    session: Session, centre: Centre, payer: Organisation, actor: Actor
) -> None:
    measure = builders.a_measure(clawback_days=30)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract)
    decide(session, claim, payer)
    with pytest.raises(RuleBroken, match="The last day to claw this back was 30 July 2025"):
        take(session, actor, claim, payer)


def test_without_days_in_the_contract_there_is_no_right_to_it(
    session: Session, centre: Centre, payer: Organisation, actor: Actor
) -> None:
    claim = builders.a_claim(session, builders.a_contract(session, centre, payer))
    decide(session, claim, payer)
    with pytest.raises(RuleBroken, match="gives no right"):
        take(session, actor, claim, payer)


def test_what_was_not_approved_is_not_clawed_back(
    session: Session, actor: Actor, counted: Claim, payer: Organisation
) -> None:
    waiting = builders.a_claim(session, session.get_one(Contract, counted.contract_id))
    with pytest.raises(NotFound):
        take(session, actor, waiting, payer)


def test_a_clawback_needs_a_reason(
    session: Session, actor: Actor, counted: Claim, payer: Organisation
) -> None:
    with pytest.raises(RuleBroken, match="Say why"):
        take(session, actor, counted, payer, reason=" ")


def test_lines_go_back_as_they_were_priced(
    session: Session, actor: Actor, recorded: Claim, payer: Organisation
) -> None:
    with pytest.raises(RuleBroken, match="goes back by record"):
        claw_back(
            session,
            actor,
            part_of(session, recorded, payer),
            line_of(session, recorded, "S13"),
            reason="Back",
            idempotency_key="form:1",
        )


def test_after_payment_the_payer_is_owed_what_it_clawed_back(
    session: Session, actor: Actor, counted: Claim, payer: Organisation
) -> None:
    pay(session, counted, payer, 30_000)
    clawback = take(session, actor, counted, payer, units=3)
    assert state_of(counted) is ClaimState.APPROVED  # something is still to be paid, if back
    assert part_of(session, counted, payer).owed_back_pence == 30_000
    posted = session.get_one(Transfer, clawback.transfer_id)
    with pytest.raises(RuleBroken, match="claim the outcome again"):
        reverse_transfer(session, builders.an_actor(), posted, "A slip")
