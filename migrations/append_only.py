"""Makes a table append-only: what was written stays, whoever holds the connection.

Such a table is never altered in batch mode, because that drops its triggers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import inspect, text

_SAYS = "{table} is append-only: rows are added, never changed or removed"


def protect(table: str, *keys: str) -> None:
    """Refuse UPDATE, DELETE, TRUNCATE, and an INSERT that would replace a row by one of `keys`.

    A key of several columns is written with commas: `"centre_id, quarter_starts_on"`.
    """
    if op.get_bind().dialect.name == "postgresql":
        _protect_in_postgresql(table)
    else:
        _protect_in_sqlite(table, keys)


def _protect_in_postgresql(table: str) -> None:
    says = _SAYS.format(table=table)
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{says}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def _protect_in_sqlite(table: str, keys: tuple[str, ...]) -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_SAYS.format(table=table)}'); END"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
    # REPLACE deletes without asking the delete trigger, unless recursive_triggers is on.
    there = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {_same(key)})" for key in keys)
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} {refuse}")


@contextmanager
def updates_let_through(table: str) -> Iterator[None]:
    """For a migration that fills new columns of an append-only table; nothing else may."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change")
        yield
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_change")
    else:
        trigger = f"{table}_no_update"
        query = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name")
        as_it_was = op.get_bind().execute(query, {"name": trigger}).scalar_one()
        op.execute(f"DROP TRIGGER {trigger}")
        yield
        op.execute(as_it_was)


def freeze(table: str, column: str) -> None:
    """Refuse to change, remove or replace a row whose `column` has been filled."""
    says = f"{table} is fixed once its {column} is known: such a row is never changed or removed"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_fixed() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{says}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
            f"WHEN (OLD.{column} IS NOT NULL) EXECUTE FUNCTION {table}_fixed()"
        )
    else:
        _freeze_in_sqlite(table, column, says)


def _freeze_in_sqlite(table: str, column: str, says: str) -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_fixed_{act.lower()} BEFORE {act} ON {table} "
            f"WHEN OLD.{column} IS NOT NULL {refuse}"
        )
    there = " OR ".join(_same(", ".join(key)) for key in _keys(table))
    op.execute(
        f"CREATE TRIGGER {table}_fixed_replace BEFORE INSERT ON {table} WHEN EXISTS "
        f"(SELECT 1 FROM {table} WHERE {column} IS NOT NULL AND ({there})) {refuse}"
    )


def _keys(table: str) -> list[list[str]]:
    """The columns of each key by which a row of the table can be replaced."""
    inspector = inspect(op.get_bind())
    unique = [each["column_names"] for each in inspector.get_unique_constraints(table)]
    return [inspector.get_pk_constraint(table)["constrained_columns"], *unique]


def _same(key: str) -> str:
    return " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
