"""The whole run, on prudent value: what it reads besides the ledger, and until when."""

from datetime import date, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.actions.funding_agreements import agree_funding
from chec.models import (
    Cause,
    Centre,
    ClaimDecision,
    ClaimPart,
    ClaimState,
    PartState,
    Stage,
    Subject,
    Venture,
)
from chec.rules.funding_agreement import Promised
from tests.builders import (
    NOW,
    OPENED_ON,
    a_centre,
    a_claim,
    a_contract,
    a_payer,
    a_venture,
    an_actor,
    an_instrument,
)
from tests.jobs.ledgers import post, result_of, results_of, run_of

TODAY = NOW.date()
LATER = NOW + timedelta(hours=1)


def promise(
    session: Session, venture: Venture, pence: int, *, agreed_on: date = OPENED_ON, at: int = 0
) -> None:
    actor = an_actor(at=NOW + timedelta(hours=at))
    terms = Promised(pence, "Once the team is there.", agreed_on)
    agree_funding(session, actor, venture, terms, f"promise:{pence}")


def part_of(session: Session, centre: Centre, state: ClaimState) -> ClaimPart:
    claim = a_claim(session, a_contract(session, centre, a_payer(session)), state=state)
    return session.exec(select(ClaimPart).where(ClaimPart.claim_id == claim.id)).one()


def test_prudent_value_stands_beside_realised(engine: Engine, session: Session) -> None:
    centre, payer = a_centre(session), a_payer(session)
    venture, terms = a_venture(session, centre), an_instrument(session, centre)
    post(session, centre, Cause.DRAWDOWN, 100_000, on=OPENED_ON, instrument=terms)
    post(session, centre, Cause.TRANCHE, 40_000, on=OPENED_ON, venture=venture)
    for cause, pence in ((Cause.APPROVAL, 50_000), (Cause.CLAWBACK, 5_000)):
        post(session, centre, cause, pence, on=TODAY, venture=venture, payer=payer)
    post(session, centre, Cause.PAYMENT, 20_000, on=TODAY, venture=venture, payer=payer)
    promise(session, venture, 70_000)
    session.commit()

    run = run_of(engine, centre, as_of=TODAY)

    # Unpaid are 25,000, of which a tenth is expected back; 30,000 is still to be released.
    assert (run.approved_pence, run.clawed_back_pence) == (50_000, 5_000)
    assert (run.receivable_pence, run.expected_clawback_pence) == (25_000, 2_500)
    assert (run.promised_pence, run.undecided_pence) == (30_000, 0)
    assert (run.surplus_reserve_pence, run.owed_to_payers_pence) == (0, 0)
    of_venture, of_centre = result_of(session, run, venture), result_of(session, run)
    assert (of_venture.value_pence, of_venture.prudent_value_pence) == (0, 22_500)
    assert (of_venture.prudent_tvpi, of_venture.prudent_rvpi) == (42_500 / 40_000, 0.5625)
    assert (of_centre.value_pence, of_centre.prudent_value_pence) == (80_000, 72_500)
    assert of_centre.prudent_tvpi == run.all_approved_tvpi == 0.725
    assert of_centre.prudent_irr_rate == run.all_approved_irr_rate
    [of_investor] = results_of(session, run, Subject.INVESTOR)
    assert of_investor.prudent_value_pence == 72_500


def test_only_promises_that_were_known_and_agreed_bind_the_centre(
    engine: Engine, session: Session
) -> None:
    centre = a_centre(session)
    ventures = [a_venture(session, centre) for _ in range(4)]
    stopped_later, stopped = ventures[2:]
    promise(session, ventures[0], 1_000)
    promise(session, ventures[0], 200, at=1)
    promise(session, ventures[1], 30, agreed_on=TODAY)
    promise(session, stopped_later, 4)
    promise(session, stopped, 50_000)
    for venture, since_on in ((stopped_later, TODAY), (stopped, OPENED_ON)):
        venture.stage, venture.stage_since_on = Stage.STOPPED, since_on
    session.commit()

    yesterday = TODAY - timedelta(1)
    assert run_of(engine, centre, as_of=yesterday).promised_pence == 1_004
    assert run_of(engine, centre, as_of=TODAY).promised_pence == 1_030
    assert run_of(engine, centre, as_of=TODAY, known_at=LATER).promised_pence == 1_230


def test_what_waits_for_a_decision_as_a_run_knew_it(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    waiting, decided = (part_of(session, centre, ClaimState.SUBMITTED) for _ in range(2))
    part_of(session, centre, ClaimState.WITHDRAWN)
    part_of(session, a_centre(session), ClaimState.SUBMITTED)
    a_claim(session, a_contract(session, centre), state=ClaimState.DRAFT)
    both = waiting.asked_pence + decided.asked_pence
    assert waiting.asked_pence > 0
    session.commit()

    before = run_of(engine, centre, as_of=TODAY)
    session.add(
        ClaimDecision(
            part_id=decided.id,
            state=PartState.REJECTED,
            approved_pence=0,
            decided_on=TODAY,
            decided_at=LATER,
        )
    )
    session.commit()
    again = run_of(engine, centre, as_of=TODAY)
    after = run_of(engine, centre, as_of=TODAY, known_at=LATER)

    assert before.undecided_pence == again.undecided_pence == both
    assert before.all_approved_value_pence == both
    assert before.fingerprint == again.fingerprint
    assert after.undecided_pence == waiting.asked_pence
    assert after.fingerprint != again.fingerprint
    assert run_of(engine, centre, as_of=TODAY - timedelta(1)).undecided_pence == 0


def test_a_promise_alone_changes_the_fingerprint(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    venture = a_venture(session, centre)
    session.commit()
    before = run_of(engine, centre, as_of=TODAY)
    promise(session, venture, 100)
    session.commit()

    assert run_of(engine, centre, as_of=TODAY).fingerprint != before.fingerprint
