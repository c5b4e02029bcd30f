"""The whole run: from transfers in a ledger to stored results."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from chec.models import Cause
from tests.builders import a_centre, a_payer, a_venture, an_instrument, an_investor
from tests.jobs.ledgers import post, result_of, run_of


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
    first, later = centre.opened_on, date(2026, 10, 1)
    post(session, centre, Cause.DRAWDOWN, 72_000, on=first, instrument=terms)
    post(session, centre, Cause.GRANT, 30_000, on=first)
    post(session, centre, Cause.DISTRIBUTION, 54_000, on=later, instrument=terms)
    session.commit()

    run = run_of(engine, centre, as_of=date(2026, 10, 31))

    for result in (result_of(session, run, investor), result_of(session, run)):
        assert (result.committed_pence, result.value_pence) == (80_000, 48_000)
        assert result.pic == pytest.approx(0.9)
        assert result.dpi == pytest.approx(0.75)
        assert result.rvpi == pytest.approx(0.666667, abs=1e-6)
        assert result.tvpi == pytest.approx(1.416667, abs=1e-6)
