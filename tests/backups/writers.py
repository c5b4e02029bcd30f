"""People who post transfers without a pause, and what their ledger was at a place in the trail."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event as Flag

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.db import make_engine, open_session
from chec.models import AuditEvent, Cause, Centre, Event, Organisation, Transfer
from chec.models.references import reference
from tests import builders

TrialBalance = Counter[int]
"""Debits less credits of each account, in pence."""


@contextmanager
def people_posting_transfers(url: str, engine: Engine, number: int = 3) -> Iterator[None]:
    """As many threads, each on connections of its own, from now until the block ends."""
    with open_session(engine, write=True) as session:
        centre, investor = builders.a_centre(session), builders.an_investor(session)
        builders.a_transfer(session, centre, investor=investor)
        session.commit()
    stop = Flag()
    with ThreadPoolExecutor(number) as people:
        posting = [people.submit(_post, url, centre, investor, stop) for _ in range(number)]
        try:
            yield
        finally:
            stop.set()
    for each in posting:
        each.result()


def transfer_count(engine: Engine) -> int:
    with open_session(engine, write=False) as session:
        return len(session.exec(select(Transfer.id)).all())


def trial_balance(engine: Engine, *, event_count: int | None = None) -> TrialBalance:
    """Of every transfer, or of those that the first so many events tell of."""
    with open_session(engine, write=False) as session:
        transfers = session.exec(select(Transfer)).all()
        if event_count is not None:
            told = _transfers_told(session, event_count)
            transfers = [each for each in transfers if reference("transfer", each.id) in told]
    balance: TrialBalance = Counter()
    for each in transfers:
        balance[each.debit_account_id] += each.pence
        balance[each.credit_account_id] -= each.pence
    return balance


def _transfers_told(session: Session, event_count: int) -> set[str]:
    query = select(AuditEvent.subject).where(
        AuditEvent.event == Event.TRANSFER_POSTED, col(AuditEvent.id) <= event_count
    )
    return set(session.exec(query))


def _post(url: str, centre: Centre, investor: Organisation, stop: Flag) -> None:
    engine = make_engine(url)
    for pence in count(1):
        if stop.is_set():
            break
        with open_session(engine, write=True) as session:
            builders.a_transfer(session, centre, Cause.GRANT, investor=investor, pence=pence)
            session.commit()
    engine.dispose()
