"""What payers have approved and paid."""

from datetime import date

import pytest
from sqlmodel import Session

from chec.errors import NotFound
from chec.models import Cause, Role
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.ledger import KnownTo
from chec.queries.payers import (
    get_payer,
    list_positions_of_payer,
    list_positions_of_payers,
)
from tests import builders
from tests.builders import OPENED_ON
from tests.demo import demo_run


def test_outstanding_is_what_was_approved_and_neither_paid_nor_given_up(
    session: Session,
) -> None:
    centre = builders.a_centre(session)
    payer, venture = builders.a_payer(session), builders.a_venture(session, centre)
    for cause, pence in (
        (Cause.APPROVAL, 1_000),
        (Cause.CLAWBACK, 100),
        (Cause.PAYMENT, 600),
        (Cause.REFUND, 50),
        (Cause.GIVEN_UP, 30),
    ):
        builders.a_transfer(session, centre, cause, pence=pence, payer=payer, venture=venture)
    [position] = list_positions_of_payers(session, SYSTEM, centre.id)
    assert (position.payer, position.venture) == (payer.name, venture.name)
    assert (position.approved_pence, position.paid_pence) == (900, 550)
    assert (position.given_up_pence, position.outstanding_pence) == (30, 320)
    assert position.owed_back_pence == 0


def test_what_was_clawed_back_after_payment_is_owed_to_the_payer(session: Session) -> None:
    centre = builders.a_centre(session)
    payer, venture = builders.a_payer(session), builders.a_venture(session, centre)
    for cause, pence in ((Cause.APPROVAL, 500), (Cause.PAYMENT, 500), (Cause.CLAWBACK, 120)):
        builders.a_transfer(session, centre, cause, pence=pence, payer=payer, venture=venture)
    [position] = list_positions_of_payers(session, SYSTEM, centre.id)
    assert (position.outstanding_pence, position.owed_back_pence) == (0, 120)


def test_the_receivable_of_a_run_is_the_sum_of_its_payers(demo_session: Session) -> None:
    run = demo_run(demo_session)
    known = KnownTo(run.as_of, run.known_at, run.last_transfer_id)
    positions = list_positions_of_payers(demo_session, SYSTEM, run.centre_id, known)
    assert run.receivable_pence > 0
    assert sum(position.outstanding_pence for position in positions) == run.receivable_pence


def test_a_payer_sees_its_own_amounts_only(session: Session) -> None:
    centre = builders.a_centre(session)
    payer, other = builders.a_payer(session), builders.a_payer(session)
    for pence, each in ((700, payer), (900, other)):
        builders.a_transfer(session, centre, Cause.APPROVAL, pence=pence, payer=each)
    viewer = Viewer(1, frozenset({Grant(Role.COMMISSIONER, organisation_id=payer.id)}))
    found = get_payer(session, viewer, centre.id, payer.id)
    assert [each.approved_pence for each in list_positions_of_payer(session, found)] == [700]
    with pytest.raises(NotFound):
        get_payer(session, viewer, centre.id, other.id)
    with pytest.raises(NotFound):
        list_positions_of_payers(session, viewer, centre.id)


def test_an_organisation_that_pays_nothing_here_is_no_payer(session: Session) -> None:
    centre, payer = builders.a_centre(session), builders.a_payer(session)
    elsewhere = builders.a_centre(session)
    builders.a_transfer(session, elsewhere, Cause.APPROVAL, payer=payer)
    with pytest.raises(NotFound):
        get_payer(session, SYSTEM, centre.id, payer.id)


def test_what_came_later_is_left_out_of_what_a_run_knew(session: Session) -> None:
    centre, payer = builders.a_centre(session), builders.a_payer(session)
    venture = builders.a_venture(session, centre)
    for pence, on in ((700, OPENED_ON), (50, date(2026, 1, 5))):
        builders.a_transfer(
            session, centre, Cause.APPROVAL, pence=pence, on=on, payer=payer, venture=venture
        )
    known = KnownTo(OPENED_ON, builders.NOW, last_transfer_id=1_000)
    [position] = list_positions_of_payers(session, SYSTEM, centre.id, known)
    assert position.approved_pence == 700
