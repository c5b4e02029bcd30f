"""A returns run: read the ledger, compute, store; two short transactions and none between them."""

from datetime import date, datetime

from sqlalchemy import Engine

from chec import clock
from chec.actions.returns_runs import ComputedRun, store_returns_run
from chec.db import open_session
from chec.errors import RuleBroken
from chec.jobs.bulk_read import bulk_read
from chec.models import Centre, ReturnsRun
from chec.permissions import system_actor
from chec.queries.ledger_extracts import read_extract
from chec.rules.returns_method import METHOD_VERSION, compute_returns
from chec.rules.returns_schedule import reasons_not_to_run


def run_returns_once(engine: Engine, centre: Centre, as_of: date) -> ReturnsRun:
    """A stored run of one centre, from what is known now. Raises RuleBroken for such a day."""
    reasons = reasons_not_to_run(as_of, opened_on=centre.opened_on, today=clock.today())
    if reasons:
        raise RuleBroken(reasons)
    computed = compute_run(engine, centre.id, as_of=as_of, known_at=clock.now())
    with open_session(engine, write=True) as session:
        run = store_returns_run(session, system_actor(clock.now()), computed)
        session.commit()
    return run


def compute_run(engine: Engine, centre_id: int, *, as_of: date, known_at: datetime) -> ComputedRun:
    """The returns of one centre, from what was known at `known_at` of the days up to `as_of`."""
    with bulk_read(engine) as ask:
        extract = read_extract(ask, centre_id, as_of=as_of, known_at=known_at)
    return ComputedRun(
        centre_id=centre_id,
        as_of=as_of,
        known_at=known_at,
        fingerprint=extract.fingerprint(METHOD_VERSION, as_of.isoformat()),
        transfer_count=extract.pence.size,
        last_transfer_id=extract.last_id,
        returns=compute_returns(extract, as_of),
    )
