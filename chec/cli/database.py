"""The database that a command works on, and the centre that it is about."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlmodel import Session

from chec import database_schema
from chec.cli.refusals import refusal
from chec.config import Settings
from chec.db import make_engine
from chec.models import Centre
from chec.models.references import reference
from chec.permissions import SYSTEM, Action
from chec.queries.centres import list_centres

_BUSY = "The database is busy: somebody records many transfers. Try again in a minute."

of_a_centre = click.option(
    "--centre", "centre_ref", help="Which centre, such as C-0001, if there are several."
)


@contextmanager
def open_database(*, any_version: bool = False) -> Iterator[Engine]:
    """The database of the settings; what keeps it from answering is said in a sentence."""
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        engine = make_engine(settings.url)
    except (ArgumentError, ModuleNotFoundError) as unknown:
        raise refusal(["CHEC_DATABASE_URL is no address of a database."]) from unknown
    try:
        if not any_version and not database_schema.is_up_to_date(engine):
            raise refusal(["The database is not up to date. Run `chec db upgrade`."])
        yield engine
    except OperationalError as error:
        busy = "lock" in str(error.orig)
        raise refusal([_BUSY if busy else f"The database does not answer: {error.orig}"]) from error
    finally:
        engine.dispose()


def centre_meant(session: Session, ref: str | None) -> Centre:
    """The centre that is meant: the one named, or the only one."""
    centres = list_centres(session, SYSTEM, Action.VIEW_LEDGER)
    meant = [each for each in centres if ref in {None, reference("centre", each.id)}]
    if len(meant) == 1:
        return meant[0]
    listed = [f"  --centre {reference('centre', each.id)}  {each.name}" for each in centres]
    raise refusal(
        ["Say which centre is meant:", *listed] if centres else ["There is no centre yet."]
    )
