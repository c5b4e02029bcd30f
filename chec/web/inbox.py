"""A commissioner's inbox: what waits for their decision, and what they decided."""

from flask import Blueprint, g, render_template, request

from chec import clock
from chec.models import Role
from chec.permissions import Action
from chec.queries.inbox import SORTED_BY, Tray, list_inbox, total_inbox
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
    totals = total_inbox(g.session, viewer(), today)
    sort = sort_of(SORTED_BY, "submitted" if tray is Tray.WAITING else "-submitted")
    page = page_of(totals[tray].claim_count)
    rows = list_inbox(g.session, viewer(), tray, sort=sort, offset=page.offset, limit=page.limit)
    return render_template(
        "inbox/index.html",
        tray=tray,
        trays=Tray,
        totals=totals,
        rows=rows,
        page=page,
        sort=sort,
        today=today,
        shows_payer=len(own) > 1,
    )
