from datetime import date

import pytest
from sqlmodel import Session

from chec.errors import RuleBroken
from chec.models import InstrumentKind
from tests import builders


def test_a_loan_of_nothing_is_refused(session: Session) -> None:
    centre = builders.a_centre(session)
    with pytest.raises(RuleBroken, match="more than £0"):
        builders.an_instrument(session, centre, kind=InstrumentKind.LOAN, committed_pence=0)


def test_a_commitment_fits_the_database(session: Session) -> None:
    centre = builders.a_centre(session)
    with pytest.raises(RuleBroken, match="at most £10,000,000,000"):
        builders.an_instrument(session, centre, committed_pence=2**63)


def test_a_provider_agrees_no_instrument(session: Session) -> None:
    centre, provider = builders.a_centre(session), builders.a_provider(session, name="Harbour")
    with pytest.raises(RuleBroken, match="Harbour is not an investor"):
        builders.an_instrument(session, centre, provider)


def test_an_agreement_is_not_dated_tomorrow(session: Session) -> None:
    centre = builders.a_centre(session)
    with pytest.raises(RuleBroken, match="in the future"):
        builders.an_instrument(session, centre, agreed_on=date(2026, 11, 17))


def test_a_reference_names_one_instrument_of_a_centre(session: Session) -> None:
    first, second = builders.a_centre(session), builders.a_centre(session)
    builders.an_instrument(session, first, reference="HF-1")
    builders.an_instrument(session, second, reference="HF-1")
    with pytest.raises(RuleBroken, match="already has an instrument called HF-1"):
        builders.an_instrument(session, first, reference="HF-1")
