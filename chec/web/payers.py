"""Payers: what each has approved and paid, venture by venture."""

from itertools import groupby
from operator import attrgetter

from flask import Blueprint, g, render_template

from chec.permissions import Action
from chec.queries.accounts import account_names
from chec.queries.centres import get_centre
from chec.queries.ledger import LedgerFilter, as_known_to, list_transfers, total_transfers
from chec.queries.payers import (
    get_payer,
    list_positions_of_payer,
    list_positions_of_payers,
    totals_of,
)
from chec.web.access import needs, viewer
from chec.web.addresses import run_in_address
from chec.web.lists import page_of

pages = Blueprint("payers", __name__, url_prefix="/centres/<reference('centre'):centre_id>/payers")


@pages.get("")
@needs(Action.VIEW_PAYER)
def index(centre_id: int) -> str:
    """All payers; with `run=RR-0007` in the address, as that run knew them."""
    centre = get_centre(g.session, viewer(), Action.VIEW_PAYER, centre_id)
    run_id = run_in_address()
    known = as_known_to(g.session, centre_id, run_id) if run_id else None
    positions = list_positions_of_payers(g.session, viewer(), centre_id, known)
    by_payer = groupby(positions, key=attrgetter("payer_id", "payer"))
    payers = [(*payer, totals_of(own)) for payer, own in by_payer]
    return render_template(
        "payers/index.html",
        centre=centre,
        run_id=run_id,
        known=known,
        payers=payers,
        total=totals_of(positions),
    )


@pages.get("/<reference('organisation'):payer_id>")
@needs(Action.VIEW_PAYER)
def show(centre_id: int, payer_id: int) -> str:
    """One payer, venture by venture, with the transfers behind."""
    found = get_payer(g.session, viewer(), centre_id, payer_id)
    positions = list_positions_of_payer(g.session, found)
    chosen = LedgerFilter(payer_id=payer_id)
    page = page_of(total_transfers(g.session, viewer(), centre_id, chosen).transfer_count)
    transfers = list_transfers(
        g.session, viewer(), centre_id, chosen, offset=page.offset, limit=page.limit
    )
    return render_template(
        "payers/show.html",
        centre=found.centre,
        payer=found.payer,
        positions=positions,
        total=totals_of(positions),
        transfers=transfers,
        names=account_names(g.session, centre_id),
        page=page,
    )
