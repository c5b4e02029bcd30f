"""Promising ventures money and releasing it."""

from datetime import date

import pytest
from sqlmodel import Session

from chec.actions.funding_agreements import agree_funding
from chec.actions.ledger import reverse_transfer
from chec.errors import RuleBroken
from chec.models import Cause, Centre, Stage, Venture
from chec.queries.funding_agreements import Promise, list_promises
from chec.rules.funding_agreement import Promised
from tests import builders
from tests.payments import a_tranche, ask

MARCH = date(2026, 3, 2)
TODAY = builders.NOW.date()


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


def a_promise(session: Session, venture: Venture, pence: int, *, key: str = "form:1") -> int:
    terms = Promised(pence, "Nurses in post.", MARCH)
    return agree_funding(session, builders.an_actor(), venture, terms, key).id


def promised(session: Session, venture: Venture) -> Promise:
    listed = list_promises(session, venture.centre_id, TODAY)
    return next(each for each in listed if each.venture.id == venture.id)


def test_what_is_promised_and_released_is_net_of_reversals(
    session: Session, centre: Centre
) -> None:
    venture = builders.a_venture(session, centre)
    a_promise(session, venture, 100)
    a_promise(session, venture, 50, key="form:2")
    builders.a_transfer(session, centre, Cause.TRANCHE, venture=venture, pence=60)
    wrong = builders.a_transfer(session, centre, Cause.TRANCHE, venture=venture, pence=30)
    reverse_transfer(session, builders.an_actor(), wrong, "Paid to the wrong venture")
    builders.a_transfer(session, centre, Cause.UNSPENT_RETURNED, venture=venture, pence=20)
    told = promised(session, venture)
    assert (told.promised_pence, told.released_pence, told.still_promised_pence) == (150, 60, 90)
    assert told.bound_pence(10) == 100


def test_the_same_key_leads_to_the_first_agreement(session: Session, centre: Centre) -> None:
    venture = builders.a_venture(session, centre)
    assert a_promise(session, venture, 100) == a_promise(session, venture, 100)
    assert promised(session, venture).promised_pence == 100


def test_a_stopped_venture_is_owed_and_promised_nothing(session: Session, centre: Centre) -> None:
    venture = builders.a_venture(session, centre)
    a_promise(session, venture, 100)
    venture.stage, venture.stage_since_on = Stage.STOPPED, MARCH
    session.flush()
    assert promised(session, venture).still_promised_pence == 0
    assert promised(session, venture).bound_pence(10) == 0
    with pytest.raises(RuleBroken, match="promised nothing more"):
        a_promise(session, venture, 100, key="form:2")
    with pytest.raises(RuleBroken, match="stopped on 2 March 2026"):
        ask(session, builders.an_actor(), centre, a_tranche(venture, 10, on=MARCH))
