"""The whole run: from transfers in a ledger to stored results."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from chec.actions.ledger import reverse_transfer
from chec.actions.returns_runs import store_returns_run
from chec.jobs.returns import compute_run
from chec.models import AccountKind, Cause, InstrumentKind, Subject
from chec.permissions import SYSTEM
from chec.queries.flows import list_flows
from chec.queries.ledger import LedgerFilter, as_known_to, list_transfers
from chec.rules.returns_method import METHOD_VERSION
from tests.builders import (
    NOW,
    OPENED_ON,
    a_centre,
    a_payer,
    a_transfer,
    a_venture,
    an_actor,
    an_instrument,
    an_investor,
)
from tests.jobs.ledgers import post, result_of, results_of, run_of

AS_OF = date(2026, 10, 31)


def test_a_venture_has_the_rate_that_excel_documents(engine: Engine, session: Session) -> None:
    """PE-01, in pounds."""
    centre = a_centre(session, opened_on=date(2008, 1, 1))
    venture, payer = a_venture(session, centre), a_payer(session)
    post(session, centre, Cause.GRANT, 1_000_000, on=date(2008, 1, 1))
    post(session, centre, Cause.TRANCHE, 1_000_000, on=date(2008, 1, 1), venture=venture)
    for on, pence in (
        (date(2008, 3, 1), 275_000),
        (date(2008, 10, 30), 425_000),
        (date(2009, 2, 15), 325_000),
        (date(2009, 4, 1), 275_000),
    ):
        post(session, centre, Cause.PAYMENT, pence, on=on, venture=venture, payer=payer)
    session.commit()

    run = run_of(engine, centre, as_of=date(2009, 4, 30))

    result = result_of(session, run, venture)
    assert result.irr_rate == pytest.approx(0.3733625335, abs=1e-10)
    assert (result.paid_in_pence, result.distributed_pence) == (1_000_000, 1_300_000)
    assert (result.dpi, result.payback_on) == (1.3, date(2009, 2, 15))
    assert (result.first_flow_on, result.flow_count) == (date(2008, 1, 1), 5)


def test_an_investor_has_the_multiples_of_gips(engine: Engine, session: Session) -> None:
    """PE-15, in pounds: committed 800, paid in 720, distributed 540, value 480."""
    centre = a_centre(session)
    investor = an_investor(session)
    terms = an_instrument(session, centre, investor, committed_pence=80_000)
    post(session, centre, Cause.DRAWDOWN, 72_000, on=OPENED_ON, instrument=terms)
    post(session, centre, Cause.GRANT, 30_000, on=OPENED_ON)
    post(session, centre, Cause.DISTRIBUTION, 54_000, on=date(2026, 10, 1), instrument=terms)
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    for result in (result_of(session, run, investor), result_of(session, run)):
        assert (result.committed_pence, result.value_pence) == (80_000, 48_000)
        assert result.pic == pytest.approx(0.9)
        assert result.dpi == pytest.approx(0.75)
        assert result.rvpi == pytest.approx(0.666667, abs=1e-6)
        assert result.tvpi == pytest.approx(1.416667, abs=1e-6)


def test_the_value_left_counts_in_the_rate_and_not_in_payback(
    engine: Engine, session: Session
) -> None:
    centre = a_centre(session)
    terms = an_instrument(session, centre)
    post(session, centre, Cause.DRAWDOWN, 100_000, on=AS_OF - timedelta(365), instrument=terms)
    post(session, centre, Cause.GRANT, 10_000, on=AS_OF)
    session.commit()

    result = result_of(session, run_of(engine, centre, as_of=AS_OF))

    assert result.irr_rate == pytest.approx(0.1)
    assert result.payback_on is None
    assert result.flow_count == 1


def test_a_reversal_takes_away_what_it_reverses(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    venture, terms = a_venture(session, centre), an_instrument(session, centre)
    post(session, centre, Cause.DRAWDOWN, 100_000, on=OPENED_ON, instrument=terms)
    post(session, centre, Cause.TRANCHE, 40_000, on=OPENED_ON, venture=venture)
    for wrong in (
        post(session, centre, Cause.DRAWDOWN, 1_000, on=AS_OF, instrument=terms),
        post(session, centre, Cause.DISTRIBUTION, 2_000, on=AS_OF, instrument=terms),
        post(session, centre, Cause.TRANCHE, 3_000, on=AS_OF, venture=venture),
    ):
        reverse_transfer(session, an_actor(), wrong, "Entered twice.")
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    assert (run.raised_pence, run.paid_back_pence, run.funded_pence) == (100_000, 0, 40_000)
    of_venture, of_centre = result_of(session, run, venture), result_of(session, run)
    assert (of_venture.paid_in_pence, of_venture.distributed_pence) == (40_000, 0)
    assert (of_centre.paid_in_pence, of_centre.distributed_pence) == (100_000, 0)


def test_a_run_reads_nothing_that_was_recorded_later(engine: Engine, session: Session) -> None:
    centre, known_at = a_centre(session), NOW - timedelta(hours=1)
    post(session, centre, Cause.GRANT, 5_000, on=OPENED_ON, at=known_at)
    session.commit()
    first = run_of(engine, centre, as_of=AS_OF, known_at=known_at)
    a_transfer(session, centre, Cause.TRANCHE, on=OPENED_ON, at=NOW)
    session.commit()

    again = run_of(engine, centre, as_of=AS_OF, known_at=known_at)
    later = run_of(engine, centre, as_of=AS_OF, known_at=NOW)

    assert (first.transfer_count, again.transfer_count, later.transfer_count) == (1, 1, 3)
    assert (first.raised_pence, again.raised_pence) == (5_000, 5_000)
    assert later.fingerprint != first.fingerprint


def test_what_is_under_way_while_a_run_reads_is_not_found_in_it_later(
    engine: Engine, session: Session
) -> None:
    centre = a_centre(session)
    terms = an_instrument(session, centre)
    post(session, centre, Cause.DRAWDOWN, 5_000, on=OPENED_ON, instrument=terms)
    session.commit()
    under_way = post(session, centre, Cause.DRAWDOWN, 900, on=OPENED_ON, at=NOW, instrument=terms)
    computed = compute_run(engine, centre.id, as_of=AS_OF, known_at=NOW + timedelta(seconds=1))
    session.commit()
    run = store_returns_run(session, an_actor(), computed)

    result = result_of(session, run)
    assert result.paid_in_pence == 5_000
    assert -sum(flow.pence for flow in list_flows(session, run, result)) == 5_000
    known = LedgerFilter(known=as_known_to(session, centre.id, run.id))
    assert under_way.id not in [row.id for row in list_transfers(session, SYSTEM, centre.id, known)]


def test_a_run_reads_nothing_that_happened_later_or_elsewhere(
    engine: Engine, session: Session
) -> None:
    centre = a_centre(session)
    post(session, centre, Cause.GRANT, 5_000, on=AS_OF)
    post(session, centre, Cause.GRANT, 7_000, on=AS_OF + timedelta(1))
    post(session, a_centre(session), Cause.GRANT, 11_000, on=AS_OF)
    session.commit()

    assert run_of(engine, centre, as_of=AS_OF).bank_pence == 5_000


def test_every_venture_has_a_result_even_without_money(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    idle = a_venture(session, centre)
    a_venture(session, centre, started_on=AS_OF + timedelta(1))
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    [result] = results_of(session, run, Subject.VENTURE)
    assert (result.venture_id, result.irr_rate, result.irr_reason) == (idle.id, None, "no flows")
    assert (result.dpi, result.payback_on, result.first_flow_on) == (None, None, None)


def test_grants_are_raised_and_count_in_no_return(engine: Engine, session: Session) -> None:
    centre, giver = a_centre(session), an_investor(session)
    an_instrument(session, centre, giver, kind=InstrumentKind.GRANT)
    a_transfer(session, centre, Cause.GRANT, pence=9_000, investor=giver)
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    assert run.raised_pence == 9_000
    of_centre = result_of(session, run)
    assert (of_centre.committed_pence, of_centre.paid_in_pence) == (0, 0)
    assert of_centre.irr_reason == "only money in"


def test_the_totals_of_a_centre(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    venture, terms, day = a_venture(session, centre), an_instrument(session, centre), OPENED_ON
    early, late = a_payer(session), a_payer(session)
    post(session, centre, Cause.DRAWDOWN, 100_000, on=day, instrument=terms)
    post(session, centre, Cause.GRANT, 5_000, on=day)
    post(session, centre, Cause.TRANCHE, 60_000, on=day, venture=venture)
    post(session, centre, Cause.UNSPENT_RETURNED, 10_000, on=day, venture=venture)
    post(session, centre, Cause.RUNNING_COST, 1_000, on=day)
    post(session, centre, Cause.APPROVAL, 40_000, on=day, venture=venture, payer=late)
    post(session, centre, Cause.PAYMENT, 30_000, on=day, venture=venture, payer=late)
    post(session, centre, Cause.PAYMENT, 4_000, on=day, venture=venture, payer=early)
    post(session, centre, Cause.REFUND, 1_000, on=day, venture=venture, payer=early)
    post(session, centre, Cause.SPIN_OUT_PAID, 8_000, on=day, venture=venture)
    post(session, centre, Cause.SURPLUS_KEPT, 2_000, on=day, venture=venture)
    post(session, centre, Cause.DISTRIBUTION, 20_000, on=day, instrument=terms)
    manager = AccountKind.MANAGERS_SHARE
    post(session, centre, Cause.DISTRIBUTION, 500, on=day, debit=manager)
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    assert (run.raised_pence, run.funded_pence) == (105_000, 50_000)
    assert (run.earned_pence, run.paid_back_pence) == (41_000, 20_000)
    assert (run.running_cost_pence, run.receivable_pence) == (1_000, 10_000)
    assert run.bank_pence == 74_500
    # Of the bank, 2,000 is kept in reserve and 3,000 is owed to the payer who paid too early.
    assert result_of(session, run).value_pence == 69_500


def test_a_loan_is_worth_no_more_than_what_is_still_owed(engine: Engine, session: Session) -> None:
    centre, lender, partner = a_centre(session), an_investor(session), an_investor(session)
    loan = an_instrument(session, centre, lender, kind=InstrumentKind.LOAN)
    share = an_instrument(session, centre, partner)
    post(session, centre, Cause.DRAWDOWN, 50_000, on=OPENED_ON, instrument=loan)
    post(session, centre, Cause.DRAWDOWN, 50_000, on=OPENED_ON, instrument=share)
    post(session, centre, Cause.DISTRIBUTION, 40_000, on=AS_OF, instrument=loan)
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    assert result_of(session, run, lender).value_pence == 10_000
    assert result_of(session, run, partner).value_pence == 50_000


def test_a_run_says_what_it_was_made_of(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    session.commit()

    run = run_of(engine, centre, as_of=AS_OF)

    assert (run.as_of, run.known_at, run.method_version) == (AS_OF, NOW, METHOD_VERSION)
    assert len(run.fingerprint) == 64
    assert result_of(session, run).irr_reason == "no flows"
