"""Quarters of the ledger, and closing them."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from chec import clock
from chec.actions.quarters import close_quarter
from chec.errors import NotFound
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.queries.quarters import list_quarters
from chec.web.access import acting, needs, viewer
from chec.web.forms.ledger import CloseQuarterForm

pages = Blueprint(
    "quarters", __name__, url_prefix="/centres/<reference('centre'):centre_id>/quarters"
)


@pages.get("")
@needs(Action.VIEW_LEDGER)
def index(centre_id: int) -> str:
    """Every quarter since the centre opened, newest first."""
    centre = get_centre(g.session, viewer(), Action.VIEW_LEDGER, centre_id)
    quarters = list_quarters(g.session, viewer(), centre, clock.today())
    return render_template("quarters/index.html", centre=centre, quarters=quarters)


@pages.route("/<code>/close", methods=["GET", "POST"])
@needs(Action.CLOSE_QUARTER)
def close(centre_id: int, code: str) -> Response | tuple[str, int]:
    """Close a quarter and every earlier one, after a look at what that means."""
    centre = get_centre(g.session, viewer(), Action.CLOSE_QUARTER, centre_id)
    actor = acting(Action.CLOSE_QUARTER, centre_id)
    quarters = list_quarters(g.session, viewer(), centre, clock.today())
    rows = {row.quarter.code: row for row in quarters}
    if code not in rows:
        raise NotFound
    quarter = rows[code].quarter
    form = CloseQuarterForm()
    if form.validate_on_submit():
        close_quarter(g.session, actor, centre, quarter)
        flash(f"{quarter.name} is closed.")
        return redirect(url_for("quarters.index", centre_id=centre_id), 303)
    page = render_template("quarters/close.html", centre=centre, row=rows[code], form=form)
    return page, 422 if form.is_submitted() else 200
