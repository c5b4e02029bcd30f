"""What waits for a commissioner, and what was decided, across centres."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from chec.models import Centre, Claim, ClaimState, Contract, Organisation, Role
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.claim_standing import list_standings
from chec.queries.inbox import SORTED_BY, Tray, count_inbox, list_inbox, total_inbox
from tests import builders
from tests.claim_parts import decide, pay

TODAY = builders.NOW.date()


@pytest.fixture
def payers(session: Session) -> list[Organisation]:
    return [builders.a_payer(session) for _ in range(2)]


@pytest.fixture
def contract(session: Session, payers: list[Organisation]) -> Contract:
    """£100 an outcome, halved; decided within ten days."""
    centre = builders.a_centre(session, name="Aire")
    return builders.a_contract(session, centre, *payers, decide_within_days=10)


def acting_for(*payers: Organisation) -> Viewer:
    return Viewer(
        1, frozenset(Grant(Role.COMMISSIONER, organisation_id=each.id) for each in payers)
    )


def a_claim(session: Session, contract: Contract, units: int, days_ago: int = 0) -> Claim:
    actor = builders.an_actor(at=builders.NOW - timedelta(days=days_ago))
    return builders.a_claim(session, contract, counts={"M01": units}, actor=actor)


@contextmanager
def counted(engine: Engine) -> Iterator[Callable[[], int]]:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield lambda: len(statements)
    event.remove(engine, "before_cursor_execute", note)


def test_what_waits_comes_oldest_first_with_its_age(
    session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    young = a_claim(session, contract, 1, days_ago=3)
    old = a_claim(session, contract, 2, days_ago=12)

    rows = list_inbox(session, acting_for(payers[0]), Tray.WAITING)

    assert [row.claim_id for row in rows] == [old.id, young.id]
    assert (rows[0].asked_pence, rows[0].centre) == (10_000, "Aire")
    assert [row.age_days(TODAY) for row in rows] == [12, 3]
    assert [row.is_overdue(TODAY) for row in rows] == [True, False]
    assert rows[0].decide_by_on == TODAY - timedelta(days=2)


def test_the_totals_are_of_everything_that_waits(
    session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    a_claim(session, contract, 1, days_ago=3)
    a_claim(session, contract, 2, days_ago=12)
    decide(session, a_claim(session, contract, 4), payers[0])

    viewer = acting_for(payers[0])
    waiting, decided = (total_inbox(session, viewer, tray, TODAY) for tray in Tray)

    assert count_inbox(session, viewer) == {Tray.WAITING: 2, Tray.DECIDED: 1}
    assert (waiting.asked_pence, waiting.overdue_count) == (15_000, 1)
    assert waiting.oldest_on == TODAY - timedelta(days=12)
    assert (decided.approved_pence, decided.overdue_count) == (20_000, 0)


def test_an_inbox_holds_what_is_asked_of_the_viewers_organisations_only(
    session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    other = builders.a_payer(session)
    elsewhere = builders.a_contract(session, builders.a_centre(session), other, payers[1])
    here, there = a_claim(session, contract, 1), a_claim(session, elsewhere, 1)

    def seen(*acting: Organisation) -> list[tuple[int, int]]:
        rows = list_inbox(session, acting_for(*acting), Tray.WAITING)
        return [(row.claim_id, row.payer_id) for row in rows]

    assert seen(payers[0]) == [(here.id, payers[0].id)]
    assert seen(payers[1]) == [(here.id, payers[1].id), (there.id, payers[1].id)]
    assert len(seen(payers[1], other)) == 3
    assert seen() == []


def test_drafts_and_withdrawn_claims_are_in_no_tray(
    session: Session, contract: Contract, payers: list[Organisation]
) -> None:
    builders.a_claim(session, contract, state=ClaimState.DRAFT)
    builders.a_claim(session, contract, state=ClaimState.WITHDRAWN)
    for tray in Tray:
        assert list_inbox(session, acting_for(*payers), tray) == []
    assert not any(count_inbox(session, acting_for(*payers)).values())
    assert total_inbox(session, acting_for(*payers), Tray.WAITING, TODAY).oldest_on is None


@pytest.mark.parametrize("column", sorted(SORTED_BY))
def test_an_inbox_is_sorted_both_ways_and_paged(
    session: Session, contract: Contract, payers: list[Organisation], column: str
) -> None:
    claims = [a_claim(session, contract, units) for units in (3, 1, 2)]
    for sort in (column, f"-{column}"):
        whole, paged = (
            [
                row.claim_id
                for offset in range(0, 3, step)
                for row in list_inbox(
                    session,
                    acting_for(payers[0]),
                    Tray.WAITING,
                    sort=sort,
                    offset=offset,
                    limit=step,
                )
            ]
            for step in (3, 1)
        )
        assert whole == paged
        assert sorted(whole) == [claim.id for claim in claims]
    by_pence = list_inbox(session, acting_for(payers[0]), Tray.WAITING, sort="-asked")
    assert [row.asked_pence for row in by_pence] == [15_000, 10_000, 5_000]


def test_the_number_of_queries_does_not_depend_on_what_there_is(
    engine: Engine, session: Session, payers: list[Organisation]
) -> None:
    centre: Centre = builders.a_centre(session)
    measures = tuple(builders.a_measure(code) for code in ("M01", "M02"))
    contract = builders.a_contract(session, centre, *payers, measures=measures)

    def asked(claim: Claim) -> int:
        session.commit()
        with Session(engine) as reading, counted(engine) as count:
            list_inbox(reading, acting_for(*payers), Tray.DECIDED)
            count_inbox(reading, acting_for(*payers))
            total_inbox(reading, acting_for(*payers), Tray.DECIDED, TODAY)
            list_standings(reading, SYSTEM, claim)
            return count()

    small = a_claim(session, contract, 1)
    decide(session, small, payers[0])
    before = asked(small)
    large = builders.a_claim(session, contract, counts={"M01": 9, "M02": 9})
    for payer in payers:
        decide(session, large, payer)
        for number in range(3):
            pay(session, large, payer, 100 + number, on=date(2026, 11, 16))
    assert asked(large) == before
