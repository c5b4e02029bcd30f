"""Claims: listed by state, prepared, looked at, submitted and withdrawn."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.claims import discard_claim, prepare_claim, submit_claim, withdraw_claim
from chec.finance.money import in_pounds
from chec.models import Centre
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.accounts import list_owners
from chec.queries.centres import get_centre
from chec.queries.claim_lists import (
    SORTED_BY,
    ListedClaim,
    count_claims,
    list_choices,
    list_claims,
)
from chec.queries.claim_standing import list_standings
from chec.queries.claim_values import contract_of, get_value
from chec.queries.claims import (
    ClaimOfCentre,
    count_claimed,
    get_claim,
    is_open_to,
    list_lines,
    list_parts,
)
from chec.queries.contracts import get_centre_of_contracts, get_contract, list_references
from chec.queries.payment_requests import list_waiting_refunds
from chec.queries.users import user_names
from chec.queries.ventures import get_venture
from chec.rules.claim_preparation import reasons_not_to_fill, reasons_not_to_prepare
from chec.rules.claim_withdrawal import reasons_not_to_discard, reasons_not_to_withdraw
from chec.web.access import acting, needs, viewer
from chec.web.downloads import csv_download
from chec.web.errors import refusal_page
from chec.web.forms.claims import (
    ClaimFilterForm,
    DiscardClaimForm,
    PrepareClaimForm,
    SubmitClaimForm,
    WithdrawClaimForm,
)
from chec.web.lists import page_of, sort_of

pages = Blueprint("claims", __name__)

_OF_A_CENTRE = "/centres/<reference('centre'):centre_id>/claims"
_ONE = "/claims/<reference('claim'):claim_id>"

COLUMNS = (
    *("claim", "venture", "contract", "first day", "last day", "state"),
    *("asked", "approved", "paid", "waiting days"),
)


@pages.get(_OF_A_CENTRE)
@needs(Action.VIEW_CLAIM)
def index(centre_id: int) -> tuple[str, int]:
    """Claims by state; a commissioner sees what is asked of their organisation."""
    centre = get_centre_of_contracts(g.session, viewer(), centre_id)
    form = _filter_form(centre)
    if not form.validate():
        return render_template("claims/index.html", centre=centre, form=form, counts=None), 422
    chosen, sort = form.chosen(), sort_of(SORTED_BY, "-claim")
    counts = count_claims(g.session, viewer(), centre_id, chosen)
    page = page_of(counts.of(chosen.state))
    claims = list_claims(
        g.session, viewer(), centre_id, chosen, sort=sort, offset=page.offset, limit=page.limit
    )
    return render_template(
        "claims/index.html",
        centre=centre,
        form=form,
        counts=counts,
        chosen=chosen,
        sort=sort,
        page=page,
        claims=claims,
        today=clock.today(),
    ), 200


@pages.get(f"{_OF_A_CENTRE}/claims.csv")
@needs(Action.VIEW_CLAIM)
def download(centre_id: int) -> Response:
    """The same claims as a file."""
    centre = get_centre_of_contracts(g.session, viewer(), centre_id)
    form = _filter_form(centre)
    if not form.validate():
        return refusal_page(form.refusals)
    sort = sort_of(SORTED_BY, "-claim")
    claims = list_claims(g.session, viewer(), centre_id, form.chosen(), sort=sort)
    name = f"claims-{reference('centre', centre_id)}"
    return csv_download(name, COLUMNS, _cells(claims), filtered_by=form.filled)


@pages.route(f"{_OF_A_CENTRE}/new", methods=["GET", "POST"])
@needs(Action.PREPARE_CLAIM)
def new(centre_id: int) -> ResponseReturnValue:
    """Prepare a claim: what is claimed for which venture and period."""
    centre = get_centre(g.session, viewer(), Action.PREPARE_CLAIM, centre_id)
    contracts = list_references(g.session, centre_id)
    form = PrepareClaimForm(contract=request.args.get("contract"))
    form.offer(
        {key: name for name, key in contracts.items()}, list_owners(g.session, centre_id, "venture")
    )
    if form.validate_on_submit():
        contract = get_contract(g.session, viewer(), form.contract_id)
        venture = get_venture(g.session, viewer(), form.venture_id).venture
        period = {"starts_on": form.starts_on, "ends_before": form.ends_before}
        today = clock.today()
        if not form.is_refused(
            reasons_not_to_prepare(contract.terms, venture, centre=centre, today=today, **period)
        ):
            actor = acting(Action.PREPARE_CLAIM, centre_id)
            claim = prepare_claim(g.session, actor, contract.contract, venture, **period)
            return redirect(url_for("claims.show", claim_id=claim.id), 303)
    page = render_template("claims/new.html", centre=centre, form=form, contracts=contracts)
    return page, 422 if form.is_submitted() else 200


@pages.get(_ONE)
@needs(Action.VIEW_CLAIM)
def show(claim_id: int) -> str:
    """What is claimed, what it is worth and why, and how it stands with each payer."""
    found = get_claim(g.session, viewer(), claim_id)
    standings = list_standings(g.session, viewer(), found.claim)
    return render_template(
        "claims/show.html",
        **_shown(found),
        standings=standings,
        waiting_refunds=list_waiting_refunds(g.session, viewer(), found.claim),
        today=clock.today(),
    )


@pages.route(f"{_ONE}/submit", methods=["GET", "POST"])
@needs(Action.SUBMIT_CLAIM)
def submit(claim_id: int) -> ResponseReturnValue:
    """Ask the payers for what the claim is worth, after a look at it."""
    found = get_claim(g.session, viewer(), claim_id, Action.SUBMIT_CLAIM)
    form = SubmitClaimForm()
    if form.validate_on_submit():
        actor = acting(Action.SUBMIT_CLAIM, found.centre.id)
        submit_claim(g.session, actor, found.claim, form.seen)
        flash(f"{reference('claim', claim_id)} was submitted to its payers.")
        return redirect(url_for("claims.show", claim_id=claim_id), 303)
    shown = _shown(found)
    form.seen_pence.data = str(shown["value"].payable_pence)
    reasons = reasons_not_to_fill(found.claim)
    page = render_template("claims/submit.html", **shown, form=form, reasons=reasons)
    return page, 422 if form.is_submitted() else 200


@pages.route(f"{_ONE}/withdraw", methods=["GET", "POST"])
@needs(Action.WITHDRAW_CLAIM)
def withdraw(claim_id: int) -> ResponseReturnValue:
    """Take the claim back, while no payer has decided."""
    found = get_claim(g.session, viewer(), claim_id, Action.WITHDRAW_CLAIM)
    form = WithdrawClaimForm()
    if form.validate_on_submit():
        withdraw_claim(g.session, acting(Action.WITHDRAW_CLAIM, found.centre.id), found.claim)
        flash(f"{reference('claim', claim_id)} was withdrawn. What it held is free again.")
        return redirect(url_for("claims.show", claim_id=claim_id), 303)
    page = render_template("claims/withdraw.html", **_shown(found), form=form)
    return page, 422 if form.is_submitted() else 200


@pages.route(f"{_ONE}/discard", methods=["GET", "POST"])
@needs(Action.PREPARE_CLAIM)
def discard(claim_id: int) -> ResponseReturnValue:
    """Remove a draft with everything in it."""
    found = get_claim(g.session, viewer(), claim_id, Action.PREPARE_CLAIM)
    form = DiscardClaimForm()
    if form.validate_on_submit():
        discard_claim(g.session, acting(Action.PREPARE_CLAIM, found.centre.id), found.claim)
        flash(f"The draft {reference('claim', claim_id)} was discarded.")
        return redirect(url_for("claims.index", centre_id=found.centre.id), 303)
    page = render_template(
        "claims/discard.html",
        **found._asdict(),
        form=form,
        reasons=reasons_not_to_discard(found.claim),
        count=count_claimed(g.session, found.claim),
    )
    return page, 422 if form.is_submitted() else 200


def _shown(found: ClaimOfCentre) -> dict[str, Any]:
    """What every page about the worth of a claim is given."""
    contract = contract_of(g.session, found)
    lines, parts = list_lines(g.session, found.claim), list_parts(g.session, found.claim)
    by = (found.claim.prepared_by_id, found.claim.submitted_by_id)
    names = user_names(g.session, viewer(), found.centre.id, by)
    return {
        **found._asdict(),
        "parts": parts,
        "terms": contract.terms,
        "value": get_value(g.session, contract, found.claim, lines, clock.today()),
        "lines": {line.measure: line for line in lines},
        "may_see_records": is_open_to(viewer(), Action.VIEW_RECORDS, found, parts),
        "reasons_not_to_withdraw": reasons_not_to_withdraw(found.claim, [p.part for p in parts]),
        "prepared_by": names[found.claim.prepared_by_id],
        "submitted_by": names[found.claim.submitted_by_id],
    }


def _filter_form(centre: Centre) -> ClaimFilterForm:
    form = ClaimFilterForm()
    form.offer(*list_choices(g.session, viewer(), centre.id))
    return form


def _cells(claims: Iterable[ListedClaim]) -> Iterator[tuple[object, ...]]:
    today = clock.today()
    for claim in claims:
        sums = [in_pounds(pence) for pence in claim.sums] if claim.sums else [None, None, None]
        yield (
            reference("claim", claim.id),
            claim.venture,
            claim.contract,
            claim.starts_on,
            claim.last_day,
            claim.state.value,
            *sums,
            claim.age_days(today),
        )
