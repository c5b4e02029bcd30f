"""The whole audit trail of the centres that somebody administers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from flask import Blueprint, Response, g, render_template

from chec.models import AuditEvent
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.audit_chain import head_of
from chec.queries.audit_trail import (
    Known,
    each_event,
    list_acted_for,
    list_persons,
    list_trail,
    users_meant,
)
from chec.queries.centres import list_centres
from chec.queries.job_runs import list_mails_not_sent
from chec.queries.things_named import Named, things_named
from chec.rules.job_retries import retry_at
from chec.rules.trail_mail import day_and_recipient
from chec.web.access import needs, viewer
from chec.web.downloads import csv_download
from chec.web.errors import refusal_page
from chec.web.forms.audit_trail import TrailFilterForm
from chec.web.lists import PER_PAGE, place_in_address
from chec.web.trail_words import changes_in_words, roles_of, rows_of, texts_of

pages = Blueprint("audit_trail", __name__, url_prefix="/audit")

COLUMNS = (
    *("number", "at", "person", "user", "acting for", "event", "on", "about", "centre", "changes"),
    *("detail", "rows", "content hash", "from", "hash"),
)


@pages.get("")
@needs(Action.VIEW_TRAIL)
def index() -> tuple[str, int]:
    """Who did what, newest first, and where the chain of it ends."""
    people = list_persons(g.session, viewer())
    form = _filter_form(people)
    top = {"form": form, "head": head_of(g.session), "not_sent": _mails_not_sent()}
    if not form.validate():
        return render_template("trail/index.html", **top, page=None), 422
    page = list_trail(
        g.session, viewer(), people, form.chosen(), **place_in_address(), limit=PER_PAGE
    )
    things = things_named(g.session, viewer(), texts_of(page.events))
    meant = users_meant(g.session, page.events)
    rows = rows_of(page.events, _names(people), things, meant)
    return render_template("trail/index.html", **top, page=page, rows=rows), 200


@pages.get("/events.csv")
@needs(Action.VIEW_TRAIL)
def download() -> Response:
    """The same events as a file."""
    people = list_persons(g.session, viewer())
    form = _filter_form(people)
    if not form.validate():
        return refusal_page(form.refusals)
    asked = (g.session, viewer(), people, form.chosen())
    things = things_named(g.session, viewer(), list_acted_for(*asked))
    cells = _cells(each_event(*asked), _names(people), things)
    return csv_download("audit trail", COLUMNS, cells, filtered_by=form.filled)


def _mails_not_sent() -> list[tuple[str, date, datetime | None]]:
    """Of which centre and day, and when each is tried again, if it is."""
    return [
        (name, day_and_recipient(run.period)[0], retry_at(run))
        for name, run in list_mails_not_sent(g.session, viewer())
    ]


def _names(people: Mapping[int, Known]) -> dict[int, str]:
    return {key: each.name for key, each in people.items()}


def _filter_form(people: Mapping[int, Known]) -> TrailFilterForm:
    form = TrailFilterForm()
    centres = list_centres(g.session, viewer(), Action.VIEW_TRAIL)
    form.offer(people=_names(people), centres={centre.id: centre.name for centre in centres})
    return form


def _cells(
    events: Iterable[tuple[AuditEvent, str | None]],
    people: Mapping[int, str],
    things: Mapping[str, Named],
) -> Iterator[tuple[object, ...]]:
    for each, about in events:
        yield (
            each.id,
            each.at.isoformat(),
            people.get(each.user_id or 0, ""),
            reference("user", each.user_id) if each.user_id else "",
            roles_of(each, things),
            each.event,
            each.subject,
            about,
            reference("centre", each.centre_id) if each.centre_id else "",
            changes_in_words(each),
            each.detail,
            each.row_count,
            each.content_hash,
            each.address,
            each.hash,
        )
