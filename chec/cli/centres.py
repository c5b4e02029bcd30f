"""`chec centre`: opening one."""

from datetime import datetime

import click

from chec import clock
from chec.actions.centres import open_centre
from chec.cli.database import open_database
from chec.cli.refusals import refusals_shown
from chec.db import open_session
from chec.models.references import reference
from chec.permissions import system_actor


@click.group()
def centre() -> None:
    """Centres."""


@centre.command(name="open")
@click.argument("name")
@click.option(
    "--opened-on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Its first day."
)
def open_one(name: str, opened_on: datetime) -> None:
    """Open the centre NAME. Its administrator is invited next, by `chec invite`."""
    with (
        open_database() as engine,
        refusals_shown("No centre was opened."),
        open_session(engine, write=True) as session,
    ):
        opened = open_centre(session, system_actor(clock.now()), name, opened_on.date())
        session.commit()
        click.echo(f"{reference('centre', opened.id)}  {opened.name}")
