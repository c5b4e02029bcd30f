"""The `chec` command."""

import json
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
from chec.actions.contracts import ImportedContract, import_contract
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
from chec.queries.contract_use import list_contracts_that_differ
from chec.queries.contracts import get_contract, list_references, terms_of
from chec.rules.claim_file import read_claim_file
from chec.rules.contract_terms import read_contract
from chec.rules.outcome_payment import value_claim
from chec.rules.valuation_report import valuation_document, valuation_table

_BUSY = "The database is busy: somebody records many transfers. Try again in a minute."


_of_a_centre = click.option(
    "--centre", "centre_ref", help="Which centre, such as C-0001, if there are several."
)


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
    """Check schema, trial balance, append-only triggers, foreign keys and the use of contracts."""
    with _engine(any_version=True) as engine:
        problems = database_schema.check(engine) or _contracts_that_differ(engine)
    if problems:
        raise _refusal(problems)
    click.echo("All is well: schema, trial balance, triggers, foreign keys, use of contracts.")


@main.group()
def ledger() -> None:
    """The ledger."""


@ledger.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_of_a_centre
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
def contract() -> None:
    """Outcomes contracts."""


@contract.command()
@click.argument("document", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with amounts in pence.")
def value(document: Path, file: Path, as_json: bool) -> None:
    """Say what the outcomes in FILE are worth under the contract DOCUMENT; nothing is stored.

    The first line of FILE is measure,units[,achieved_on] for counts, or
    measure,person,achieved_on[,evidence][,value] for records.
    """
    with _refusals_shown("Nothing was valued."):
        terms = read_contract(document.read_bytes())
        outcomes = read_claim_file(file.read_bytes(), terms)
        valuation = value_claim(terms, outcomes.records_to_value)
    if as_json:
        click.echo(json.dumps(valuation_document(valuation), ensure_ascii=False, indent=2))
    else:
        click.echo(valuation_table(valuation))


@contract.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_of_a_centre
def import_document(file: Path, centre_ref: str | None) -> None:
    """Import the contract document FILE: a new contract, or a new version of one; all or nothing.

    The same document again changes nothing.
    """
    with (
        _engine() as engine,
        _refusals_shown("Nothing was imported."),
        open_session(engine, write=True) as session,
    ):
        centre = _centre(session, centre_ref)
        done = import_contract(session, system_actor(clock.now()), centre, file.read_bytes())
        session.commit()
        for line in _said_of(centre, done):
            click.echo(line)


@contract.command(name="export")
@click.argument("own_reference", metavar="REFERENCE")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@_of_a_centre
def export_document(own_reference: str, file: Path | None, centre_ref: str | None) -> None:
    """Write the newest document of the contract REFERENCE, byte for byte as it was imported.

    It goes to FILE, which must be new, or to the screen.
    """
    with _engine() as engine, open_session(engine, write=False) as session:
        centre = _centre(session, centre_ref)
        contracts = list_references(session, centre.id)
        if own_reference not in contracts:
            listed = ", ".join(sorted(contracts)) or "none yet"
            raise _refusal([f"{centre.name} has no such contract. It has: {listed}."])
        found = get_contract(session, SYSTEM, contracts[own_reference])
        document = found.version.document.encode()
    if file is None:
        click.echo(document, nl=False)
        return
    try:
        with file.open("xb") as new:
            new.write(document)
    except OSError as error:
        raise _refusal([f"{file}: {error.strerror}. Name a new file."]) from error


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


def _contracts_that_differ(engine: Engine) -> list[str]:
    with open_session(engine, write=False) as session:
        return [
            f"What is used of contract {each.reference} ({reference('contract', each.id)}) is not"
            " what its claims add up to."
            for each in list_contracts_that_differ(session)
        ]


def _said_of(centre: Centre, done: ImportedContract) -> list[str]:
    """What an import did, in lines."""
    terms, number = terms_of(done.version.document), done.version.number
    if not done.is_new:
        return [f"{centre.name} has this document already, as version {number}. Nothing changed."]
    several = "" if len(terms.measures) == 1 else "s"
    return [
        f"{centre.name}: {terms.reference}, {terms.title}, imported as version {number}.",
        f"{len(terms.measures)} measure{several}, paid by {', '.join(terms.payer_names)}.",
        *(f"Added as a commissioner: {payer.name}." for payer in done.added_payers),
        *done.notices,
    ]


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
