"""What a draft is filled with, counts and records, and the records of a claim."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.claim_records import remove_records, upload_records
from chec.actions.claims import enter_counts
from chec.errors import NotFound
from chec.finance.money import in_pounds
from chec.models import ClaimLine, ClaimState, LineBasis
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.claim_records import ListedRecord, as_valued, count_records, list_records
from chec.queries.claim_uploads import read_upload
from chec.queries.claim_values import contract_of, get_value
from chec.queries.claims import ClaimOfCentre, get_claim, list_lines
from chec.rules.claim_preparation import reasons_not_to_fill, reasons_not_to_price_counts
from chec.rules.claim_upload import in_words
from chec.web.access import acting, needs, viewer
from chec.web.downloads import csv_download
from chec.web.errors import refusal_page
from chec.web.forms.claim_lines import (
    RecordFilterForm,
    RemoveRecordsForm,
    UploadRecordsForm,
    counts_form,
)
from chec.web.lists import page_of
from chec.web.transaction import begin_to_write

pages = Blueprint("claim_lines", __name__, url_prefix="/claims/<reference('claim'):claim_id>")

MOST_FAULTS_OPEN = 50
"""How many faults of a file are shown at once; the others can be unfolded."""

COLUMNS = (
    *("record", "measure", "person", "achieved on", "evidence", "value"),
    *("price", "payable", "removed at", "why", "follows"),
)


@pages.route("/counts", methods=["GET", "POST"])
@needs(Action.PREPARE_CLAIM)
def counts(claim_id: int) -> ResponseReturnValue:
    """Enter how many outcomes of each measure there were."""
    found = get_claim(g.session, viewer(), claim_id, Action.PREPARE_CLAIM)
    terms = contract_of(g.session, found).terms
    lines = {line.measure: line for line in list_lines(g.session, found.claim)}
    of_records = {code for code, line in lines.items() if line.basis is LineBasis.RECORDS}
    refused = {each.code: reasons_not_to_price_counts(each) for each in terms.measures}
    offered = [
        (each.code, each.name)
        for each in terms.measures
        if each.code not in of_records and not refused[each.code]
    ]
    form = counts_form(offered, {code: line.units for code, line in lines.items()})
    if form.validate_on_submit():
        actor = acting(Action.PREPARE_CLAIM, found.centre.id)
        enter_counts(g.session, actor, found.claim, form.counts)
        flash("The counts were kept.")
        return redirect(url_for("claims.show", claim_id=claim_id), 303)
    page = render_template(
        "claims/counts.html",
        **found._asdict(),
        form=form,
        reasons=reasons_not_to_fill(found.claim),
        terms=terms,
        of_records=of_records,
        refused=refused,
    )
    return page, 422 if form.is_submitted() else 200


@pages.route("/upload", methods=["GET", "POST"])
@needs(Action.PREPARE_CLAIM)
def upload(claim_id: int) -> ResponseReturnValue:
    """Add the records of a file; what is wrong with it is said all at once."""
    found = get_claim(g.session, viewer(), claim_id, Action.PREPARE_CLAIM)
    contract = contract_of(g.session, found)
    form = UploadRecordsForm()
    faults: list[str] = []
    if form.validate_on_submit():
        content = form.content
        faults = in_words(read_upload(g.session, contract, found.claim, content).faults)
        if not faults:
            actor = acting(Action.PREPARE_CLAIM, found.centre.id)
            begin_to_write()
            added = upload_records(g.session, actor, found.claim, content)
            flash(f"{added:,} record{'s' if added != 1 else ''} added.")
            return redirect(url_for("claims.show", claim_id=claim_id), 303)
    page = render_template(
        "claims/upload.html",
        **found._asdict(),
        form=form,
        reasons=reasons_not_to_fill(found.claim),
        terms=contract.terms,
        faults=faults,
        most_open=MOST_FAULTS_OPEN,
    )
    return page, 422 if form.is_submitted() else 200


@pages.get("/records")
@needs(Action.VIEW_RECORDS)
def records(claim_id: int) -> tuple[str, int]:
    """Every record and what became of it."""
    found = get_claim(g.session, viewer(), claim_id, Action.VIEW_RECORDS)
    lines = _lines_of_records(found)
    form = _filter_form(found, lines)
    if not form.validate():
        return render_template("claims/records.html", **found._asdict(), form=form, rows=None), 422
    measure = form.measure.data or None
    page = page_of(count_records(lines, measure))
    rows = _rows(found, measure, offset=page.offset, limit=page.limit)
    return render_template(
        "claims/records.html",
        **found._asdict(),
        form=form,
        rows=rows,
        page=page,
        chosen=next((line for line in lines if line.measure == measure), None),
        shows_persons=_shows_persons(found),
    ), 200


@pages.get("/records.csv")
@needs(Action.VIEW_RECORDS)
def download(claim_id: int) -> Response:
    """The same records as a file."""
    found = get_claim(g.session, viewer(), claim_id, Action.VIEW_RECORDS)
    form = _filter_form(found, _lines_of_records(found))
    if not form.validate():
        return refusal_page(form.refusals)
    rows = _rows(found, form.measure.data or None)
    name = f"records-{reference('claim', claim_id)}"
    cells = _cells(rows, shows_persons=_shows_persons(found))
    return csv_download(name, COLUMNS, cells, filtered_by=form.filled, row_count=len(rows))


@pages.route("/records/remove", methods=["GET", "POST"])
@needs(Action.PREPARE_CLAIM)
def remove(claim_id: int) -> ResponseReturnValue:
    """Remove all records of the measure that the address names, from a draft."""
    found = get_claim(g.session, viewer(), claim_id, Action.PREPARE_CLAIM)
    asked = request.args.get("measure")
    line = next((each for each in _lines_of_records(found) if each.measure == asked), None)
    if line is None:
        raise NotFound
    form = RemoveRecordsForm()
    if form.validate_on_submit():
        actor = acting(Action.PREPARE_CLAIM, found.centre.id)
        remove_records(g.session, actor, found.claim, line)
        flash(f"The records of {line.measure} were removed.")
        return redirect(url_for("claims.show", claim_id=claim_id), 303)
    reasons = reasons_not_to_fill(found.claim)
    page = render_template(
        "claims/remove.html", **found._asdict(), form=form, line=line, reasons=reasons
    )
    return page, 422 if form.is_submitted() else 200


def _lines_of_records(found: ClaimOfCentre) -> list[ClaimLine]:
    lines = list_lines(g.session, found.claim)
    return [line for line in lines if line.basis is LineBasis.RECORDS]


def _filter_form(found: ClaimOfCentre, lines: Iterable[ClaimLine]) -> RecordFilterForm:
    measures = contract_of(g.session, found).terms.measures
    own = {line.measure for line in lines}
    form = RecordFilterForm()
    form.offer({each.code: each.name for each in measures if each.code in own})
    return form


def _shows_persons(found: ClaimOfCentre) -> bool:
    """Pseudonyms are for whoever acts for the centre; others see numbers."""
    return found.centre.id in viewer().centres(Action.VIEW_RECORDS)


def _rows(found: ClaimOfCentre, measure: str | None, **window: Any) -> list[ListedRecord]:
    rows = list_records(g.session, found.claim, measure, **window)
    if found.claim.state is not ClaimState.DRAFT:
        return rows
    contract, lines = contract_of(g.session, found), list_lines(g.session, found.claim)
    return as_valued(rows, get_value(g.session, contract, found.claim, lines, clock.today()))


def _cells(rows: Iterable[ListedRecord], *, shows_persons: bool) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield (
            reference("claim_record", row.id),
            row.measure,
            row.person if shows_persons else f"Person {row.number}",
            row.achieved_on,
            row.evidence,
            row.value,
            in_pounds(row.gross_pence),
            in_pounds(row.payable_pence),
            row.removed_at.value if row.removed_at else "",
            row.why_removed,
            reference("claim_record", row.follows_id) if row.follows_id else "",
        )
