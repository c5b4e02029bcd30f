"""Where a database stands."""

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import col

from chec.database_schema import migration_of
from chec.models import AuditHead
from chec.rules.restoring import Head, Stand


def stand_of(connection: Connection) -> Stand | None:
    """The database's migration and the head of its trail; None where it is empty."""
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return None
    has_head = AuditHead.__tablename__ in tables
    return Stand(migration_of(connection), head_in(connection) if has_head else None)


def head_in(connection: Connection) -> Head:
    """The head of the database's trail."""
    columns = col(AuditHead.genesis), col(AuditHead.last_id), col(AuditHead.hash)
    return Head(*connection.execute(sa.select(*columns)).one())
