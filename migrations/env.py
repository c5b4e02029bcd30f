"""Runs the migrations on the connection that `chec.database_schema` hands in."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime


def in_plain_sqlalchemy(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Autogenerate names SQLModel's own types without importing them: write SQLAlchemy's."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def same_type(
    _context: Any, _column: Any, _metadata: Any, here: TypeEngine[Any], there: TypeEngine[Any]
) -> bool | None:
    """UTCDateTime is DateTime(timezone=True) underneath."""
    return False if isinstance(there, UTCDateTime) and "TIME" in str(here) else None


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_item=in_plain_sqlalchemy,
    compare_type=same_type,
)
with context.begin_transaction():
    context.run_migrations()
