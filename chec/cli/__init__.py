"""The `chec` command."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event

import click

from chec import clock, database_schema, logs
from chec.actions.ledger_imports import check_ledger_file, import_ledger
from chec.cli.audit import audit, list_breaks
from chec.cli.backups import backup, restore_file
from chec.cli.centres import centre
from chec.cli.contracts import contract
from chec.cli.database import centre_meant, of_a_centre, open_database
from chec.cli.kept_sums import list_differences
from chec.cli.people import invite
from chec.cli.refusals import readable_settings, refusal, refusals_shown
from chec.cli.web import web
from chec.config import Settings
from chec.db import open_session
from chec.demo import run_demo
from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers
from chec.jobs.returns import run_returns_once
from chec.jobs.worker import work
from chec.models.references import reference
from chec.permissions import SYSTEM, Action, system_actor
from chec.queries.centres import list_centres


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """Portfolio manager for Community Health Enterprise Centres."""
    before = os.umask(0o077)  # what is written, here or by what is started, is its owner's alone
    context.call_on_close(lambda: os.umask(before))
    readable_settings()


@main.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database up to the newest migration."""
    with open_database(any_version=True) as engine:
        database_schema.upgrade(engine)
    click.echo("The database is up to date.")


@db.command()
def check() -> None:
    """Check schema, balances, triggers, foreign keys, sums of contracts and claims, the trail."""
    with open_database(any_version=True) as engine:
        problems = database_schema.check(engine) or [
            *list_differences(engine),
            *list_breaks(engine),
        ]
    if problems:
        raise refusal(problems)
    click.echo(
        "All is well: schema, trial balance, triggers, foreign keys, contracts, claims, trail."
    )


db.add_command(backup)
db.add_command(restore_file)


@main.group()
def ledger() -> None:
    """The ledger."""


@ledger.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@of_a_centre
def import_file(file: Path, centre_ref: str | None) -> None:
    """Post every line of FILE that is not in the ledger yet; all of it or nothing.

    The first line of FILE is on,debit,credit,pounds,cause,reference,memo.
    """
    if find_nhs_numbers(file.name):
        raise refusal([f"The file's name: {REFUSAL}"])
    actor = system_actor(clock.now())
    with (
        open_database() as engine,
        file.open("rb") as lines,
        refusals_shown("Nothing was imported."),
    ):
        with open_session(engine, write=False) as session:
            centre = centre_meant(session, centre_ref)
            check_ledger_file(session, actor, centre, lines, _progress("checked"))
        lines.seek(0)
        with open_session(engine, write=True) as session:
            done = import_ledger(session, actor, centre, lines, _progress("posted"))
            session.commit()
    plural = "" if done.added_count == 1 else "s"
    present = f"; {done.present_count:,} in it already" if done.present_count else ""
    click.echo(
        f"{centre.name}: {done.added_count:,} transfer{plural} added to the ledger{present}."
    )


main.add_command(audit)
main.add_command(centre)
main.add_command(contract)
main.add_command(invite)
main.add_command(web)


@main.group()
def returns() -> None:
    """Returns."""


@returns.command(name="run")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day counted.")
@click.option("--centre", "centre_ref", help="Only this centre, such as C-0001.")
def run_returns(as_of: datetime, centre_ref: str | None) -> None:
    """Compute and store the returns as of a day, for every centre or for one."""
    with open_database() as engine:
        with open_session(engine, write=False) as session:
            every = list_centres(session, SYSTEM, Action.VIEW_RUNS)
            centres = [centre_meant(session, centre_ref)] if centre_ref or not every else every
        for centre in centres:
            with refusals_shown(f"There is no run of {centre.name}."):
                run = run_returns_once(engine, centre, as_of.date())
            click.echo(f"{centre.name}: {reference('returns_run', run.id)} as of {run.as_of}.")


@main.command()
def worker() -> None:
    """Do what is done by itself: nightly returns, those asked for, daily mail. Ends on a signal."""
    logs.write_to_stderr(Settings().log_level)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with open_database():
        pass  # it answers, and is up to date
    work(Settings(), stop)


@main.command()
def demo() -> None:
    """Serve an invented centre from this machine, until Ctrl-C."""
    with refusals_shown("The demo was not started."):
        code = run_demo(click.echo)
    raise SystemExit(code)


def _progress(done: str) -> Callable[[int], None]:
    def show(line_number: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{line_number:,} lines {done} ", nl=False, err=True)

    return show
