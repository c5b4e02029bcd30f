"""Payments on a claim: recorded, returned after a clawback, and undone."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.claim_payments import faults_to_record, record_payment, undo_payment
from chec.actions.payment_requests import request_payment
from chec.actions.payments import plan_payment
from chec.finance.money import format_pounds
from chec.models import PaymentRequest, Transfer
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.accounts import accounts_touched
from chec.queries.centres import closed_before
from chec.queries.claim_decisions import (
    FoundPart,
    find_decision,
    find_payment_under,
    get_part,
    get_payment,
)
from chec.queries.ledger import find_reversal
from chec.queries.payment_requests import list_transfers_of, list_waiting_refunds
from chec.rules.claim_payment import (
    due_after,
    owed_back_after_returning,
    reasons_not_to_pay_on,
    reasons_not_to_return_on,
    reasons_not_to_undo,
)
from chec.rules.claim_posting import undoing_entry
from chec.rules.posting import Entry
from chec.rules.reversal import reversal_date
from chec.web.access import acting, needs, viewer
from chec.web.asking import flash_waiting, sent_already, shown_to_confirm
from chec.web.forms.confirm import SENT_ALREADY, ConfirmedForm
from chec.web.forms.payments import RecordPaymentForm, ReturnPaymentForm, UndoPaymentForm

pages = Blueprint(
    "claim_payments",
    __name__,
    url_prefix="/claims/<reference('claim'):claim_id>/payers/<reference('organisation'):payer_id>",
)


@pages.route("/pay", methods=["GET", "POST"])
@needs(Action.RECORD_PAYMENT)
def record(claim_id: int, payer_id: int) -> ResponseReturnValue:
    """Record money that came from the payer, in part or in full."""
    found = get_part(g.session, viewer(), Action.RECORD_PAYMENT, claim_id, payer_id)
    actor = acting(Action.RECORD_PAYMENT, found.centre.id)
    decision = find_decision(g.session, found.part)
    form = RecordPaymentForm(pounds=found.part.due_pence or None, on=clock.today())
    if form.is_good():
        entry = form.entry(found)
        if form.is_confirmed:
            payment = record_payment(
                g.session,
                actor,
                found.part,
                pence=entry.pence,
                received_on=entry.on,
                reference=entry.memo,
                idempotency_key=form.key,
            )
            return _done(found, payment.transfer_id, "is recorded as")
        if find_payment_under(g.session, found.part, form.key):
            return _sent_already(found)
        if not form.blame(faults_to_record(g.session, actor, found.part, entry)):
            left = due_after(found.part, entry.pence)
            return _to_confirm("claims/pay_confirm.html", found, form, entry, left_pence=left)
    reasons = reasons_not_to_pay_on(found.part, decision.decided_on if decision else None)
    return _to_fill_in("claims/pay.html", found, form, reasons=reasons)


@pages.route("/return", methods=["GET", "POST"])
@needs(Action.RETURN_PAYMENT)
def give_back(claim_id: int, payer_id: int) -> ResponseReturnValue:
    """Return what the payer paid and clawed back."""
    found = get_part(g.session, viewer(), Action.RETURN_PAYMENT, claim_id, payer_id)
    actor = acting(Action.RETURN_PAYMENT, found.centre.id)
    form = ReturnPaymentForm(pounds=found.part.owed_back_pence or None, on=clock.today())
    if form.is_good():
        told = (g.session, actor, found.centre, form.payment(found))
        if form.is_confirmed:
            return _asked(found, request_payment(*told, idempotency_key=form.key))
        if answer := sent_already(found.centre, form):
            return answer
        plan = plan_payment(*told)
        if not form.blame(plan.faults):
            return render_template(
                "claims/return_confirm.html",
                **found._asdict(),
                **shown_to_confirm(found.centre, plan),
                form=form,
                left_pence=owed_back_after_returning(found.part, plan.payment.pence),
            )
    return _to_fill_in(
        "claims/return.html",
        found,
        form,
        reasons=reasons_not_to_return_on(found.part),
        waiting=list_waiting_refunds(g.session, viewer(), found.claim),
    )


@pages.route("/payments/<reference('transfer'):transfer_id>/undo", methods=["GET", "POST"])
@needs(Action.RECORD_PAYMENT)
def undo(claim_id: int, payer_id: int, transfer_id: int) -> ResponseReturnValue:
    """Undo a payment, or a return of one, that was recorded wrongly."""
    found = get_part(g.session, viewer(), Action.RECORD_PAYMENT, claim_id, payer_id)
    actor = acting(Action.RECORD_PAYMENT, found.centre.id)
    payment, transfer = get_payment(g.session, found.part, transfer_id)
    form = UndoPaymentForm()
    is_good = form.is_good()
    if is_good and form.is_confirmed:
        reversal = undo_payment(g.session, actor, payment, form.reason.data or "")
        return _done(found, reversal.id, "was undone by")
    undone = find_reversal(g.session, transfer.id)
    reasons = reasons_not_to_undo(
        found.part, transfer.cause, pence=transfer.pence, undone_by_id=undone.id if undone else None
    )
    if is_good and not reasons:
        entry = undoing_entry(found.claim, found.part, transfer, _day_of_undoing(transfer))
        return _to_confirm("claims/undo_confirm.html", found, form, entry, transfer=transfer)
    return _to_fill_in("claims/undo.html", found, form, reasons=reasons, transfer=transfer)


def _day_of_undoing(transfer: Transfer) -> date:
    before = closed_before(g.session, transfer.centre_id)
    return reversal_date(transfer.on, today=clock.today(), closed_before=before).on


def _to_fill_in(
    template: str, found: FoundPart, form: ConfirmedForm, reasons: Sequence[str], **shown: Any
) -> ResponseReturnValue:
    page = render_template(template, **found._asdict(), form=form, reasons=reasons, **shown)
    return page, form.status


def _to_confirm(
    template: str, found: FoundPart, form: ConfirmedForm, entry: Entry, **shown: Any
) -> ResponseReturnValue:
    touched = accounts_touched(g.session, found.centre, [entry])
    page = render_template(
        template, **found._asdict(), form=form, entry=entry, touched=touched, **shown
    )
    return page, 200


def _sent_already(found: FoundPart) -> ResponseReturnValue:
    flash(SENT_ALREADY)
    return redirect(url_for("claims.show", claim_id=found.claim.id), 303)


def _asked(found: FoundPart, request: PaymentRequest) -> ResponseReturnValue:
    for transfer in list_transfers_of(g.session, request):
        return _done(found, transfer.id, "went back, as")
    flash_waiting(request)
    return redirect(url_for("claims.show", claim_id=found.claim.id), 303)


def _done(found: FoundPart, transfer_id: int, what: str) -> ResponseReturnValue:
    transfer = g.session.get_one(Transfer, transfer_id)
    flash(f"{format_pounds(transfer.pence)} {what} {reference('transfer', transfer_id)}.")
    return redirect(url_for("claims.show", claim_id=found.claim.id), 303)
