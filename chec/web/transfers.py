"""A transfer: what it moved, why, and its reversal."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from chec import clock
from chec.actions.ledger import reasons_to_mend_otherwise, reverse_transfer
from chec.models import Centre, Transfer
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.accounts import account_names
from chec.queries.centres import closed_before
from chec.queries.claim_trace import trace_transfer
from chec.queries.ledger import find_reversal, get_transfer
from chec.queries.payment_requests import find_request_of
from chec.queries.users import user_name
from chec.rules.reversal import reversal_date
from chec.web.access import acting, needs, viewer
from chec.web.forms.ledger import ReverseTransferForm

pages = Blueprint("transfers", __name__, url_prefix="/transfers")


@pages.get("/<reference('transfer'):transfer_id>")
@needs(Action.VIEW_TRANSFER)
def show(transfer_id: int) -> str:
    """One transfer, with what it reverses and what reverses it."""
    transfer = get_transfer(g.session, viewer(), transfer_id)
    return render_template("transfers/show.html", **_shown(transfer))


@pages.route("/<reference('transfer'):transfer_id>/reverse", methods=["GET", "POST"])
@needs(Action.REVERSE_TRANSFER)
def reverse(transfer_id: int) -> Response | tuple[str, int]:
    """Move the money back, with a reason."""
    transfer = get_transfer(g.session, viewer(), transfer_id)
    actor = acting(Action.REVERSE_TRANSFER, transfer.centre_id)
    form = ReverseTransferForm()
    if form.validate_on_submit():
        reversal = reverse_transfer(g.session, actor, transfer, form.reason.data or "")
        done, undone = reference("transfer", reversal.id), reference("transfer", transfer.id)
        flash(f"{undone} was reversed by {done}.")
        return redirect(url_for("transfers.show", transfer_id=reversal.id), 303)
    dated = reversal_date(
        transfer.on,
        today=clock.today(),
        closed_before=closed_before(g.session, transfer.centre_id),
    )
    page = render_template("transfers/reverse.html", **_shown(transfer), form=form, dated=dated)
    return page, 422 if form.is_submitted() else 200


def _shown(transfer: Transfer) -> dict[str, object]:
    return {
        "centre": g.session.get(Centre, transfer.centre_id),
        "transfer": transfer,
        "names": account_names(g.session, transfer.centre_id),
        "reversal": find_reversal(g.session, transfer.id),
        "recorded_by": user_name(g.session, viewer(), transfer.centre_id, transfer.recorded_by_id),
        "trace": trace_transfer(g.session, viewer(), transfer),
        "asked": find_request_of(g.session, viewer(), transfer),
        "mended_otherwise": reasons_to_mend_otherwise(g.session, transfer),
    }
