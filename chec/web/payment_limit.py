"""The amount above which a payment of a centre needs a second director."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chec.actions.payment_limits import reasons_to_leave_the_limit, set_payment_limit
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.web.access import acting, needs, viewer
from chec.web.forms.payment_requests import ABOVE, EVERY, SetPaymentLimitForm

pages = Blueprint("payment_limit", __name__, url_prefix="/centres/<reference('centre'):centre_id>")


@pages.route("/payment-limit", methods=["GET", "POST"])
@needs(Action.SET_PAYMENT_LIMIT)
def change(centre_id: int) -> ResponseReturnValue:
    """Set it, after a look at what it means."""
    centre = get_centre(g.session, viewer(), Action.SET_PAYMENT_LIMIT, centre_id)
    actor = acting(Action.SET_PAYMENT_LIMIT, centre_id)
    limit = centre.payment_limit_pence
    form = SetPaymentLimitForm(rule=ABOVE if limit else EVERY, pounds=limit or None)
    if form.is_good():
        if form.is_confirmed:
            set_payment_limit(g.session, actor, centre, form.pence)
            flash("The limit is set. It holds for payments that are asked for from now on.")
            return redirect(url_for("payment_limit.change", centre_id=centre_id), 303)
        reasons = reasons_to_leave_the_limit(g.session, actor, centre, form.pence)
        form.pounds.errors = reasons
        if not reasons and not form.is_already(limit):
            return render_template("payment_limit/confirm.html", centre=centre, form=form), 200
    return render_template("payment_limit/change.html", centre=centre, form=form), form.status
