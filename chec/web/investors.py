"""Investors: what each has promised, paid in, had back and still has in a centre."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from flask import Blueprint, Response, g, render_template

from chec.charts.j_curve import j_curve
from chec.finance.money import in_pounds
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.queries.flows import Flow, list_flows
from chec.queries.investors import (
    InvestorOfCentre,
    get_investor,
    holding_of,
    list_grants,
    list_instruments,
    list_positions,
)
from chec.queries.returns import find_result, latest_run
from chec.rules.rate_shown import rates_of
from chec.web.access import needs, viewer
from chec.web.downloads import csv_download

pages = Blueprint(
    "investors", __name__, url_prefix="/centres/<reference('centre'):centre_id>/investors"
)

COLUMNS = ("on", "transfer", "instrument", "cause", "reference", "amount", "net so far")


@pages.get("")
@needs(Action.VIEW_INVESTOR)
def index(centre_id: int) -> str:
    """Every investor's position, for those who run or judge the centre."""
    centre = get_centre(g.session, viewer(), Action.VIEW_INVESTOR, centre_id)
    run = latest_run(g.session, viewer(), centre_id)
    positions = list_positions(g.session, viewer(), centre_id, run)
    together = find_result(g.session, viewer(), run.id) if run else None
    return render_template(
        "investors/index.html",
        centre=centre,
        run=run,
        positions=positions,
        rates_of=rates_of,
        together=together,
    )


@pages.get("/<reference('organisation'):investor_id>")
@needs(Action.VIEW_INVESTOR)
def show(centre_id: int, investor_id: int) -> str:
    """One investor's position, and every transfer behind it."""
    found = get_investor(g.session, viewer(), centre_id, investor_id)
    return render_template(
        "investors/show.html",
        centre=found.centre,
        investor=found.investor,
        **_position(found),
    )


@pages.get("/<reference('organisation'):investor_id>/statement.csv")
@needs(Action.VIEW_INVESTOR)
def statement(centre_id: int, investor_id: int) -> Response:
    """Every drawdown and distribution up to the latest run, as a file."""
    found = get_investor(g.session, viewer(), centre_id, investor_id)
    name = f"Statement {reference('organisation', investor_id)}"
    flows = _position(found)["flows"]
    return csv_download(name, COLUMNS, _cells(found, flows), row_count=len(flows))


def _position(found: InvestorOfCentre) -> dict[str, Any]:
    run = latest_run(g.session, viewer(), found.centre.id)
    result = run and find_result(g.session, viewer(), run.id, investor_id=found.investor.id)
    flows = list_flows(g.session, run, result) if run and result else []
    instruments = list_instruments(g.session, found, run)
    cash_flows = [flow.cash_flow for flow in flows]
    return {
        "run": run,
        "result": result,
        "rates": rates_of(result, run) if run and result else None,
        "together": find_result(g.session, viewer(), run.id) if run else None,
        "flows": flows,
        "rows": list(zip(flows, accumulate(flow.pence for flow in flows), strict=True)),
        "curve": j_curve(cash_flows, run.as_of, found.investor.name) if run else None,
        "holdings": [holding_of(each, flows) for each in instruments if each.is_repaid],
        "grants": [each for each in instruments if not each.is_repaid],
        "received_grants": list_grants(g.session, found, run) if run else [],
    }


def _cells(found: InvestorOfCentre, flows: Sequence[Flow]) -> Iterator[tuple[object, ...]]:
    names = {each.id: each.reference for each in list_instruments(g.session, found, None)}
    total = 0
    for flow in flows:
        total += flow.pence
        yield (
            flow.on,
            reference("transfer", flow.transfer_id),
            names[flow.instrument_id] if flow.instrument_id else "",
            flow.cause,
            flow.reference,
            in_pounds(flow.pence),
            in_pounds(total),
        )
