"""`chec contract`: valuing, importing and exporting."""

import json
from pathlib import Path

import click

from chec import clock
from chec.actions.contracts import ImportedContract, import_contract
from chec.cli.database import centre_meant, of_a_centre, open_database
from chec.cli.refusals import refusal, refusals_shown
from chec.db import open_session
from chec.models import Centre
from chec.permissions import SYSTEM, system_actor
from chec.queries.contracts import get_contract, list_references, terms_of
from chec.rules.claim_file import read_claim_file
from chec.rules.contract_terms import read_contract
from chec.rules.outcome_payment import value_claim
from chec.rules.valuation_report import valuation_document, valuation_table


@click.group()
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
    with refusals_shown("Nothing was valued."):
        terms = read_contract(document.read_bytes())
        outcomes = read_claim_file(file.read_bytes(), terms)
        valuation = value_claim(terms, outcomes.records_to_value)
    if as_json:
        click.echo(json.dumps(valuation_document(valuation), ensure_ascii=False, indent=2))
    else:
        click.echo(valuation_table(valuation))


@contract.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@of_a_centre
def import_document(file: Path, centre_ref: str | None) -> None:
    """Import the contract document FILE: a new contract, or a new version of one; all or nothing.

    The same document again changes nothing.
    """
    with (
        open_database() as engine,
        refusals_shown("Nothing was imported."),
        open_session(engine, write=True) as session,
    ):
        centre = centre_meant(session, centre_ref)
        done = import_contract(session, system_actor(clock.now()), centre, file.read_bytes())
        session.commit()
        for line in _said_of(centre, done):
            click.echo(line)


@contract.command(name="export")
@click.argument("own_reference", metavar="REFERENCE")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@of_a_centre
def export_document(own_reference: str, file: Path | None, centre_ref: str | None) -> None:
    """Write the newest document of the contract REFERENCE, byte for byte as it was imported.

    It goes to FILE, which must be new, or to the screen.
    """
    with open_database() as engine, open_session(engine, write=False) as session:
        centre = centre_meant(session, centre_ref)
        contracts = list_references(session, centre.id)
        if own_reference not in contracts:
            listed = ", ".join(sorted(contracts)) or "none yet"
            raise refusal([f"{centre.name} has no such contract. It has: {listed}."])
        found = get_contract(session, SYSTEM, contracts[own_reference])
        document = found.version.document.encode()
    if file is None:
        click.echo(document, nl=False)
        return
    try:
        with file.open("xb") as new:
            new.write(document)
    except OSError as error:
        raise refusal([f"{file}: {error.strerror}. Name a new file."]) from error


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
