"""The flows behind a return."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.actions.ledger import reverse_transfer
from chec.models import Cause, ReturnsResult, ReturnsRun
from chec.queries.flows import distributed, list_flows, paid_in
from tests import builders
from tests.builders import NOW, OPENED_ON
from tests.jobs.ledgers import post, result_of, run_of

AS_OF = date(2026, 10, 31)


def test_every_result_of_the_demo_is_the_sum_of_its_flows(demo_session: Session) -> None:
    results = demo_session.exec(
        select(ReturnsRun, ReturnsResult).where(col(ReturnsResult.run_id) == ReturnsRun.id)
    ).all()
    assert len({run.centre_id for run, _ in results}) == 2
    for run, result in results:
        flows = list_flows(demo_session, run, result)
        assert paid_in(flows) == result.paid_in_pence
        assert distributed(flows) == result.distributed_pence
        assert len(flows) == result.flow_count
        assert [flow.on for flow in flows] == sorted(flow.on for flow in flows)


def test_funding_goes_out_and_earnings_come_in_for_a_venture(
    engine: Engine, session: Session
) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=900, venture=venture)
    builders.a_transfer(session, centre, Cause.UNSPENT_RETURNED, pence=100, venture=venture)
    builders.a_transfer(session, centre, Cause.APPROVAL, pence=700, venture=venture)
    builders.a_transfer(session, centre, Cause.PAYMENT, pence=500, venture=venture)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=7)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    flows = list_flows(session, run, result_of(session, run, venture))
    assert [(flow.cause, flow.pence) for flow in flows] == [
        ("tranche", -900),
        ("unspent returned", 100),
        ("payment", 500),
    ]
    assert (paid_in(flows), distributed(flows)) == (800, 500)


def test_drawdowns_go_out_and_distributions_come_in_for_an_investor(
    engine: Engine, session: Session
) -> None:
    centre = builders.a_centre(session)
    investor = builders.an_investor(session)
    terms = builders.an_instrument(session, centre, investor)
    post(session, centre, Cause.DRAWDOWN, 900, on=OPENED_ON, instrument=terms)
    post(session, centre, Cause.DISTRIBUTION, 300, on=AS_OF, instrument=terms)
    builders.a_transfer(session, centre, Cause.GRANT, investor=investor)
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=11)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    flows = list_flows(session, run, result_of(session, run, investor))
    assert [flow.pence for flow in flows] == [-900, 300]
    together = list_flows(session, run, result_of(session, run))
    assert sorted(flow.pence for flow in together) == [-900, -11, 300]


@pytest.mark.parametrize("days_later", [0, 40])
def test_a_reversal_takes_its_flow_away(engine: Engine, session: Session, days_later: int) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre)
    wrong = builders.a_transfer(session, centre, Cause.TRANCHE, pence=900, venture=venture)
    at = NOW - timedelta(days=days_later)
    reverse_transfer(session, builders.an_actor(at=at), wrong, "Entered twice")
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    flows = list_flows(session, run, result_of(session, run, venture))
    assert [flow.pence for flow in flows] == [-900, 900]
    assert (paid_in(flows), distributed(flows)) == (0, 0)


def test_what_the_run_did_not_know_is_left_out(engine: Engine, session: Session) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre)
    tomorrow, later = AS_OF + timedelta(days=1), NOW + timedelta(days=1)

    def fund(pence: int, on: date, at: datetime) -> None:
        cause = Cause.TRANCHE
        builders.a_transfer(session, centre, cause, pence=pence, on=on, at=at, venture=venture)
        session.commit()

    fund(900, AS_OF, NOW)
    run = run_of(engine, centre, as_of=AS_OF)
    fund(50, tomorrow, NOW)
    fund(60, AS_OF, later)
    result = result_of(session, run, venture)
    assert [flow.pence for flow in list_flows(session, run, result)] == [-900]
