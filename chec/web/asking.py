"""Pages that ask for a payment: what they show before it is confirmed, and where they lead."""

from collections.abc import Sequence
from typing import Any

from flask import flash, g, redirect, url_for
from werkzeug.wrappers import Response

from chec import clock
from chec.actions.payments import Plan
from chec.finance.money import format_pounds
from chec.models import Centre, PaymentRequest, Transfer
from chec.models.references import reference
from chec.queries.accounts import accounts_touched
from chec.queries.payment_limit import against_limit, prospect_of
from chec.queries.payment_requests import (
    find_decision_on,
    find_request_under,
    list_transfers_of,
)
from chec.web.forms.confirm import SENT_ALREADY, ConfirmedForm


def shown_to_confirm(centre: Centre, plan: Plan) -> dict[str, Any]:
    """What the page to confirm a payment says: its accounts, the limit, and what the bank has."""
    payment = plan.payment
    return {
        "payment": payment,
        "touched": accounts_touched(g.session, centre, plan.entries),
        "against": against_limit(g.session, centre, payment, clock.now()),
        "prospect": prospect_of(g.session, centre, payment.pence),
    }


def sent_already(centre: Centre, form: ConfirmedForm) -> Response | None:
    """To what the form did before, where it has acted; None where it has not."""
    request = find_request_under(g.session, centre.id, form.key)
    if request is None:
        return None
    flash(SENT_ALREADY)
    return redirect(_page_of(request), 303)


def led_to(request: PaymentRequest) -> Response:
    """To what the request recorded; to itself while it waits."""
    posted = list_transfers_of(g.session, request)
    if posted:
        flash(_recorded(posted))
    else:
        flash_waiting(request)
    return redirect(_page_of(request), 303)


def flash_waiting(request: PaymentRequest) -> None:
    """Say that the request waits for another director, where it does."""
    if find_decision_on(g.session, request) is None:
        name = reference("payment_request", request.id)
        flash(f"{name} waits for another director. Nothing is recorded until then.")


def _recorded(posted: Sequence[Transfer]) -> str:
    first, last = (reference("transfer", posted[place].id) for place in (0, -1))
    if len(posted) == 1:
        return f"{format_pounds(posted[0].pence)} is recorded as {first}."
    return f"The payment is recorded. Its first transfer is {first}, its last {last}."


def _page_of(request: PaymentRequest) -> str:
    """Of its transfer, of its transfers in the ledger, or of itself while it has none."""
    posted = list_transfers_of(g.session, request)
    if not posted:
        return url_for("payment_requests.show", request_id=request.id)
    if len(posted) == 1:
        return url_for("transfers.show", transfer_id=posted[0].id)
    on = posted[0].on
    listed: dict[str, Any] = {"cause": posted[0].cause, "from": on, "to": on}
    return url_for("ledger.index", centre_id=request.centre_id, **listed)
