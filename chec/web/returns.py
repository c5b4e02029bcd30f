"""A return: the figure, how it came about, and every flow that it was made from."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from flask import Blueprint, Response, g, render_template

from chec.finance.money import in_pounds
from chec.models import Centre, Organisation, ReturnsResult, Subject, Venture
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.flows import Flow, distributed, list_flows, paid_in
from chec.queries.receivables import unpaid_of
from chec.queries.returns import find_result, get_result, get_run
from chec.rules.rate_shown import rates_of
from chec.web.access import needs, viewer
from chec.web.downloads import csv_download
from chec.web.lists import page_of

pages = Blueprint("returns", __name__, url_prefix="/returns")

COLUMNS = ("on", "transfer", "cause", "reference", "amount", "running total")


@pages.get("/<reference('returns_result'):result_id>")
@needs(Action.VIEW_RETURN)
def show(result_id: int) -> str:
    """One return of one run, down to its transfers."""
    result = get_result(g.session, viewer(), result_id)
    run = get_run(g.session, viewer(), result.run_id)
    flows = list_flows(g.session, run, result)
    page = page_of(len(flows))
    shown = slice(page.offset, page.offset + page.limit)
    totals = list(accumulate(flow.pence for flow in flows))
    return render_template(
        "returns/show.html",
        centre=g.session.get(Centre, run.centre_id),
        run=run,
        result=result,
        subject=_name_of(result, run.centre_id),
        rates=rates_of(result, run),
        together=find_result(g.session, viewer(), run.id),
        unpaid=unpaid_of(g.session, run, result),
        rows_of_flows=list(zip(flows, totals, strict=True))[shown],
        page=page,
        paid_in_pence=paid_in(flows),
        distributed_pence=distributed(flows),
        flow_count=len(flows),
    )


@pages.get("/<reference('returns_result'):result_id>/flows.csv")
@needs(Action.VIEW_RETURN)
def download(result_id: int) -> Response:
    """The flows of a return, as a file."""
    result = get_result(g.session, viewer(), result_id)
    run = get_run(g.session, viewer(), result.run_id)
    name = f"Flows of {reference('returns_result', result_id)}"
    flows = list_flows(g.session, run, result)
    return csv_download(name, COLUMNS, _cells(flows), row_count=len(flows))


def _name_of(result: ReturnsResult, centre_id: int) -> str:
    if result.subject is Subject.VENTURE:
        return str(g.session.get(Venture, result.venture_id).name)
    if result.subject is Subject.INVESTOR:
        return str(g.session.get(Organisation, result.investor_id).name)
    return str(g.session.get(Centre, centre_id).name)


def _cells(flows: Sequence[Flow]) -> Iterator[tuple[object, ...]]:
    total = 0
    for flow in flows:
        total += flow.pence
        yield (
            flow.on,
            reference("transfer", flow.transfer_id),
            flow.cause,
            flow.reference,
            in_pounds(flow.pence),
            in_pounds(total),
        )
