"""A claim from draft to submission."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from chec.actions.claims import (
    discard_claim,
    enter_counts,
    prepare_claim,
    submit_claim,
    withdraw_claim,
)
from chec.actions.contracts import import_contract
from chec.errors import NotFound, RuleBroken
from chec.models import (
    AuditEvent,
    Centre,
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    ClaimRemoval,
    ClaimShare,
    ClaimState,
    Contract,
    Event,
    Organisation,
    PartState,
    RecordShare,
    RemovalStep,
    Stage,
    Venture,
)
from chec.permissions import Actor
from chec.queries.claim_values import value_of_draft
from chec.queries.contract_use import list_contracts_that_differ, list_measure_use
from chec.queries.contracts import newest_of
from tests import builders
from tests.actions.at_once import at_once

TODAY = builders.NOW.date()
MAY = date(2025, 5, 6)


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    measures = (
        builders.a_measure("M01", pence=10_001, cap_units=5),
        builders.a_measure("M02", pence=3_000, follows="M01", evidence=["letter"]),
    )
    return builders.a_contract(session, centre, *payers, measures=measures, decide_within_days=28)


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre)


@pytest.fixture
def draft(session: Session, contract: Contract, venture: Venture) -> Claim:
    """Seven of M01, of which the cap lets five through."""
    return builders.a_claim(session, contract, venture, state=ClaimState.DRAFT, counts={"M01": 7})


def prepare(session: Session, contract: Contract, venture: Venture, **period: Any) -> Claim:
    told = {"starts_on": date(2025, 4, 1), "ends_before": date(2025, 7, 1), **period}
    return prepare_claim(session, builders.an_actor(), contract, venture, **told)


def somebody(session: Session) -> Actor:
    return replace(builders.an_actor(), user_id=builders.a_user(session).id)


def refusals(act: Callable[[], object]) -> str:
    with pytest.raises(RuleBroken) as refused:
        act()
    return " ".join(refused.value.reasons)


def events(session: Session) -> list[str]:
    session.commit()
    query = select(AuditEvent.event).where(col(AuditEvent.subject).startswith("CL-"))
    return list(session.exec(query.order_by(col(AuditEvent.id))))


@pytest.mark.parametrize(
    ("period", "says"),
    [
        ({"starts_on": date(2022, 3, 1)}, "runs from 1 April 2022 to 31 March 2027"),
        ({"ends_before": date(2027, 4, 2)}, "Choose a period inside it"),
        ({"ends_before": TODAY + timedelta(days=1)}, "ends on 16 November 2026, which is not over"),
        ({"ends_before": date(2025, 4, 1)}, "The last day is before the first"),
    ],
)
def test_a_period_that_cannot_be_claimed_is_refused_in_words(
    session: Session, contract: Contract, venture: Venture, period: dict[str, date], says: str
) -> None:
    assert says in refusals(lambda: prepare(session, contract, venture, **period))


def test_a_period_may_end_yesterday(session: Session, contract: Contract, venture: Venture) -> None:
    assert prepare(session, contract, venture, ends_before=TODAY).last_day < TODAY


def test_a_venture_claims_from_the_day_it_started(
    session: Session, centre: Centre, contract: Contract
) -> None:
    late = builders.a_venture(session, centre, started_on=date(2025, 4, 15))
    assert "Begin the period on that day" in refusals(lambda: prepare(session, contract, late))
    prepare(session, contract, late, starts_on=late.started_on)


def test_a_venture_of_another_centre_claims_nothing_here(
    session: Session, contract: Contract
) -> None:
    foreign = builders.a_venture(session, builders.a_centre(session))
    assert "is not a venture of" in refusals(lambda: prepare(session, contract, foreign))


def test_a_stopped_venture_claims_what_was_achieved_until_then(
    session: Session, contract: Contract, venture: Venture
) -> None:
    stop(session, venture, on=date(2025, 6, 29))
    assert "was stopped on 29 June 2025" in refusals(lambda: prepare(session, contract, venture))
    prepare(session, contract, venture, ends_before=date(2025, 6, 30))


def test_a_draft_of_a_venture_stopped_since_cannot_be_submitted(
    session: Session, venture: Venture, draft: Claim
) -> None:
    stop(session, venture, on=date(2025, 6, 1))
    act = partial(submit_claim, session, builders.an_actor(), draft, 50_005)
    assert "was stopped on 1 June 2025" in refusals(act)


def test_the_same_empty_draft_is_not_made_twice(
    session: Session, contract: Contract, venture: Venture
) -> None:
    first = prepare(session, contract, venture)
    assert prepare(session, contract, venture).id == first.id
    enter_counts(session, builders.an_actor(), first, {"M01": 1})
    assert prepare(session, contract, venture).id != first.id


def test_counts_may_be_corrected_until_the_claim_is_submitted(
    session: Session, draft: Claim
) -> None:
    enter_counts(session, builders.an_actor(), draft, {"M01": 3})
    assert worth(session, draft) == 30_003
    builders.submit(session, draft)
    act = partial(enter_counts, session, builders.an_actor(), draft, {"M01": 2})
    assert "can no longer be changed" in refusals(act)


def test_an_emptied_count_is_no_line_of_the_submitted_claim(session: Session, draft: Claim) -> None:
    enter_counts(session, builders.an_actor(), draft, {"M01": 3, "M02": 2})
    enter_counts(session, builders.an_actor(), draft, {"M02": 0})
    builders.submit(session, draft)
    assert [line.measure for line in session.exec(select(ClaimLine))] == ["M01"]


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"M9": 1}, "M9: The contract"),
        ({"M01": -1}, "M01: A count is a whole number"),
        ({"M01": 100_001}, "would have 100,001 outcomes"),
        ({"M02": 99_994}, "would have 100,001 outcomes"),
    ],
)
def test_a_count_that_cannot_be_priced_is_refused(
    session: Session, draft: Claim, counts: dict[str, int], says: str
) -> None:
    assert says in refusals(partial(enter_counts, session, builders.an_actor(), draft, counts))


def test_a_measure_paid_by_value_is_not_counted(session: Session, centre: Centre) -> None:
    prices = [{"from": "2022-04-01", "pence": 100}]
    term = {"kind": "sliding_scale", "prices": prices, "points": [["0.5", "0"], ["1.4", "1"]]}
    contract = builders.a_contract(session, centre, measures=(builders.a_measure(term=term),))
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    act = partial(enter_counts, session, builders.an_actor(), draft, {"M01": 1})
    assert "Upload its records instead" in refusals(act)


def test_what_is_submitted_is_stored_as_it_was_valued(
    session: Session, contract: Contract, draft: Claim
) -> None:
    value = value_of_draft(session, newest_of(session, contract), draft, TODAY)
    director = somebody(session)
    submit_claim(session, director, draft, value.payable_pence)

    assert (draft.gross_pence, draft.payable_pence) == (70_007, 50_005)
    assert (draft.state, draft.submitted_on) == (ClaimState.SUBMITTED, TODAY)
    assert (draft.submitted_by_id, draft.version_id) == (director.user_id, 1)
    [line] = session.exec(select(ClaimLine)).all()
    assert (line.units, line.taken_units) == (7, 5)
    assert (line.gross_pence, line.payable_pence) == (70_007, 50_005)
    [removal] = session.exec(select(ClaimRemoval)).all()
    [told] = value.removed
    assert (removal.step, removal.measure, removal.units, removal.pence, removal.why) == (
        told.step, told.measure, told.units, told.pence, told.why,
    )  # fmt: skip
    assert [part.asked_pence for part in session.exec(select(ClaimPart))] == [25_005, 25_000]
    assert {part.decide_by_on for part in session.exec(select(ClaimPart))} == {date(2026, 12, 14)}
    shares = session.exec(select(ClaimShare)).all()
    assert sum(share.pence for share in shares) == 50_005
    assert {(share.measure, share.financial_year) for share in shares} == {("M01", 2025)}
    assert [use.held_units for use in list_measure_use(session, contract.id)] == [5]
    assert events(session) == [Event.CLAIM_PREPARED, Event.COUNTS_ENTERED, Event.CLAIM_SUBMITTED]


def test_each_record_keeps_what_became_of_it(session: Session, contract: Contract) -> None:
    june = MAY + timedelta(days=30)
    achieved = [("M01", "p1", MAY), ("M02", "p1", june), ("M02", "p2", june)]
    builders.a_claim(session, contract, records=achieved)
    first, follower, lonely = session.exec(select(ClaimRecord).order_by(col(ClaimRecord.id)))
    assert (first.payable_pence, first.removed_at) == (10_001, None)
    assert (follower.payable_pence, follower.follows_id) == (3_000, first.id)
    assert (lonely.payable_pence, lonely.removed_at) == (0, RemovalStep.CHAIN)
    assert "was left to follow" in lonely.why_removed
    shares = session.exec(select(RecordShare).order_by(col(RecordShare.record_id))).all()
    assert sum(share.pence for share in shares) == 13_001
    assert {share.record_id for share in shares} == {first.id, follower.id}


def test_a_payer_that_is_asked_for_nothing_has_no_part(
    session: Session, centre: Centre, payers: list[Organisation]
) -> None:
    shares = [
        {"organisation": payers[0].name, "share": "1/2", "commitment_pence": 0},
        {"organisation": payers[1].name, "share": "1/2"},
    ]
    contract = builders.a_contract(session, centre, payers=shares)
    builders.a_claim(session, contract)
    [part] = session.exec(select(ClaimPart)).all()
    assert (part.payer_id, part.asked_pence) == (payers[1].id, 5_000)


def test_the_same_submission_twice_is_one(session: Session, draft: Claim) -> None:
    director = somebody(session)
    for _ in range(2):
        submit_claim(session, director, draft, 50_005)
    assert session.exec(select(func.count()).select_from(ClaimPart)).one() == 2
    act = partial(submit_claim, session, somebody(session), draft, 50_005)
    assert "submitted already" in refusals(act)


def test_nothing_is_submitted_for_another_amount_than_the_director_saw(
    session: Session, contract: Contract, draft: Claim
) -> None:
    builders.a_claim(session, contract, counts={"M01": 2})
    act = partial(submit_claim, session, builders.an_actor(), draft, 50_005)
    assert "is now worth £300.03, not £500.05" in refusals(act)
    assert draft.state is ClaimState.DRAFT
    submit_claim(session, builders.an_actor(), draft, 30_003)


def test_a_claim_is_priced_under_the_contract_as_it_is_when_submitted(
    session: Session, centre: Centre, contract: Contract, draft: Claim
) -> None:
    dearer = newest_of(session, contract).version.document.replace("10001", "20000")
    import_contract(session, builders.an_actor(), centre, dearer)
    act = partial(submit_claim, session, builders.an_actor(), draft, 50_005)
    assert "is now worth £1,000.00" in refusals(act)


def test_an_empty_claim_and_one_worth_nothing_are_not_submitted(
    session: Session, contract: Contract
) -> None:
    empty = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    assert "is empty" in refusals(partial(builders.submit, session, empty))
    nothing = builders.a_claim(
        session, contract, state=ClaimState.DRAFT, records=[("M02", "p1", MAY)]
    )
    assert "is worth nothing" in refusals(partial(builders.submit, session, nothing))


def test_what_is_claimed_too_late_is_removed(session: Session, centre: Centre) -> None:
    contract = builders.a_contract(session, centre, claim_within_days=500)
    on_time, too_late = TODAY - timedelta(days=500), TODAY - timedelta(days=501)
    claim = builders.a_claim(
        session,
        contract,
        records=[("M01", "p1", on_time), ("M01", "p2", too_late)],
        ends_before=date(2025, 8, 1),
    )
    assert claim.payable_pence == 10_000


def test_a_withdrawn_claim_gives_back_what_it_held(
    session: Session, contract: Contract, draft: Claim
) -> None:
    builders.submit(session, draft)
    for _ in range(2):
        withdraw_claim(session, builders.an_actor(), draft)
    assert (draft.state, draft.withdrawn_on) == (ClaimState.WITHDRAWN, TODAY)
    assert {part.state for part in session.exec(select(ClaimPart))} == {PartState.WITHDRAWN}
    assert not list_contracts_that_differ(session)
    again = builders.a_claim(session, contract, counts={"M01": 5})
    assert again.payable_pence == 50_005
    act = partial(submit_claim, session, builders.an_actor(), draft, 50_005)
    assert "was withdrawn" in refusals(act)


def test_a_draft_is_discarded_and_not_withdrawn(session: Session, contract: Contract) -> None:
    draft = builders.a_claim(
        session, contract, state=ClaimState.DRAFT, records=[("M01", "p1", MAY)]
    )
    assert "Discard it" in refusals(partial(withdraw_claim, session, builders.an_actor(), draft))
    discard_claim(session, builders.an_actor(), draft)
    for table in (Claim, ClaimLine, ClaimRecord):
        assert not session.exec(select(table)).all()
    with pytest.raises(NotFound):
        discard_claim(session, builders.an_actor(), draft)


def test_the_reference_of_a_discarded_draft_is_not_given_out_again(
    session: Session, contract: Contract
) -> None:
    discarded = builders.a_claim(session, contract, state=ClaimState.DRAFT)
    key = discarded.id
    discard_claim(session, builders.an_actor(), discarded)
    assert builders.a_claim(session, contract, state=ClaimState.DRAFT).id > key


def test_a_submitted_claim_is_not_discarded(session: Session, draft: Claim) -> None:
    builders.submit(session, draft)
    act = partial(discard_claim, session, builders.an_actor(), draft)
    assert "Only a draft" in refusals(act)


@pytest.mark.parametrize("same_venture", [True, False])
def test_of_two_claims_for_the_same_headroom_at_once_one_is_told(
    engine: Engine, session: Session, contract: Contract, same_venture: bool
) -> None:
    venture = builders.a_venture(session, session.get_one(Centre, contract.centre_id))
    ids = [
        builders.a_claim(
            session,
            contract,
            venture if same_venture else None,
            state=ClaimState.DRAFT,
            counts={"M01": 4},
        ).id
        for _ in range(2)
    ]
    session.commit()

    def submit(session: Session, claim_id: int) -> int:
        claim = session.get_one(Claim, claim_id)
        return submit_claim(session, builders.an_actor(), claim, 40_004).id

    results = at_once(engine, *(partial(submit, claim_id=claim_id) for claim_id in ids))

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "is now worth £100.01, not £400.04" in str(refused)
    assert [use.held_units for use in list_measure_use(session, contract.id)] == [4]


def test_a_claim_submitted_twice_at_once_is_asked_once(
    engine: Engine, session: Session, draft: Claim
) -> None:
    director, claim_id = somebody(session), draft.id
    session.commit()

    def submit(session: Session) -> int:
        return submit_claim(session, director, session.get_one(Claim, claim_id), 50_005).id

    assert at_once(engine, submit, submit) == [claim_id, claim_id]
    session.expire_all()
    assert session.exec(select(func.count()).select_from(ClaimPart)).one() == 2


def stop(session: Session, venture: Venture, *, on: date) -> None:
    venture.stage, venture.stage_since_on = Stage.STOPPED, on
    session.add(venture)
    session.flush()


def worth(session: Session, draft: Claim) -> int:
    contract = newest_of(session, session.get_one(Contract, draft.contract_id))
    return value_of_draft(session, contract, draft, TODAY).payable_pence
