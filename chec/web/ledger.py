"""The ledger: its transfers, filtered, with a running balance; and the trial balance."""

from collections.abc import Iterator

from flask import Blueprint, Response, g, render_template

from chec.finance.money import in_pounds
from chec.models import Centre
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.accounts import account_names, list_balances, list_owners
from chec.queries.bank import bank_pence
from chec.queries.centres import get_centre
from chec.queries.ledger import (
    LedgerFilter,
    as_known_to,
    each_transfer,
    list_transfers,
    total_transfers,
)
from chec.web.access import needs, viewer
from chec.web.addresses import run_in_address
from chec.web.downloads import csv_download
from chec.web.errors import refusal_page
from chec.web.forms.ledger import LedgerFilterForm
from chec.web.lists import page_of

pages = Blueprint("ledger", __name__, url_prefix="/centres/<reference('centre'):centre_id>/ledger")

COLUMNS = (
    *("transfer", "on", "debit", "credit", "pounds", "cause", "reference", "memo"),
    *("reverses", "effect", "balance"),
)


@pages.get("")
@needs(Action.VIEW_LEDGER)
def index(centre_id: int) -> tuple[str, int]:
    """Transfers, newest first."""
    centre = get_centre(g.session, viewer(), Action.VIEW_LEDGER, centre_id)
    names = account_names(g.session, centre_id)
    form = _filter_form(centre, names)
    overdrawn_pence = min(0, bank_pence(g.session, centre_id))
    shared = {"centre": centre, "form": form, "names": names, "overdrawn_pence": overdrawn_pence}
    if not form.validate():
        return render_template("ledger/index.html", **shared, totals=None), 422
    chosen = _chosen(form, centre_id)
    totals = total_transfers(g.session, viewer(), centre_id, chosen)
    page = page_of(totals.transfer_count)
    rows = list_transfers(
        g.session, viewer(), centre_id, chosen, offset=page.offset, limit=page.limit
    )
    return render_template(
        "ledger/index.html", **shared, totals=totals, page=page, rows=rows, run=run_in_address()
    ), 200


@pages.get("/transfers.csv")
@needs(Action.VIEW_LEDGER)
def download(centre_id: int) -> Response:
    """The same transfers as a file, oldest first."""
    centre = get_centre(g.session, viewer(), Action.VIEW_LEDGER, centre_id)
    names = account_names(g.session, centre_id)
    form = _filter_form(centre, names)
    if not form.validate():
        return refusal_page(form.refusals)
    rows = _cells(_chosen(form, centre_id), centre_id, names)
    name = f"ledger-{reference('centre', centre_id)}"
    return csv_download(name, COLUMNS, rows, filtered_by=form.filled)


@pages.get("/accounts")
@needs(Action.VIEW_LEDGER)
def accounts(centre_id: int) -> str:
    """Every account with its balance: the trial balance, which comes to nothing."""
    centre = get_centre(g.session, viewer(), Action.VIEW_LEDGER, centre_id)
    balances = list_balances(g.session, viewer(), centre_id)
    return render_template("ledger/accounts.html", centre=centre, balances=balances)


def _filter_form(centre: Centre, names: dict[int, str]) -> LedgerFilterForm:
    form = LedgerFilterForm()
    form.offer(
        account=names,
        venture=list_owners(g.session, centre.id, "venture"),
        payer=list_owners(g.session, centre.id, "payer"),
        investor=list_owners(g.session, centre.id, "investor"),
    )
    return form


def _chosen(form: LedgerFilterForm, centre_id: int) -> LedgerFilter:
    """The filter; with `run=RR-0007` in the address, of the ledger as that run knew it."""
    run_id = run_in_address()
    return form.chosen(as_known_to(g.session, centre_id, run_id) if run_id else None)


def _cells(
    chosen: LedgerFilter, centre_id: int, names: dict[int, str]
) -> Iterator[tuple[object, ...]]:
    for row in each_transfer(g.session, viewer(), centre_id, chosen):
        yield (
            reference("transfer", row.id),
            row.on,
            names[row.debit_account_id],
            names[row.credit_account_id],
            in_pounds(row.pence),
            row.cause,
            row.reference,
            row.memo,
            reference("transfer", row.reverses_id) if row.reverses_id else "",
            in_pounds(row.effect_pence),
            in_pounds(row.balance_pence),
        )
