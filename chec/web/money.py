"""Money in and out of a centre: the desk, and acts that are confirmed on a page of accounts."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from chec import clock
from chec.actions.funding_agreements import agree_funding, agreed_under
from chec.actions.instruments import (
    agree_commitment,
    faults_of_drawdown,
    faults_to_agree,
    record_drawdown,
)
from chec.actions.ledger import posted_under
from chec.actions.payment_requests import request_payment
from chec.actions.payments import Plan, plan_payment
from chec.finance.money import format_pounds
from chec.models import Centre, Transfer
from chec.models.references import reference
from chec.permissions import Action, Actor
from chec.queries.accounts import accounts_touched
from chec.queries.centres import get_centre
from chec.queries.commitments import committed_by, list_commitments, list_investors, undrawn_of
from chec.queries.funding_agreements import list_promises, still_promised_of
from chec.queries.payment_limit import prospect_of
from chec.rules.distribution import shares_in_words, totals_of
from chec.rules.funding_agreement import faults_to_promise
from chec.rules.posting import Entry
from chec.web.access import acting, needs, viewer
from chec.web.asking import led_to, sent_already, shown_to_confirm
from chec.web.forms.confirm import SENT_ALREADY, ConfirmedForm
from chec.web.forms.money import (
    AgreeCommitmentForm,
    AgreeFundingForm,
    DistributeForm,
    PaymentForm,
    RecordDrawdownForm,
    RecordRunningCostForm,
    ReleaseTrancheForm,
)

pages = Blueprint("money", __name__, url_prefix="/centres/<reference('centre'):centre_id>/money")

Answer = Response | tuple[str, int]


@pages.get("")
@needs(Action.VIEW_MONEY)
def index(centre_id: int) -> str:
    """What is in the bank, what may still be drawn, what ventures are promised, and the acts."""
    centre = get_centre(g.session, viewer(), Action.VIEW_MONEY, centre_id)
    commitments = list_commitments(g.session, centre)
    promises = list_promises(g.session, centre_id, clock.today())
    return render_template(
        "money/index.html",
        centre=centre,
        prospect=prospect_of(g.session, centre),
        commitments=commitments,
        undrawn_pence=undrawn_of(commitments),
        still_promised_pence=still_promised_of(promises),
        promises=[each for each in promises if each.promised_pence or each.released_pence],
        has_ventures=bool(promises),
    )


@pages.route("/commit", methods=["GET", "POST"])
@needs(Action.AGREE_COMMITMENT)
def commit(centre_id: int) -> Answer:
    """Record what an investor promises."""
    centre, actor = _entered(Action.AGREE_COMMITMENT, centre_id)
    form = AgreeCommitmentForm()
    form.offer(list_investors(g.session, centre))
    if form.is_good():
        terms = form.terms
        if form.is_confirmed:
            agreed = agree_commitment(g.session, actor, centre, terms)
            flash(f"{format_pounds(agreed.committed_pence)} is recorded as {agreed.reference}.")
            return redirect(url_for("money.index", centre_id=centre_id), 303)
        if not form.blame(faults_to_agree(g.session, actor, centre, terms)):
            told = (g.session, centre, terms.investor)
            return _to_confirm(
                "money/commit_confirm.html",
                centre,
                form,
                [],
                terms=terms,
                before=committed_by(*told),
                together=committed_by(*told, terms.committed_pence),
            )
    return _to_fill_in("money/commit.html", centre, form)


@pages.route("/draw", methods=["GET", "POST"])
@needs(Action.RECORD_DRAWDOWN)
def draw(centre_id: int) -> Answer:
    """Record money received under an agreement."""
    centre, actor = _entered(Action.RECORD_DRAWDOWN, centre_id)
    commitments = {each.instrument.id: each for each in list_commitments(g.session, centre)}
    form = RecordDrawdownForm()
    form.offer(commitments.values())
    if form.is_good():
        commitment = commitments[form.instrument_id]
        instrument = commitment.instrument
        entry = form.entry(instrument)
        if form.is_confirmed:
            return _posted(record_drawdown(g.session, actor, instrument, entry, form.key))
        if not form.blame(faults_of_drawdown(g.session, actor, centre, instrument, entry)):
            page = "money/draw_confirm.html"
            return _to_confirm(page, centre, form, [entry], entry=entry, commitment=commitment)
    return _to_fill_in("money/draw.html", centre, form, commitments=commitments)


@pages.route("/promise", methods=["GET", "POST"])
@needs(Action.AGREE_FUNDING)
def promise(centre_id: int) -> Answer:
    """Record what a venture is promised."""
    centre, actor = _entered(Action.AGREE_FUNDING, centre_id)
    today = clock.today()
    listed = list_promises(g.session, centre_id, today)
    promises = {each.venture.id: each for each in listed if not each.has_stopped}
    form = AgreeFundingForm()
    form.offer(promises.values())
    if form.is_good():
        promised, terms = promises[form.venture_id], form.terms
        if form.is_confirmed:
            agreed = agree_funding(g.session, actor, promised.venture, terms, form.key)
            name, pence = promised.venture.name, agreed.promised_pence
            flash(f"{format_pounds(pence)} is recorded as promised to {name}.")
            return _to_promises(centre)
        if agreed_under(g.session, centre, form.key):
            flash(SENT_ALREADY)
            return _to_promises(centre)
        if not form.blame(faults_to_promise(promised.venture, terms, today)):
            page = "money/promise_confirm.html"
            return _to_confirm(
                page,
                centre,
                form,
                [],
                promised=promised,
                terms=terms,
                bound_pence=promised.bound_pence(terms.pence),
            )
    return _to_fill_in("money/promise.html", centre, form, promises=promises)


@pages.route("/release", methods=["GET", "POST"])
@needs(Action.RELEASE_TRANCHE)
def release(centre_id: int) -> Answer:
    """Ask for a tranche to be released to a venture."""
    centre, actor = _entered(Action.RELEASE_TRANCHE, centre_id)
    today = clock.today()
    promises = {each.venture.id: each for each in list_promises(g.session, centre_id, today)}
    form = ReleaseTrancheForm()
    form.offer(promises.values())
    if form.is_good():
        if form.is_confirmed:
            return _asked(centre, actor, form)
        plan = plan_payment(g.session, actor, centre, form.payment)
        if not form.blame(plan.faults):
            promised = promises[form.venture_id]
            return _to_ask("money/release_confirm.html", centre, form, plan, promised=promised)
    return _to_fill_in("money/release.html", centre, form, promises=promises)


@pages.route("/spend", methods=["GET", "POST"])
@needs(Action.RECORD_RUNNING_COST)
def spend(centre_id: int) -> Answer:
    """Ask for a running cost to be paid."""
    centre, actor = _entered(Action.RECORD_RUNNING_COST, centre_id)
    form = RecordRunningCostForm()
    if form.is_good():
        if form.is_confirmed:
            return _asked(centre, actor, form)
        plan = plan_payment(g.session, actor, centre, form.payment)
        if not form.blame(plan.faults):
            return _to_ask("money/spend_confirm.html", centre, form, plan)
    return _to_fill_in("money/spend.html", centre, form)


@pages.route("/distribute", methods=["GET", "POST"])
@needs(Action.DISTRIBUTE)
def distribute(centre_id: int) -> Answer:
    """Ask for money to be paid out to all investors together."""
    centre, actor = _entered(Action.DISTRIBUTE, centre_id)
    form = DistributeForm()
    if form.is_good():
        if form.is_confirmed:
            return _asked(centre, actor, form, seen=form.seen.data or "")
        plan = plan_payment(g.session, actor, centre, form.payment)
        if not form.blame(plan.faults):
            form.seen.data = shares_in_words(plan.shares)
            return _to_ask(
                "money/distribute_confirm.html",
                centre,
                form,
                plan,
                shares=plan.shares,
                totals=totals_of(plan.shares),
                investors=list_investors(g.session, centre),
            )
    return _to_fill_in("money/distribute.html", centre, form)


def _entered(action: Action, centre_id: int) -> tuple[Centre, Actor]:
    return get_centre(g.session, viewer(), action, centre_id), acting(action, centre_id)


def _to_fill_in(template: str, centre: Centre, form: ConfirmedForm, **shown: Any) -> Answer:
    return render_template(template, centre=centre, form=form, **shown), form.status


def _to_confirm(
    template: str, centre: Centre, form: ConfirmedForm, entries: Sequence[Entry], **shown: Any
) -> Answer:
    # Somebody who went back and filled the same page in again: it acts once.
    posted = posted_under(g.session, centre, form.key)
    if posted:
        flash(SENT_ALREADY)
        return redirect(url_for("transfers.show", transfer_id=posted.id), 303)
    touched = accounts_touched(g.session, centre, entries)
    page = render_template(template, centre=centre, form=form, touched=touched, **shown)
    return page, 200


def _to_ask(template: str, centre: Centre, form: ConfirmedForm, plan: Plan, **shown: Any) -> Answer:
    # Somebody who went back and filled the same page in again: it acts once.
    if answer := sent_already(centre, form):
        return answer
    page = shown_to_confirm(centre, plan)
    return render_template(template, centre=centre, form=form, **page, **shown), 200


def _asked(centre: Centre, actor: Actor, form: PaymentForm, seen: str = "") -> Response:
    request = request_payment(
        g.session, actor, centre, form.payment, seen=seen, idempotency_key=form.key
    )
    return led_to(request)


def _to_promises(centre: Centre) -> Response:
    return redirect(url_for("money.index", centre_id=centre.id, _anchor="promises"), 303)


def _posted(transfer: Transfer) -> Response:
    flash(f"{format_pounds(transfer.pence)} is recorded as {reference('transfer', transfer.id)}.")
    return redirect(url_for("transfers.show", transfer_id=transfer.id), 303)
