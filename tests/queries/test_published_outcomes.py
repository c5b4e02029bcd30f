"""What is published of outcomes when a quarter is closed, and that it stays."""

from datetime import date

import pytest
from sqlmodel import Session

from chec.actions.claim_payments import return_payment
from chec.actions.claims import withdraw_claim
from chec.actions.clawbacks import claw_back
from chec.errors import NotFound
from chec.finance.periods import Quarter
from chec.models import Centre, Contract, Organisation, Role, Venture
from chec.permissions import Grant, Viewer
from chec.queries.published_outcomes import get_centre_of_outcomes
from chec.seeding.files import moment
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.quarters import accepted, claimed, closed, published

MAY, JUNE, AUGUST = date(2025, 5, 20), date(2025, 6, 30), date(2025, 8, 20)
CLOSING = date(2025, 7, 15)
SPRING, WINTER = Quarter(2025, 1), Quarter(2024, 4)
ACHIEVED = date(2025, 4, 10)


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, opened_on=date(2024, 12, 1))


@pytest.fixture
def venture(session: Session, centre: Centre) -> Venture:
    return builders.a_venture(session, centre, name="Home team")


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, centre: Centre, payers: list[Organisation]) -> Contract:
    """£1,000 an outcome, half from each payer."""
    measures = (
        builders.a_measure(pence=100_000, clawback_days=2_000),
        builders.a_measure("M02", pence=100_000),
    )
    return builders.a_contract(session, centre, *payers, measures=measures)


def records(measure: str, numbers: range) -> list[tuple[str, str, date]]:
    return [(measure, f"p{number}", ACHIEVED) for number in numbers]


def shown(session: Session, centre: Centre) -> dict[Quarter, tuple[tuple[str, int | None], ...]]:
    """People and money of each part of each published quarter."""
    return {
        quarter: tuple((part.people, part.pence) for part in cut.parts)
        for quarter, _, cut in published(session, centre)
    }


def test_people_count_once_for_each_venture_and_quarter_and_every_unit_counts(
    session: Session,
    centre: Centre,
    venture: Venture,
    contract: Contract,
    payers: list[Organisation],
) -> None:
    told = [*records("M01", range(20)), *records("M02", range(5, 25))]
    accepted(session, contract, venture, payers, on=MAY, records=told)  # 25 people, 40 outcomes
    accepted(session, contract, venture, payers, on=JUNE, records=records("M01", range(20, 25)))
    accepted(session, contract, venture, payers, on=JUNE, people=15)
    closed(session, centre, MAY, on=CLOSING)
    assert shown(session, centre)[SPRING] == (("40", 6_000_000),)


def test_what_was_removed_or_rejected_is_not_counted(
    session: Session, centre: Centre, venture: Venture, payers: list[Organisation]
) -> None:
    capped = builders.a_measure(pence=100_000, cap_units=10)
    measures = (capped, builders.a_measure("M02", pence=100_000))
    contract = builders.a_contract(session, centre, *payers, measures=measures)
    told = [*records("M01", range(30)), *records("M02", range(100, 150))]
    accepted(session, contract, venture, payers, on=MAY, records=told, rejected=["M02"])
    closed(session, centre, MAY, on=CLOSING)
    assert shown(session, centre)[SPRING] == (("10", 1_000_000),)


def test_a_claim_that_is_rejected_whole_shows_nobody_and_one_that_waits_nothing(
    session: Session,
    centre: Centre,
    venture: Venture,
    contract: Contract,
    payers: list[Organisation],
) -> None:
    accepted(session, contract, venture, payers, on=MAY, people=20, rejected=["M01"])
    waiting = builders.a_venture(session, centre, name="Waits")
    claimed(session, contract, waiting, on=MAY, people=30)
    withdrawn = claimed(session, contract, waiting, on=MAY, people=40)
    withdraw_claim(session, builders.an_actor(), withdrawn)
    closed(session, centre, MAY, on=CLOSING)
    [(_, _, cut), *_] = published(session, centre)
    assert [(part.names, part.people, part.pence) for part in cut.parts] == [
        (("Home team",), "0", 0)
    ]
    assert (cut.total.people, cut.total.pence) == ("0", 0)


def test_a_claim_is_in_the_quarter_in_which_its_last_payer_decided(
    session: Session,
    centre: Centre,
    venture: Venture,
    contract: Contract,
    payers: list[Organisation],
) -> None:
    elsewhere = builders.a_centre(session)
    other = builders.a_contract(session, elsewhere, payers[0])
    there = builders.a_venture(session, elsewhere)
    accepted(session, other, there, [payers[0]], on=MAY, people=50)
    claim = accepted(session, contract, venture, [payers[0]], on=JUNE, people=20)
    closed(session, centre, JUNE, on=CLOSING)
    before = published(session, centre)
    assert shown(session, centre)[SPRING] == ()
    decide(session, claim, payers[1], actor=somebody_of(session, payers[1], at=moment(AUGUST)))
    closed(session, centre, AUGUST, on=date(2025, 10, 2))
    assert shown(session, centre)[SPRING.next()] == (("20", 2_000_000),)
    assert published(session, centre)[1:] == before


def test_only_closed_quarters_are_published_with_the_day_of_their_closing(
    session: Session,
    centre: Centre,
    venture: Venture,
    contract: Contract,
    payers: list[Organisation],
) -> None:
    accepted(session, contract, venture, payers, on=MAY, people=20)
    assert published(session, centre) == []
    closed(session, centre, date(2025, 3, 1), on=MAY)
    assert [(each.quarter, each.published_at.date()) for each in published(session, centre)] == [
        (WINTER, MAY),
        (WINTER.previous(), MAY),
    ]
    assert shown(session, centre)[WINTER] == ()
    closed(session, centre, MAY, on=CLOSING)
    closings = [each.published_at.date() for each in published(session, centre)]
    assert closings == [CLOSING, MAY, MAY]


def test_nothing_that_happens_later_changes_what_was_published(
    session: Session,
    centre: Centre,
    venture: Venture,
    contract: Contract,
    payers: list[Organisation],
) -> None:
    claim = accepted(session, contract, venture, payers, on=MAY, people=20)
    open_part = claimed(session, contract, venture, on=JUNE, people=30)
    closed(session, centre, MAY, on=CLOSING)
    before = published(session, centre)
    pay(session, claim, payers[0], 1_000_000)
    claw_back(
        session,
        somebody_of(session, payers[0]),
        part_of(session, claim, payers[0]),
        line_of(session, claim),
        record=None,
        units=15,
        reason="Did not hold",
        idempotency_key="back",
    )
    return_payment(
        session,
        builders.an_actor(),
        part_of(session, claim, payers[0]),
        pence=750_000,
        returned_on=builders.NOW.date(),
        idempotency_key="return",
    )
    for payer in payers:
        decide(session, open_part, payer)
    accepted(session, contract, builders.a_venture(session, centre), payers, on=AUGUST, people=9)
    assert published(session, centre) == before
    closed(session, centre, AUGUST, on=date(2025, 10, 2))
    assert published(session, centre)[1:] == before


@pytest.mark.parametrize(
    ("role", "is_shown"),
    [
        (Role.DIRECTOR, True),
        (Role.EVALUATOR, True),
        (Role.INVESTOR, True),
        (Role.ADMINISTRATOR, False),
        (Role.COMMISSIONER, False),
        (Role.PROVIDER, False),
    ],
)
def test_directors_evaluators_and_investors_of_the_centre_may_see_it(
    session: Session,
    contract: Contract,
    role: Role,
    is_shown: bool,
) -> None:
    centre = session.get_one(Centre, contract.centre_id)
    payer, venture = builders.a_payer(session), builders.a_venture(session, centre)
    investor, elsewhere = builders.an_investor(session), builders.a_centre(session)
    builders.a_contract(session, centre, payer)
    builders.an_instrument(session, centre, investor)
    held_for = {
        Role.INVESTOR: {"organisation_id": investor.id},
        Role.COMMISSIONER: {"organisation_id": payer.id},
        Role.PROVIDER: {"venture_id": venture.id},
    }
    viewer = Viewer(1, frozenset({Grant(role, **held_for.get(role, {"centre_id": centre.id}))}))
    if is_shown:
        assert get_centre_of_outcomes(session, viewer, centre.id) == centre
    else:
        with pytest.raises(NotFound):
            get_centre_of_outcomes(session, viewer, centre.id)
    for other in (elsewhere.id, 999_999):
        with pytest.raises(NotFound):
            get_centre_of_outcomes(session, viewer, other)
