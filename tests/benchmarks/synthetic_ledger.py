"""A centre with any number of ventures and sixty dated flows each, loaded in bulk.

Rows go past the actions (1.2 million of them would take an hour) but not past the constraints and
triggers. They are in order of date, as a ledger grows, so that a venture's flows lie far apart.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import adbc_driver_postgresql.dbapi
import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Engine
from sqlmodel import Session

from chec.models import (
    Account,
    AccountKind,
    Centre,
    Instrument,
    InstrumentKind,
    Organisation,
    OrganisationKind,
)

FLOWS_EACH = 60
TRANCHES_EACH = 20
FIRST_DAY = date(2022, 4, 1)
LAST_DAY = date(2026, 10, 31)
RECORDED_AT = datetime(2026, 10, 31, 12, tzinfo=UTC)

BANK, CAPITAL, GAIN, FIRST_OF_VENTURES = 1, 2, 3, 4
_CAUSES = np.array(["tranche", "payment", "drawdown", "distribution"])


def load(engine: Engine, ventures: int) -> int:
    """Fill an empty, migrated database; returns the number of transfers.

    The centre has key 1 and three parties: a provider, a payer, and an investor whose drawdown
    pays for everything.
    """
    with Session(engine) as session:
        _add_centre(session, ventures)
        session.commit()
    _append(engine, "venture", _ventures(ventures))
    _append(engine, "account", _accounts_of_ventures(ventures))
    table = transfers(ventures)
    _append(engine, "transfer", table)
    return table.num_rows


def _add_centre(session: Session, ventures: int) -> None:
    session.add(Centre(id=1, name="Benchmark", opened_on=FIRST_DAY))
    kinds = (OrganisationKind.PROVIDER, OrganisationKind.COMMISSIONER, OrganisationKind.INVESTOR)
    for key, kind in enumerate(kinds, 1):
        session.add(Organisation(id=key, name=kind, kind=kind))
    session.flush()
    session.add(
        Instrument(
            id=1,
            centre_id=1,
            investor_id=3,
            reference="B-1",
            kind=InstrumentKind.QUASI_EQUITY,
            committed_pence=_drawn(ventures),
            agreed_on=FIRST_DAY,
        )
    )
    session.flush()
    owner = {"investor_id": 3, "instrument_id": 1}
    session.add(Account(id=BANK, centre_id=1, kind=AccountKind.BANK))
    session.add(Account(id=CAPITAL, centre_id=1, kind=AccountKind.INVESTOR_CAPITAL, **owner))
    session.add(Account(id=GAIN, centre_id=1, kind=AccountKind.INVESTOR_RETURN, **owner))


def _drawn(ventures: int) -> int:
    return TRANCHES_EACH * 50_000_00 * ventures


def _ventures(count: int) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(np.arange(1, count + 1, dtype=np.int32)),
            "centre_id": pa.array(np.ones(count, np.int32)),
            "provider_id": pa.array(np.ones(count, np.int32)),
            "name": [f"Venture {key}" for key in range(count)],
            "care_model": ["Nurses visit at home."] * count,
            "stage": ["pilot"] * count,
            "stage_since_on": [FIRST_DAY] * count,
            "started_on": [FIRST_DAY] * count,
        }
    )


def _accounts_of_ventures(count: int) -> pa.Table:
    """For each venture the account of its funding, then that of what its spin-out brings."""
    place = np.arange(2 * count, dtype=np.int32)
    kinds = np.where(place % 2, AccountKind.SPIN_OUT_PROCEEDS, AccountKind.VENTURE_FUNDING)
    return pa.table(
        {
            "id": pa.array(place + np.int32(FIRST_OF_VENTURES)),
            "centre_id": pa.array(np.ones(2 * count, np.int32)),
            "kind": kinds.tolist(),
            "venture_id": pa.array(place // np.int32(2) + np.int32(1)),
        }
    )


def transfers(ventures: int) -> pa.Table:
    """The rows of the table, in order of date and of key."""
    rng = np.random.default_rng(2026)
    count, span = ventures * FLOWS_EACH, (LAST_DAY - FIRST_DAY).days
    is_tranche = np.tile(np.arange(FLOWS_EACH) < TRANCHES_EACH, ventures)
    early, late = rng.integers(0, span // 2, count), rng.integers(span // 4, span, count)
    large, small = rng.integers(500_000, 5_000_000, count), rng.integers(100_000, 3_000_000, count)
    account = FIRST_OF_VENTURES + 2 * np.repeat(np.arange(ventures), FLOWS_EACH) + ~is_tranche
    drawn = _drawn(ventures)
    of_investor = np.array(
        [
            (0, BANK, CAPITAL, drawn, 2),
            (span, CAPITAL, BANK, drawn // 2, 3),
            (span, GAIN, BANK, drawn // 20, 3),
        ]
    )
    of_ventures = np.column_stack(
        [
            np.where(is_tranche, early, late),
            np.where(is_tranche, account, BANK),
            np.where(is_tranche, BANK, account),
            np.where(is_tranche, large, small),
            ~is_tranche,
        ]
    )
    rows = np.concatenate([of_investor, of_ventures])
    return _as_table(rows[np.argsort(rows[:, 0], kind="stable")])


def _as_table(rows: NDArray[np.int64]) -> pa.Table:
    day, debit, credit, pence, cause = rows.T
    count = len(rows)
    return pa.table(
        {
            "id": pa.array(np.arange(1, count + 1, dtype=np.int32)),
            "centre_id": pa.array(np.ones(count, np.int32)),
            "on": pa.array(np.datetime64(FIRST_DAY) + day),
            "debit_account_id": pa.array(debit.astype(np.int32)),
            "credit_account_id": pa.array(credit.astype(np.int32)),
            "pence": pa.array(np.ascontiguousarray(pence)),
            "cause": pa.array(_CAUSES[cause]),
            "reference": pa.repeat("", count),
            "memo": pa.repeat("", count),
            "recorded_at": pa.repeat(pa.scalar(RECORDED_AT), count),
            "idempotency_key": [f"benchmark:{key}" for key in range(count)],
        }
    )


def _append(engine: Engine, table: str, rows: pa.Table) -> None:
    if engine.dialect.name == "sqlite":
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        marks = ", ".join("?" * rows.num_columns)
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA cache_size = -400000")  # the indexes, in memory
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", list(_as_sqlite_keeps_it(rows))
            )
        return
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with adbc_driver_postgresql.dbapi.connect(address) as bulk, bulk.cursor() as cursor:
        cursor.adbc_ingest(table, rows, mode="append")
        bulk.commit()
    with engine.begin() as connection:
        newest = f"(SELECT max(id) FROM {table})"
        connection.execute(sa.text(f"SELECT setval('{table}_id_seq', {newest})"))


def _as_sqlite_keeps_it(rows: pa.Table) -> Iterable[tuple[Any, ...]]:
    """Days and moments as text, as SQLAlchemy writes them."""
    moment = RECORDED_AT.strftime("%Y-%m-%d %H:%M:%S.%f")
    columns: list[list[Any]] = []
    for column in rows.columns:
        if pa.types.is_timestamp(column.type):
            columns.append([moment] * rows.num_rows)
        elif pa.types.is_date(column.type):
            columns.append(column.cast(pa.string()).to_pylist())
        else:
            columns.append(column.to_pylist())
    return zip(*columns, strict=True)
