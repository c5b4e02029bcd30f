"""A commissioner's inbox: what waits for their decision, and what they decided."""

from flask import Blueprint, g, render_template, request

from chec import clock
from chec.models import Role
from chec.permissions import Action
from chec.queries.inbox import SORTED_BY, Tray, count_inbox, list_inbox, total_inbox
from chec.queries.payers import list_centres_paid
from chec.web.access import needs, viewer
from chec.web.lists import page_of, sort_of

pages = Blueprint("inbox", __name__, url_prefix="/inbox")


@pages.get("")
@needs(Action.DECIDE_CLAIM)
def index() -> str:
    """What waits, across centres, oldest first; with `tray=decided`, what was decided."""
    tray = Tray.DECIDED if request.args.get("tray") == Tray.DECIDED else Tray.WAITING
    today = clock.today()
    own = viewer().organisations(Action.DECIDE_CLAIM, Role.COMMISSIONER)
    counts = count_inbox(g.session, viewer())
    sort = sort_of(SORTED_BY, "asked-on" if tray is Tray.WAITING else "-asked-on")
    page = page_of(counts[tray])
    rows = list_inbox(g.session, viewer(), tray, sort=sort, offset=page.offset, limit=page.limit)
    paid = list_centres_paid(g.session, viewer())
    centres = {each.centre.id for each in paid}
    return render_template(
        "inbox/index.html",
        centre=paid[0].centre if len(centres) == 1 else None,
        paid=paid,
        tray=tray,
        counts=counts,
        total=total_inbox(g.session, viewer(), tray, today),
        rows=rows,
        page=page,
        sort=sort,
        today=today,
        shows_payer=len(own) > 1,
    )
