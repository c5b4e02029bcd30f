"""What several people do at once comes out as if one had done it after the other."""

from dataclasses import replace
from datetime import date
from functools import partial

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, func, select

from chec.actions.job_runs import claim_period
from chec.actions.ledger import post_transfer, reverse_transfer
from chec.actions.quarters import close_quarter
from chec.actions.returns_runs import request_returns_run
from chec.db import open_session
from chec.errors import RuleBroken
from chec.finance.periods import Quarter
from chec.models import BANK, AccountKind, Cause, Centre, JobRun, QuarterClose, Transfer
from chec.permissions import SYSTEM, Actor
from chec.queries.accounts import list_balances
from chec.queries.centres import lock_centre
from chec.rules.posting import Entry
from tests.actions.at_once import at_once
from tests.builders import (
    NOW,
    a_centre,
    a_transfer,
    a_user,
    a_venture,
    an_account_key,
    an_actor,
)

MARCH = date(2026, 3, 2)
QUARTER = Quarter(2025, 4)
"""The one that March lies in."""


@pytest.fixture
def centre(session: Session) -> Centre:
    """£9 in its bank."""
    centre = a_centre(session)
    a_transfer(session, centre, Cause.GRANT, pence=900, on=MARCH)
    session.commit()
    return centre


@pytest.fixture
def tranche(session: Session, centre: Centre) -> Entry:
    """All that is in the bank."""
    venture = a_venture(session, centre)
    funding = an_account_key(session, centre, AccountKind.VENTURE_FUNDING, venture=venture)
    session.commit()
    return Entry(MARCH, funding, BANK, 900, Cause.TRANCHE)


@pytest.fixture
def grant_id(session: Session, centre: Centre) -> int:
    """The key of the transfer that brought it there."""
    [grant_id] = session.exec(select(Transfer.id).where(Transfer.centre_id == centre.id)).all()
    session.rollback()
    return grant_id


def post(session: Session, centre: Centre, entry: Entry, key: str) -> int:
    return post_transfer(session, an_actor(), centre, entry, key).id


def reverse(session: Session, transfer_id: int, actor: Actor) -> int:
    transfer = session.get_one(Transfer, transfer_id)
    return reverse_transfer(session, actor, transfer, "Paid in twice").id


def count_in_march(session: Session) -> int:
    return session.exec(select(func.count()).where(Transfer.on == MARCH)).one()


def two_people(session: Session) -> list[Actor]:
    people = [replace(an_actor(), user_id=a_user(session).id) for _ in range(2)]
    session.commit()
    return people


def test_payments_at_once_never_overdraw(
    engine: Engine, session: Session, centre: Centre, tranche: Entry
) -> None:
    payments = [
        partial(post, centre=centre, entry=tranche, key=f"form:{number}") for number in range(5)
    ]

    results = at_once(engine, *payments)

    refused = [result for result in results if isinstance(result, RuleBroken)]
    assert len(refused) == 4
    assert all("£9.00 short" in str(each) for each in refused)
    [bank] = [each for each in list_balances(session, SYSTEM, centre.id) if each.name == "bank"]
    assert bank.balance_pence == 0


@pytest.mark.parametrize("closed_first", [True, False])
def test_what_is_posted_as_its_quarter_closes_is_in_it_or_refused(
    engine: Engine, session: Session, centre: Centre, tranche: Entry, closed_first: bool
) -> None:
    def close(session: Session) -> int:
        close_quarter(session, an_actor(), centre, QUARTER)
        return count_in_march(session)

    acts = [close, partial(post, centre=centre, entry=tranche, key="form:1")]
    results = at_once(engine, *(acts if closed_first else reversed(acts)))

    count_when_closed, posted = results if closed_first else reversed(results)
    assert count_when_closed == count_in_march(session)
    if isinstance(posted, RuleBroken):
        assert "which is closed" in str(posted)
    assert isinstance(posted, RuleBroken) is (count_when_closed == 1)


def test_two_people_close_a_quarter_once(engine: Engine, session: Session, centre: Centre) -> None:
    def close(session: Session, actor: Actor) -> int:
        return close_quarter(session, actor, centre, QUARTER).id

    results = at_once(engine, *(partial(close, actor=actor) for actor in two_people(session)))

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "closed already" in str(refused)
    assert len(session.exec(select(QuarterClose)).all()) == 1


def test_a_reversal_pressed_twice_at_once_is_one(
    engine: Engine, session: Session, grant_id: int
) -> None:
    press = partial(reverse, transfer_id=grant_id, actor=an_actor())

    results = at_once(engine, press, press)

    reversals = session.exec(select(Transfer.id).where(Transfer.reverses_id == grant_id)).all()
    assert results == [*reversals, *reversals]


def test_of_two_people_who_reverse_a_transfer_at_once_one_is_told(
    engine: Engine, session: Session, grant_id: int
) -> None:
    people = two_people(session)

    results = at_once(
        engine, *(partial(reverse, transfer_id=grant_id, actor=person) for person in people)
    )

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "reversed already" in str(refused)
    is_reversal = col(Transfer.reverses_id).is_not(None)
    assert session.exec(select(func.count()).where(is_reversal)).one() == 1


def test_the_same_form_sent_twice_at_once_is_one_transfer(
    engine: Engine, session: Session, centre: Centre, tranche: Entry
) -> None:
    send = partial(post, centre=centre, entry=tranche, key="form:1")

    results = at_once(engine, send, send)

    keyed = select(Transfer.id).where(Transfer.idempotency_key == "form:1")
    [posted] = session.exec(keyed).all()
    assert results == [posted, posted]


def test_two_who_ask_for_returns_at_once_wait_for_one_run(
    engine: Engine, session: Session, centre: Centre
) -> None:
    def ask(session: Session, token: str) -> int:
        return request_returns_run(session, an_actor(), centre, token).id

    results = at_once(engine, partial(ask, token="mine"), partial(ask, token="yours"))

    [job] = session.exec(select(JobRun.id)).all()
    assert results == [job, job]


@pytest.mark.backend("postgresql")  # SQLite has one lock for all that is written
def test_the_night_begins_while_a_long_import_goes_on(engine: Engine, centre: Centre) -> None:
    with open_session(engine, write=True) as importing, open_session(engine, write=True) as night:
        lock_centre(importing, an_actor(), centre.id)
        night.execute(text("SET LOCAL lock_timeout = '2s'"))

        run = claim_period(
            night,
            an_actor(),
            job="returns",
            centre_id=centre.id,
            period="2026-11-15",
            owner="worker",
            lease_until=NOW,
        )

        assert run
