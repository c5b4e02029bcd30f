"""A returns run: read the ledger, compute, store; two short transactions and none between them."""

from datetime import date, datetime

from sqlalchemy import Engine

from chec.actions.returns_runs import ComputedRun
from chec.jobs.bulk_read import bulk_read
from chec.queries.ledger_extracts import read_extract
from chec.rules.returns_method import METHOD_VERSION, compute_returns


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
        returns=compute_returns(extract, as_of),
    )
