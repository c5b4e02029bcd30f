"""Payment requests: what waits for a second director, and deciding about it."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chec.actions.payment_requests import (
    approve_payment,
    decided,
    decline_payment,
    payment_today,
    reasons_to_leave_it,
    withdraw_payment,
)
from chec.actions.payments import Plan, plan_payment
from chec.finance.money import format_pounds
from chec.models import User
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.accounts import accounts_touched
from chec.queries.centres import get_centre
from chec.queries.commitments import list_investors
from chec.queries.payment_limit import prospect_of
from chec.queries.payment_requests import (
    FoundRequest,
    count_payment_requests,
    get_payment_request,
    list_payment_requests,
    list_transfers_of,
)
from chec.rules.distribution import reasons_not_as_seen, shares_in_words, totals_of
from chec.rules.payment_request import reasons_not_to_decline, reasons_not_to_withdraw
from chec.web.access import acting, needs, viewer
from chec.web.forms.payment_requests import (
    ApprovePaymentForm,
    DeclinePaymentForm,
    RequestFilterForm,
    WithdrawPaymentForm,
)
from chec.web.lists import page_of
from chec.web.mailing import post
from chec.web.payment_mail import request_decided_mail

pages = Blueprint("payment_requests", __name__)

_ONE = "/payment-requests/<reference('payment_request'):request_id>"


@pages.get("/centres/<reference('centre'):centre_id>/payment-requests")
@needs(Action.VIEW_PAYMENT_REQUESTS)
def index(centre_id: int) -> tuple[str, int]:
    """What waits, oldest first, and then what was decided."""
    centre = get_centre(g.session, viewer(), Action.VIEW_PAYMENT_REQUESTS, centre_id)
    form = RequestFilterForm()
    shown: dict[str, Any] = {
        "centre": centre,
        "form": form,
        "prospect": prospect_of(g.session, centre),
    }
    if not form.validate():
        return render_template("payment_requests/index.html", **shown, rows=None), 422
    chosen = form.chosen()
    page = page_of(count_payment_requests(g.session, viewer(), centre_id, chosen))
    rows = list_payment_requests(
        g.session, viewer(), centre_id, chosen, offset=page.offset, limit=page.limit
    )
    return render_template("payment_requests/index.html", **shown, rows=rows, page=page), 200


@pages.get(_ONE)
@needs(Action.VIEW_PAYMENT_REQUESTS)
def show(request_id: int) -> str:
    """Who asked for what, and what became of it."""
    found = _found(request_id, Action.VIEW_PAYMENT_REQUESTS)
    return render_template(
        "payment_requests/show.html",
        **_shown(found),
        transfers=list_transfers_of(g.session, found.asked),
        is_own=found.asked.requested_by_id == viewer().user_id,
    )


@pages.route(f"{_ONE}/approve", methods=["GET", "POST"])
@needs(Action.APPROVE_PAYMENT)
def approve(request_id: int) -> ResponseReturnValue:
    """Approve another director's request, which pays it today."""
    found = _found(request_id, Action.APPROVE_PAYMENT)
    actor = acting(Action.APPROVE_PAYMENT, found.centre.id)
    form = ApprovePaymentForm()
    if form.validate_on_submit():
        approve_payment(g.session, actor, found.asked, seen=form.seen.data or "")
        amount = format_pounds(found.asked.pence)
        _tell_requester(found, "has been approved, and is recorded as paid today")
        return _done(found, f"You approved it, and {amount} is recorded as paid today.")
    reasons = reasons_to_leave_it(g.session, actor, found.asked)
    payment = payment_today(found.asked, actor)
    plan = plan_payment(g.session, actor, found.centre, payment)
    form.seen.data = shares_in_words(plan.shares)
    page = render_template(
        "payment_requests/approve.html",
        **_shown(found),
        form=form,
        reasons=reasons or [fault.reason for fault in plan.faults],
        on=payment.on,
        touched=accounts_touched(g.session, found.centre, plan.entries),
        **_shares(found, plan),
    )
    return page, 422 if form.is_submitted() else 200


@pages.route(f"{_ONE}/decline", methods=["GET", "POST"])
@needs(Action.APPROVE_PAYMENT)
def decline(request_id: int) -> ResponseReturnValue:
    """Decline another director's request, with a reason."""
    found = _found(request_id, Action.APPROVE_PAYMENT)
    actor = acting(Action.APPROVE_PAYMENT, found.centre.id)
    form = DeclinePaymentForm()
    if form.validate_on_submit():
        decline_payment(g.session, actor, found.asked, form.reason.data or "")
        _tell_requester(found, "has been declined. Nothing was paid")
        return _done(found, "You declined it. Nothing was paid.")
    reasons = reasons_not_to_decline(found.asked, decided(g.session, found.decision), actor.user_id)
    return _act("payment_requests/decline.html", found, form, reasons)


@pages.route(f"{_ONE}/withdraw", methods=["GET", "POST"])
@needs(Action.WITHDRAW_PAYMENT)
def withdraw(request_id: int) -> ResponseReturnValue:
    """Withdraw one's own request."""
    found = _found(request_id, Action.WITHDRAW_PAYMENT)
    actor = acting(Action.WITHDRAW_PAYMENT, found.centre.id)
    form = WithdrawPaymentForm()
    if form.validate_on_submit():
        withdraw_payment(g.session, actor, found.asked)
        return _done(found, "You withdrew it. Nothing was paid.")
    reasons = reasons_not_to_withdraw(
        found.asked, decided(g.session, found.decision), actor.user_id
    )
    return _act("payment_requests/withdraw.html", found, form, reasons)


def _found(request_id: int, action: Action) -> FoundRequest:
    return get_payment_request(g.session, viewer(), action, request_id)


def _shown(found: FoundRequest) -> dict[str, Any]:
    prospect = prospect_of(g.session, found.centre)
    return {**found._asdict(), "state": found.state, "prospect": prospect}


def _shares(found: FoundRequest, plan: Plan) -> dict[str, Any]:
    """Who gets what of a distribution today, and whether that is not what was asked for."""
    return {
        "shares": plan.shares,
        "totals": totals_of(plan.shares),
        "investors": list_investors(g.session, found.centre),
        "differs": reasons_not_as_seen(plan.shares, found.asked.seen),
    }


def _act(template: str, found: FoundRequest, form: Any, reasons: list[str]) -> ResponseReturnValue:
    page = render_template(template, **_shown(found), form=form, reasons=reasons)
    return page, 422 if form.is_submitted() else 200


def _tell_requester(found: FoundRequest, outcome: str) -> None:
    if found.decision or found.asked.requested_by_id is None:
        return  # they were told then; or it was the system
    user = g.session.get_one(User, found.asked.requested_by_id)
    post(request_decided_mail(user, found.asked, outcome))


def _done(found: FoundRequest, text: str) -> ResponseReturnValue:
    flash(f"{reference('payment_request', found.asked.id)}: {text}")
    return redirect(url_for("payment_requests.show", request_id=found.asked.id), 303)
