"""What the money bought: published outcome figures, quarter by quarter."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, g, render_template

from chec.clock import london_day
from chec.evidence.disclosure import SUPPRESSED, ShownPart
from chec.finance.money import in_pounds
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.published_outcomes import (
    PublishedQuarter,
    get_centre_of_outcomes,
    list_outcomes,
    list_published_quarters,
)
from chec.web.access import needs, viewer
from chec.web.downloads import csv_download
from chec.web.lists import page_of

pages = Blueprint(
    "outcomes", __name__, url_prefix="/centres/<reference('centre'):centre_id>/outcomes"
)

QUARTERS_A_PAGE = 4
COLUMNS = (
    *("quarter", "first day", "last day", "published on", "venture"),
    *("people", "pounds", "pounds per person"),
)


@pages.get("")
@needs(Action.VIEW_PUBLISHED_OUTCOMES)
def index(centre_id: int) -> str:
    """Each closed quarter, newest first, venture by venture."""
    centre = get_centre_of_outcomes(g.session, viewer(), centre_id)
    closed = list_published_quarters(g.session, viewer(), centre_id)
    page = page_of(len(closed), QUARTERS_A_PAGE)
    shown = closed[page.offset : page.offset + page.limit]
    published = list_outcomes(g.session, viewer(), centre_id, shown)
    return render_template("outcomes/index.html", centre=centre, published=published, page=page)


@pages.get("/outcomes.csv")
@needs(Action.VIEW_PUBLISHED_OUTCOMES)
def download(centre_id: int) -> Response:
    """The same figures of every closed quarter as a file."""
    closed = list_published_quarters(g.session, viewer(), centre_id)
    published = list_outcomes(g.session, viewer(), centre_id, closed)
    return csv_download(f"outcomes-{reference('centre', centre_id)}", COLUMNS, _cells(published))


def _cells(published: Sequence[PublishedQuarter]) -> Iterator[tuple[object, ...]]:
    for quarter, closed_at, cut in published:
        told = (quarter.code, quarter.starts_on, quarter.last_day, london_day(closed_at))
        for part in cut.parts:
            if part.is_joined:
                yield from ((*told, name, SUPPRESSED, None, None) for name in part.names)
            if not part.is_joined or part.pence is not None:
                yield (*told, " + ".join(part.names), *_figures(part))
        yield (*told, "all ventures", *_figures(cut.total))


def _figures(part: ShownPart) -> tuple[object, ...]:
    amounts = (part.pence, part.cost_pence)
    return part.people, *(None if pence is None else in_pounds(pence) for pence in amounts)
