"""Investors and what they agreed to."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from chec.errors import NotFound
from chec.models import Cause, InstrumentKind, Role
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.investors import (
    get_investor,
    list_grants,
    list_instruments,
    list_positions,
)
from tests import builders
from tests.jobs.ledgers import run_of

AS_OF = date(2026, 10, 31)


def test_everybody_who_agreed_or_gave_is_an_investor(engine: Engine, session: Session) -> None:
    centre = builders.a_centre(session)
    lender, donor = (
        builders.an_investor(session, name="Lender"),
        builders.an_investor(session, name="Donor"),
    )
    builders.an_investor(session, name="Neither")
    builders.an_instrument(session, centre, lender, kind=InstrumentKind.LOAN)
    builders.a_transfer(session, centre, Cause.GRANT, investor=donor)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    positions = list_positions(session, SYSTEM, centre.id, run)
    assert [position.name for position in positions] == ["Donor", "Lender"]
    assert positions[1].result is not None
    assert positions[1].result.investor_id == lender.id


def test_an_investor_is_not_found_by_another(session: Session) -> None:
    centre = builders.a_centre(session)
    own, other = builders.an_investor(session), builders.an_investor(session)
    for investor in (own, other):
        builders.an_instrument(session, centre, investor)
    viewer = Viewer(1, frozenset({Grant(Role.INVESTOR, organisation_id=own.id)}))
    assert get_investor(session, viewer, centre.id, own.id).investor.id == own.id
    with pytest.raises(NotFound):
        get_investor(session, viewer, centre.id, other.id)
    with pytest.raises(NotFound):
        list_positions(session, viewer, centre.id, None)


def test_an_investor_is_not_found_in_a_centre_without_its_money(session: Session) -> None:
    centre, elsewhere = builders.a_centre(session), builders.a_centre(session)
    investor = builders.an_investor(session)
    builders.an_instrument(session, elsewhere, investor)
    with pytest.raises(NotFound):
        get_investor(session, SYSTEM, centre.id, investor.id)


def test_a_run_knows_what_was_agreed_and_granted_by_its_day(
    engine: Engine, session: Session
) -> None:
    centre, investor = builders.a_centre(session), builders.an_investor(session)
    terms = builders.an_instrument(session, centre, investor, kind=InstrumentKind.GRANT)
    builders.an_instrument(session, centre, investor, agreed_on=date(2026, 11, 2))
    builders.a_transfer(session, centre, Cause.GRANT, pence=700, on=AS_OF, investor=investor)
    builders.a_transfer(
        session, centre, Cause.GRANT, pence=50, on=date(2026, 11, 2), investor=investor
    )
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    found = get_investor(session, SYSTEM, centre.id, investor.id)
    assert [each.id for each in list_instruments(session, found, run)] == [terms.id]
    assert [grant.pence for grant in list_grants(session, found, run)] == [700]
