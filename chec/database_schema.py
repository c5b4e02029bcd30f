"""The schema of the database: brought up to date by migrations, and checked."""

import warnings
from collections.abc import Callable

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

import chec.models  # noqa: F401  (fills SQLModel.metadata)
from chec.config import project_dir

APPEND_ONLY = (
    "transfer",
    "transfer_cause",
    "quarter_close",
    "returns_run",
    "returns_result",
    "audit_event",
    "audit_event_kind",
    "contract_version",
    "contract_payer",
    "claim_removal",
    "claim_share",
    "record_share",
    "claim_decision",
    "decision_line",
    "claim_payment",
    "clawback",
    "funding_agreement",
    "audit_subject",
    "payment_request",
    "payment_decision",
    "payment_transfer",
)
FROZEN = ("claim_line", "claim_record")
"""Their rows are fixed once they have been valued."""


def upgrade(engine: Engine) -> None:
    """Bring the database up to the newest migration; one transaction, all or nothing."""
    with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        upgrade_within(connection)


def upgrade_within(connection: Connection) -> None:
    """The same in a transaction of the caller's."""
    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_up_to_date(engine: Engine) -> bool:
    """Whether the database is at the newest migration."""
    with engine.connect() as connection:
        return not _versions_that_differ(connection)


def migration_of(connection: Connection) -> str | None:
    """The migration that the database is at; None where it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def list_migrations() -> list[str]:
    """The migrations that this code knows, the newest first."""
    scripts = ScriptDirectory.from_config(_alembic_config())
    return [script.revision for script in scripts.walk_revisions()]


def check(engine: Engine) -> list[str]:
    """What is wrong with the database, a sentence each; an empty list where all is well.

    Nothing is changed: each forbidden statement is tried and rolled back.
    """
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if "alembic_version" not in tables:
            return ["The database is empty. Run `chec db upgrade`."]
        missing = sorted(set(SQLModel.metadata.tables) - tables)
        if missing:
            return [*_versions_that_differ(connection), *map(_NO_TABLE.format, missing)]
        return [problem for one in _CHECKS for problem in one(connection)]


def triggers_of_others(connection: Connection) -> list[str]:
    """A sentence about each trigger that no migration made, however old the database is."""
    wanted = set(_triggers_wanted(connection))
    return [_STRANGE.format(name) for name in _triggers_present(connection) if name not in wanted]


def _alembic_config() -> Config:
    # Built in code: pyproject.toml is not in a wheel.
    config = Config()
    config.set_main_option("script_location", str(project_dir("migrations")))
    config.set_main_option("prepend_sys_path", str(project_dir("migrations")))
    config.set_main_option("path_separator", "os")
    return config


def _versions_that_differ(connection: Connection) -> list[str]:
    newest, present = list_migrations()[0], migration_of(connection)
    if present == newest:
        return []
    return [f"The database is at migration {present}, the code at {newest}: run `chec db upgrade`."]


def _differences_from_the_models(connection: Connection) -> list[str]:
    with warnings.catch_warnings():
        # SQLite cannot compare an index on expressions; a test asks for that one by name.
        warnings.filterwarnings("ignore", message=".*expression-based index")
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, SQLModel.metadata)
    problems = [f"The schema differs from the models: {difference}." for difference in found]
    return [*problems, *_names_that_are_missing(connection)]


def _names_that_are_missing(connection: Connection) -> list[str]:
    """CHECKs and indexes of the models, which the comparison above does not see everywhere."""
    inspector = sa.inspect(connection)
    indexes = set(connection.execute(sa.text(_INDEXES[connection.dialect.name])).scalars())
    problems = []
    for table in SQLModel.metadata.sorted_tables:
        present = {check["name"] for check in inspector.get_check_constraints(table.name)}
        checks = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        wanted = {index.name for index in table.indexes}
        problems += [f"{table.name}: the CHECK {name} is missing." for name in checks - present]
        problems += [f"{table.name}: the index {name} is missing." for name in wanted - indexes]
    return sorted(problems)


def _trial_balances_not_zero(connection: Connection) -> list[str]:
    """Debits less credits over the accounts of each centre, summed from each side of its own."""
    unbalanced = sa.text(
        "SELECT centre_id, SUM(pence) AS pence FROM ("
        " SELECT a.centre_id, t.pence FROM transfer t JOIN account a ON a.id = debit_account_id"
        " UNION ALL"
        " SELECT a.centre_id, -t.pence FROM transfer t JOIN account a ON a.id = credit_account_id"
        ") AS entries GROUP BY centre_id HAVING SUM(pence) <> 0"
    )
    return [
        f"The trial balance of centre {centre_id} is {pence} pence, not zero."
        for centre_id, pence in connection.execute(unbalanced)
    ]


def _forbidden_statements_that_pass(connection: Connection) -> list[str]:
    return [
        f"The trigger on {table} does not hold: {statement.split()[0]} went through."
        for table in APPEND_ONLY
        for statement in _forbidden(connection, table)
        if _goes_through(connection, statement)
    ]


def _triggers_that_are_missing(connection: Connection) -> list[str]:
    present = set(_triggers_present(connection))
    wanted = _triggers_wanted(connection)
    return [f"The trigger {name} is missing." for name in wanted if name not in present]


def _triggers_present(connection: Connection) -> list[str]:
    return list(connection.execute(sa.text(_TRIGGERS[connection.dialect.name])).scalars())


def _triggers_wanted(connection: Connection) -> list[str]:
    dialect = connection.dialect.name
    wanted = [name for table in APPEND_ONLY for name in _triggers(dialect, table)]
    return wanted + [name for table in FROZEN for name in _triggers_of_frozen(dialect, table)]


def _triggers(dialect: str, table: str) -> list[str]:
    """What the migrations call the triggers of an append-only table.

    SQLite asks its triggers about rows, of which an empty table has none to try; and one trigger
    can answer for another that is gone.
    """
    acts = ("change",) if dialect == "postgresql" else ("update", "delete", "replace")
    return [f"{table}_no_{act}" for act in acts]


def _triggers_of_frozen(dialect: str, table: str) -> list[str]:
    acts = ("",) if dialect == "postgresql" else ("_update", "_delete", "_replace")
    return [f"{table}_fixed{act}" for act in acts]


def _forbidden(connection: Connection, table: str) -> list[str]:
    key = sa.inspect(connection).get_pk_constraint(table)["constrained_columns"][0]
    statements = [f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"]
    if connection.dialect.name == "postgresql":
        return [*statements, f"TRUNCATE {table} CASCADE"]
    some = connection.execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first()
    return [*statements, f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"] if some else []


def _goes_through(connection: Connection, statement: str) -> bool:
    savepoint = connection.begin_nested()
    try:
        connection.execute(sa.text(statement))
    except sa.exc.DBAPIError as refused:
        if "append-only" not in str(refused.orig):
            raise
        return False
    finally:
        savepoint.rollback()
    return True


def _orphans(connection: Connection) -> list[str]:
    """Rows whose foreign key points nowhere, as after a restore with the checks off."""
    return [
        f"{table.name}: {count} rows point to a row of {key.referred_table.name} that is not there."
        for table in SQLModel.metadata.sorted_tables
        for key in sorted(table.foreign_key_constraints, key=str)
        if (count := _count_orphans(connection, table, key))
    ]


def _count_orphans(connection: Connection, table: sa.Table, key: sa.ForeignKeyConstraint) -> int:
    child, parent = table.alias("child"), key.referred_table.alias("parent")
    pairs = [(child.c[e.parent.name], parent.c[e.column.name]) for e in key.elements]
    missing = ~sa.exists().where(*(mine == theirs for mine, theirs in pairs))
    query = sa.select(sa.func.count()).select_from(child)
    given = (mine.is_not(None) for mine, _ in pairs)
    return int(connection.execute(query.where(*given, missing)).scalar_one())


_NO_TABLE = "The table {} is missing."
_STRANGE = (
    "The trigger {} was made by no migration: it may change what is written. Find out who made it,"
    " and drop it."
)
_INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()",
}
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE tgenabled <> 'D' AND NOT tgisinternal"
        " AND relnamespace = current_schema()::regnamespace"
    ),
}
_CHECKS: tuple[Callable[[Connection], list[str]], ...] = (
    _versions_that_differ,
    _differences_from_the_models,
    _trial_balances_not_zero,
    _triggers_that_are_missing,
    triggers_of_others,
    _forbidden_statements_that_pass,
    _orphans,
)
