"""Returns runs: asked for by a director, and stored whole."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from sqlmodel import Session

from chec import audit
from chec.clock import london_day
from chec.finance.flow_table import Floats
from chec.finance.returns import NO_DAY, IrrTable
from chec.models import (
    Centre,
    Event,
    JobRun,
    JobState,
    ReturnsResult,
    ReturnsRun,
    Subject,
    Valuation,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.job_runs import find_job_run, find_waiting_request
from chec.rules.ledger_extract import Int64s
from chec.rules.returns_method import METHOD_VERSION, Returns, Valued
from chec.rules.returns_schedule import RETURNS, asked_period


@dataclass(frozen=True)
class ComputedRun:
    """A run before it is stored: what was read, and what came of it."""

    centre_id: int
    as_of: date
    known_at: datetime
    fingerprint: str
    transfer_count: int
    last_transfer_id: int
    returns: Returns


def request_returns_run(session: Session, actor: Actor, centre: Centre, token: str) -> JobRun:
    """The job run that computes the centre's returns as of today, soon.

    The same `token` leads to the same one; so does any other on the day, until it is begun: from
    then on it would leave out what is corrected now.
    """
    lock_centre(session, actor, centre.id)
    period = asked_period(token)
    present = find_job_run(session, RETURNS, centre.id, period) or find_waiting_request(
        session, centre.id, london_day(actor.at)
    )
    if present:
        return present
    run = JobRun(
        job=RETURNS,
        centre_id=centre.id,
        period=period,
        state=JobState.QUEUED,
        requested_by_id=actor.user_id,
        requested_at=actor.at,
    )
    session.add(run)
    session.flush()
    audit.record(
        session,
        actor,
        Event.RETURNS_REQUESTED,
        reference("job_run", run.id),
        centre_id=centre.id,
        after={"state": run.state},
    )
    return run


def store_returns_run(session: Session, actor: Actor, computed: ComputedRun) -> ReturnsRun:
    """The run with a result for each venture, each investor and the centre."""
    returns = computed.returns
    books, worth, if_approved = returns.books, returns.prudent_books, returns.all_approved
    run = ReturnsRun(
        centre_id=computed.centre_id,
        as_of=computed.as_of,
        known_at=computed.known_at,
        method_version=METHOD_VERSION,
        fingerprint=computed.fingerprint,
        computed_at=actor.at,
        transfer_count=computed.transfer_count,
        last_transfer_id=computed.last_transfer_id,
        raised_pence=books.raised_pence,
        funded_pence=books.funded_pence,
        earned_pence=books.earned_pence,
        paid_back_pence=books.paid_back_pence,
        running_cost_pence=books.running_cost_pence,
        receivable_pence=books.receivable_pence,
        bank_pence=books.bank_pence,
        approved_pence=worth.approved_pence,
        clawed_back_pence=worth.clawed_back_pence,
        surplus_reserve_pence=books.surplus_reserve_pence,
        owed_to_payers_pence=books.owed_to_payers_pence,
        expected_clawback_pence=worth.expected_clawback_pence,
        promised_pence=worth.promised_pence,
        undecided_pence=worth.undecided_pence,
        all_approved_value_pence=worth.all_approved_pence,
        all_approved_irr_rate=if_approved.irrs.irr(0).rate,
        all_approved_irr_reason=if_approved.irrs.irr(0).reason,
        all_approved_tvpi=_or_none(if_approved.multiples.tvpi)[0],
    )
    session.add(run)
    session.flush()
    columns = _results(run.id, returns)
    content = _as_csv(columns)
    _insert_in_bulk(session, columns, content)
    audit.record(
        session,
        actor,
        Event.RETURNS_COMPUTED,
        reference("returns_run", run.id),
        centre_id=run.centre_id,
        after={"as_of": run.as_of, "transfers": run.transfer_count},
        row_count=len(columns["subject"]),
        content_hash=sha256(content).hexdigest(),
    )
    return run


def _results(run_id: int, returns: Returns) -> dict[str, Sequence[Any]]:
    """The columns of the run's results: ventures, then investors, then the centre."""
    ventures = returns.subjects.ventures.tolist()
    investors = returns.subjects.investors.tolist()
    count = returns.subjects.count
    nobody = [None] * count
    amounts, realised, prudent = returns.amounts, returns.realised, returns.prudent
    return {
        "run_id": [run_id] * count,
        "subject": [Subject.VENTURE.value] * len(ventures)
        + [Subject.INVESTOR.value] * len(investors)
        + [Subject.CENTRE.value],
        "venture_id": ventures + nobody[len(ventures) :],
        "investor_id": nobody[: len(ventures)] + investors + [None],
        "valuation": [Valuation.REALISED.value] * count,
        "committed_pence": nobody[: len(ventures)] + amounts.committed.tolist()[len(ventures) :],
        "paid_in_pence": amounts.paid_in.tolist(),
        "distributed_pence": amounts.distributed.tolist(),
        **_on(realised, ("pic", "dpi", "rvpi", "tvpi")),
        "payback_on": _as_dates(returns.payback_days),
        "first_flow_on": _as_dates(returns.first_days),
        "flow_count": returns.flow_counts.tolist(),
        **_on(prudent, ("rvpi", "tvpi"), "prudent_"),
    }


def _on(valued: Valued, ratios: Sequence[str], prefix: str = "") -> dict[str, Sequence[Any]]:
    return {
        f"{prefix}value_pence": valued.value.tolist(),
        f"{prefix}irr_rate": _or_none(valued.irrs.rates),
        f"{prefix}irr_reason": _reasons(valued.irrs),
        **{f"{prefix}{ratio}": _or_none(getattr(valued.multiples, ratio)) for ratio in ratios},
    }


def _reasons(irrs: IrrTable) -> list[str | None]:
    reasons: list[str | None] = [None] * irrs.rates.size
    for place in np.flatnonzero(np.isnan(irrs.rates)).tolist():
        reasons[place] = irrs.irr(place).reason
    return reasons


def _or_none(numbers: Floats) -> list[float | None]:
    missing = np.isnan(numbers).tolist()
    return [None if m else number for m, number in zip(missing, numbers.tolist(), strict=True)]


def _as_dates(days: Int64s) -> list[str | None]:
    """ISO dates, which both databases take."""
    dates = {day: date.fromordinal(day).isoformat() for day in set(days.tolist()) - {NO_DAY}}
    return [dates.get(day) for day in days.tolist()]


def _as_csv(columns: dict[str, Sequence[Any]]) -> bytes:
    lines = io.BytesIO()
    csv.write_csv(pa.table(columns), lines, csv.WriteOptions(include_header=False))
    return lines.getvalue()


def _insert_in_bulk(session: Session, columns: dict[str, Sequence[Any]], content: bytes) -> None:
    """Past SQLAlchemy, whose own way with 20,000 rows takes four times as long.

    `content` is the columns as `_as_csv` writes them.
    """
    connection = session.connection()
    table, names = ReturnsResult.__tablename__, ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  (our own names)
        connection.exec_driver_sql(insert, list(zip(*columns.values(), strict=True)))
        return
    driver: Any = connection.connection.driver_connection
    into = f"COPY {table} ({names}) FROM STDIN (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        copy.write(content)
