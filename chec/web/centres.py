"""A centre: its portfolio, with the returns of its latest run."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, render_template

from chec.charts.chart import Chart
from chec.charts.j_curve import j_curve
from chec.finance.money import Pence, in_pounds
from chec.models import ReturnsResult, ReturnsRun
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.queries.flows import list_flows
from chec.queries.job_runs import latest_job_run
from chec.queries.payment_requests import total_waiting
from chec.queries.portfolio import (
    SORTED_BY,
    PortfolioVenture,
    count_ventures,
    latest_result,
    list_ventures,
)
from chec.rules.rate_shown import RateShown, rates_of
from chec.web.access import needs, viewer
from chec.web.downloads import csv_download
from chec.web.errors import refusal_page
from chec.web.forms.portfolio import VentureFilterForm
from chec.web.forms.runs import RequestReturnsForm
from chec.web.lists import page_of, sort_of

pages = Blueprint("centres", __name__, url_prefix="/centres/<reference('centre'):centre_id>")

COLUMNS = (
    "venture",
    "name",
    "stage",
    "stage since",
    "provider",
    "returns as of",
    "funded",
    "earned",
    "net",
    "earned / funded",
    "annual rate",
    "gain, not annualised",
    "no rate because",
    "prudent value",
    "prudent annual rate",
    "prudent gain, not annualised",
    "no prudent rate because",
    "paid back on",
)


@pages.get("")
@needs(Action.VIEW_PORTFOLIO)
def show(centre_id: int) -> tuple[str, int]:
    """The money of the centre, what investors had of it, and its ventures."""
    centre = get_centre(g.session, viewer(), Action.VIEW_PORTFOLIO, centre_id)
    run, result = latest_result(g.session, viewer(), centre_id) or (None, None)
    listed = _list_of_ventures(centre_id, run)
    page = render_template(
        "centres/show.html",
        centre=centre,
        **_return_of(run, result),
        **listed,
        waiting_payments=total_waiting(g.session, centre_id),
        job=latest_job_run(g.session, viewer(), centre_id),
        request_form=RequestReturnsForm(),
    )
    return page, 422 if listed["form"].errors else 200


@pages.get("/ventures.csv")
@needs(Action.VIEW_PORTFOLIO)
def download(centre_id: int) -> Response:
    """All ventures that the filter lets through, as a file."""
    run, _result = latest_result(g.session, viewer(), centre_id) or (None, None)
    form = VentureFilterForm()
    if not form.validate():
        return refusal_page(form.refusals)
    sort = sort_of(SORTED_BY, "name")
    ventures = list_ventures(g.session, viewer(), centre_id, run, form.chosen(), sort=sort)
    name = f"{reference('centre', centre_id)} ventures"
    return csv_download(name, COLUMNS, _cells(ventures), filtered_by=form.filled)


def _return_of(run: ReturnsRun | None, result: ReturnsResult | None) -> dict[str, Any]:
    if run is None or result is None:
        return {"run": None, "result": None, "rates": None, "curve": None}
    flows = [flow.cash_flow for flow in list_flows(g.session, run, result)]
    curve: Chart | None = j_curve(flows, run.as_of, "Investors")
    return {"run": run, "result": result, "rates": rates_of(result, run), "curve": curve}


def _list_of_ventures(centre_id: int, run: ReturnsRun | None) -> dict[str, Any]:
    form = VentureFilterForm()
    chosen, sort = form.chosen(), sort_of(SORTED_BY, "name")
    page = page_of(count_ventures(g.session, viewer(), centre_id, chosen))
    ventures = list_ventures(
        g.session,
        viewer(),
        centre_id,
        run,
        chosen,
        sort=sort,
        offset=page.offset,
        limit=page.limit,
    )
    return {"form": form, "page": page, "sort": sort, "ventures": ventures}


def _cells(ventures: Iterable[PortfolioVenture]) -> Iterator[tuple[object, ...]]:
    for venture in ventures:
        yield (
            reference("venture", venture.id),
            venture.name,
            venture.stage.value,
            venture.stage_since_on,
            venture.provider,
            venture.as_of,
            _pounds(venture.funded_pence),
            _pounds(venture.earned_pence),
            _pounds(venture.net_pence),
            venture.dpi,
            *_rate_cells(venture.rate),
            _pounds(venture.prudent_value_pence),
            *_rate_cells(venture.prudent_rate),
            venture.payback_on,
        )


def _rate_cells(rate: RateShown | None) -> tuple[float | None, float | None, str | None]:
    if rate is None:
        return None, None, "not in the latest run"
    return (None, rate.rate, rate.reason) if rate.plain else (rate.rate, None, rate.reason)


def _pounds(pence: Pence | None) -> Decimal | None:
    return None if pence is None else in_pounds(pence)
