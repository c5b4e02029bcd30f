"""Money in a ledger, and the run that is made of it."""

from datetime import date, datetime
from itertools import count

from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.actions.ledger import post_transfer
from chec.actions.returns_runs import store_returns_run
from chec.db import open_session
from chec.finance.money import Pence
from chec.jobs.returns import compute_run
from chec.models import (
    AccountKind,
    Cause,
    Centre,
    Instrument,
    Organisation,
    ReturnsResult,
    ReturnsRun,
    Subject,
    Transfer,
    Venture,
)
from chec.rules.posting import MOVEMENTS, Entry
from tests.builders import NOW, an_account_key, an_actor

_number = count(1)


def post(
    session: Session,
    centre: Centre,
    cause: Cause,
    pence: Pence,
    *,
    on: date,
    at: datetime = NOW,
    venture: Venture | None = None,
    payer: Organisation | None = None,
    instrument: Instrument | None = None,
    debit: AccountKind | None = None,
) -> Transfer:
    """This transfer and no other: nothing is paid into the bank to make it possible."""
    kinds = (debit or min(MOVEMENTS[cause].debit), min(MOVEMENTS[cause].credit))
    debited, credited = (
        an_account_key(session, centre, kind, venture=venture, payer=payer, instrument=instrument)
        for kind in kinds
    )
    entry = Entry(on, debited, credited, pence, cause)
    return post_transfer(session, an_actor(at=at), centre, entry, f"ledger:{next(_number)}")


def run_of(engine: Engine, centre: Centre, *, as_of: date, known_at: datetime = NOW) -> ReturnsRun:
    computed = compute_run(engine, centre.id, as_of=as_of, known_at=known_at)
    with open_session(engine, write=True) as session:
        run = store_returns_run(session, an_actor(at=known_at), computed)
        session.commit()
    return run


def results_of(session: Session, run: ReturnsRun, subject: Subject) -> list[ReturnsResult]:
    query = select(ReturnsResult).where(
        ReturnsResult.run_id == run.id, ReturnsResult.subject == subject
    )
    return list(session.exec(query))


def result_of(
    session: Session, run: ReturnsRun, owner: Venture | Organisation | None = None
) -> ReturnsResult:
    """The result of a venture, of an investor, or of the centre."""
    query = select(ReturnsResult).where(ReturnsResult.run_id == run.id)
    if isinstance(owner, Venture):
        return session.exec(query.where(ReturnsResult.venture_id == owner.id)).one()
    if isinstance(owner, Organisation):
        return session.exec(query.where(ReturnsResult.investor_id == owner.id)).one()
    return session.exec(query.where(ReturnsResult.subject == Subject.CENTRE)).one()
