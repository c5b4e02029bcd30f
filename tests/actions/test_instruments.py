"""Agreeing instruments, and drawing money down under them."""

from dataclasses import replace
from datetime import date
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from chec.actions.contracts import import_contract
from chec.actions.instruments import Terms, agree_commitment, record_drawdown
from chec.errors import RuleBroken
from chec.models import Centre, Instrument, InstrumentKind
from chec.rules.drawdown import drawdown_entry
from chec.rules.posting import Entry
from tests import builders
from tests.actions.at_once import at_once


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


def the_undrawn(session: Session, centre: Centre, pence: int) -> tuple[int, Entry]:
    terms = builders.an_instrument(session, centre, reference="HF-1", committed_pence=pence)
    session.commit()
    return terms.id, drawdown_entry(terms, pence, builders.OPENED_ON, "")


def draw(session: Session, instrument_id: int, entry: Entry, key: str) -> int:
    terms = session.get_one(Instrument, instrument_id)
    return record_drawdown(session, builders.an_actor(), terms, entry, key).id


def test_two_who_draw_the_same_commitment_at_once_do_not_both(
    engine: Engine, session: Session
) -> None:
    instrument_id, entry = the_undrawn(session, builders.a_centre(session), 100)
    acts = [partial(draw, instrument_id=instrument_id, entry=entry, key=key) for key in "ab"]

    results = at_once(engine, *acts)

    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "All of HF-1 is drawn" in str(refused)


def test_the_same_drawdown_sent_twice_at_once_is_one(engine: Engine, session: Session) -> None:
    instrument_id, entry = the_undrawn(session, builders.a_centre(session), 100)
    act = partial(draw, instrument_id=instrument_id, entry=entry, key="form:1")
    first, second = at_once(engine, act, act)
    assert first == second


def test_two_who_commit_the_same_at_once_agree_one_instrument(
    engine: Engine, session: Session
) -> None:
    centre = builders.a_centre(session)
    session.commit()
    terms = Terms("Harbour Fund", "HF-1", InstrumentKind.LOAN, 100, builders.OPENED_ON)

    def commit(session: Session) -> int:
        return agree_commitment(session, builders.an_actor(), centre, terms).id

    first, second = at_once(engine, commit, commit)
    assert first == second


def test_two_centres_that_bring_the_same_new_investor_at_once_share_it(
    engine: Engine, session: Session
) -> None:
    centres = [builders.a_centre(session), builders.a_centre(session)]
    session.commit()
    terms = Terms("Harbour Fund", "HF-1", InstrumentKind.LOAN, 100, builders.OPENED_ON)

    def commit(session: Session, centre: Centre) -> int:
        return agree_commitment(session, builders.an_actor(), centre, terms).investor_id

    first, second = at_once(engine, *(partial(commit, centre=centre) for centre in centres))

    assert first == second


def test_an_investor_that_was_just_added_as_a_payer_is_refused(
    engine: Engine, session: Session
) -> None:
    centre, other = builders.a_centre(session), builders.a_centre(session)
    session.commit()
    terms = Terms("Fenmoor", "HF-1", InstrumentKind.LOAN, 100, builders.OPENED_ON)
    payers = [{"organisation": "Fenmoor", "share": 1}]
    document = builders.a_contract_document(payers=payers)

    def bring(session: Session) -> int:
        return import_contract(session, builders.an_actor(), other, document).version.number

    def commit(session: Session) -> int:
        return agree_commitment(session, builders.an_actor(), centre, terms).id

    first, refused = at_once(engine, bring, commit)

    assert first == 1
    assert "Fenmoor is not an investor" in str(refused)


def test_a_drawdown_sent_again_with_another_amount_is_refused(session: Session) -> None:
    instrument_id, entry = the_undrawn(session, builders.a_centre(session), 100)
    draw(session, instrument_id, entry, "form:1")
    with pytest.raises(RuleBroken, match="sent before, with other values"):
        draw(session, instrument_id, replace(entry, pence=99), "form:1")
