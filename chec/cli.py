"""The `chec` command."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event

import click
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlmodel import Session

from chec import clock, database_schema
from chec.actions.ledger_imports import check_ledger_file, import_ledger
from chec.config import Settings
from chec.db import make_engine, open_session
from chec.demo import run_demo
from chec.errors import RuleBroken
from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers
from chec.jobs.returns import run_returns_once
from chec.jobs.worker import work
from chec.models import Centre
from chec.models.references import reference
from chec.permissions import SYSTEM, Action, system_actor
from chec.queries.centres import list_centres

_BUSY = "The database is busy: somebody records many transfers. Try again in a minute."


@click.group()
def main() -> None:
    """Portfolio manager for Community Health Enterprise Centres."""


@main.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database up to the newest migration."""
    with _engine(any_version=True) as engine:
        database_schema.upgrade(engine)
    click.echo("The database is up to date.")


@db.command()
def check() -> None:
    """Check the schema, the trial balance, the append-only triggers and the foreign keys."""
    with _engine(any_version=True) as engine:
        problems = database_schema.check(engine)
    if problems:
        raise _refusal(problems)
    click.echo("All is well: schema, trial balance, triggers, foreign keys.")


@main.group()
def ledger() -> None:
    """The ledger."""


@ledger.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--centre", "centre_ref", help="Which centre, such as C-0001, if there are several.")
def import_file(file: Path, centre_ref: str | None) -> None:
    """Post every line of FILE that is not in the ledger yet; all of it or nothing.

    The first line of FILE is on,debit,credit,pounds,cause,reference,memo.
    """
    if find_nhs_numbers(file.name):
        raise _refusal([f"The file's name: {REFUSAL}"])
    actor = system_actor(clock.now())
    with _engine() as engine, file.open("rb") as lines, _refusals_shown("Nothing was imported."):
        with open_session(engine, write=False) as session:
            centre = _centre(session, centre_ref)
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


@main.group()
def returns() -> None:
    """Returns."""


@returns.command(name="run")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last day counted.")
@click.option("--centre", "centre_ref", help="Only this centre, such as C-0001.")
def run_returns(as_of: datetime, centre_ref: str | None) -> None:
    """Compute and store the returns as of a day, for every centre or for one."""
    with _engine() as engine:
        with open_session(engine, write=False) as session:
            every = list_centres(session, SYSTEM, Action.VIEW_RUNS)
            centres = [_centre(session, centre_ref)] if centre_ref or not every else every
        for centre in centres:
            with _refusals_shown(f"There is no run of {centre.name}."):
                run = run_returns_once(engine, centre, as_of.date())
            click.echo(f"{centre.name}: {reference('returns_run', run.id)} as of {run.as_of}.")


@main.command()
def worker() -> None:
    """Run what runs by itself: nightly returns, and those asked for on a page. Ends on a signal."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("chec").setLevel(logging.INFO)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with _engine():
        pass  # it answers, and is up to date
    work(Settings(), stop)


@main.command()
def demo() -> None:
    """Serve an invented centre from this machine, until Ctrl-C."""
    with _refusals_shown("The demo was not started."):
        code = run_demo(click.echo)
    raise SystemExit(code)


@contextmanager
def _engine(*, any_version: bool = False) -> Iterator[Engine]:
    """The database of the settings; what keeps it from answering is said in a sentence."""
    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        engine = make_engine(settings.url)
    except (ArgumentError, ModuleNotFoundError) as unknown:
        raise _refusal(["CHEC_DATABASE_URL is no address of a database."]) from unknown
    try:
        if not any_version and not database_schema.is_up_to_date(engine):
            raise _refusal(["The database is not up to date. Run `chec db upgrade`."])
        yield engine
    except OperationalError as error:
        busy = "lock" in str(error.orig)
        raise _refusal(
            [_BUSY if busy else f"The database does not answer: {error.orig}"]
        ) from error
    finally:
        engine.dispose()


@contextmanager
def _refusals_shown(after: str) -> Iterator[None]:
    """What a rule refuses ends the command, with its reasons and `after`."""
    try:
        yield
    except RuleBroken as refused:
        raise _refusal([*refused.reasons, after]) from refused


def _centre(session: Session, ref: str | None) -> Centre:
    """The centre that is meant: the one named, or the only one."""
    centres = list_centres(session, SYSTEM, Action.VIEW_LEDGER)
    meant = [each for each in centres if ref in {None, reference("centre", each.id)}]
    if len(meant) == 1:
        return meant[0]
    listed = [f"  --centre {reference('centre', each.id)}  {each.name}" for each in centres]
    raise _refusal(
        ["Say which centre is meant:", *listed] if centres else ["There is no centre yet."]
    )


def _progress(done: str) -> Callable[[int], None]:
    def show(line_number: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{line_number:,} lines {done} ", nl=False, err=True)

    return show


def _refusal(reasons: list[str]) -> click.ClickException:
    """Raised, it prints the reasons and ends with exit code 1."""
    return click.ClickException("\n".join(reasons))


if __name__ == "__main__":
    main()
