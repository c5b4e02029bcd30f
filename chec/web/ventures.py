"""A venture: its team, its money and its return."""

from collections.abc import Sequence

from flask import Blueprint, g, render_template

from chec.charts.chart import Chart
from chec.charts.venture_money import venture_money
from chec.finance.cash_flow import CashFlow
from chec.models import ReturnsRun, Stage
from chec.permissions import Action
from chec.queries.flows import Flow, list_flows
from chec.queries.returns import find_result, latest_run
from chec.queries.ventures import get_venture, latest_transfers
from chec.rules.rate_shown import rates_of
from chec.web.access import needs, viewer

pages = Blueprint("ventures", __name__, url_prefix="/ventures")

LATEST = 10
"""How many transfers the page shows."""


@pages.get("/<reference('venture'):venture_id>")
@needs(Action.VIEW_VENTURE)
def show(venture_id: int) -> str:
    """What the team does, what it was given and what that brought."""
    found = get_venture(g.session, viewer(), venture_id)
    run = latest_run(g.session, viewer(), found.centre.id)
    result = run and find_result(g.session, viewer(), run.id, venture_id=venture_id)
    flows = list_flows(g.session, run, result) if run and result else []
    return render_template(
        "ventures/show.html",
        centre=found.centre,
        venture=found.venture,
        provider=found.provider,
        run=run,
        result=result,
        rates=rates_of(result, run) if run and result else None,
        drawing=_chart(run, flows, stopped=found.venture.stage is Stage.STOPPED),
        transfers=latest_transfers(g.session, found, limit=LATEST),
    )


def _chart(run: ReturnsRun | None, flows: Sequence[Flow], *, stopped: bool) -> Chart | None:
    if run is None:
        return None
    funded = [CashFlow(flow.on, -flow.pence) for flow in flows if flow.is_funding]
    earned = [flow.cash_flow for flow in flows if not flow.is_funding]
    return venture_money(funded, earned, run.as_of, stopped=stopped)
