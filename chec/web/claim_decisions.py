"""A payer's decision on its part of a claim: whole, or line by line; then confirmed."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.claim_decisions import decide_claim
from chec.actions.ledger import faults_to_post
from chec.finance.money import format_pounds
from chec.models import AccountKind
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.accounts import AccountTouched, accounts_touched
from chec.queries.claim_chains import list_broken_chains
from chec.queries.claim_decisions import (
    AskedLine,
    FoundPart,
    decided,
    find_decision,
    get_part,
    list_asked_lines,
    list_filled_in_by,
    terms_of_claim,
)
from chec.queries.claim_trace import list_removals_by_measure
from chec.rules.claim_approval import Verdicts, propose, reasons_not_to_decide
from chec.rules.claim_posting import approval_entry
from chec.web.access import acting_for, needs, viewer
from chec.web.forms.decisions import DecideForm, DecideLinesForm, lines_form

pages = Blueprint(
    "claim_decisions",
    __name__,
    url_prefix="/claims/<reference('claim'):claim_id>/payers/<reference('organisation'):payer_id>",
)


@pages.route("/decide", methods=["GET", "POST"])
@needs(Action.DECIDE_CLAIM)
def decide(claim_id: int, payer_id: int) -> ResponseReturnValue:
    """Approve or reject the whole of what is asked of the payer."""
    found = get_part(g.session, viewer(), Action.DECIDE_CLAIM, claim_id, payer_id)
    return _decided(found, DecideForm(), list_asked_lines(g.session, found.part))


@pages.route("/decide/lines", methods=["GET", "POST"])
@needs(Action.DECIDE_CLAIM)
def decide_lines(claim_id: int, payer_id: int) -> ResponseReturnValue:
    """Approve or reject each line."""
    found = get_part(g.session, viewer(), Action.DECIDE_CLAIM, claim_id, payer_id)
    lines = list_asked_lines(g.session, found.part)
    return _decided(found, lines_form(lines), lines)


def own_accounts(touched: Sequence[AccountTouched]) -> Sequence[AccountTouched]:
    """Those of the payer: the other is the venture's income, from all who pay for it."""
    return [each for each in touched if each.kind is AccountKind.OUTCOME_RECEIVABLE]


def _decided(
    found: FoundPart, form: DecideForm | DecideLinesForm, lines: list[AskedLine]
) -> ResponseReturnValue:
    actor = acting_for(Action.DECIDE_CLAIM, found.payer.id)
    is_good = form.is_good()
    if is_good and form.is_confirmed:
        decision = decide_claim(g.session, actor, found.part, form.verdicts(lines))
        flash(_told(decision.approved_pence, found))
        return redirect(url_for("claims.show", claim_id=found.claim.id), 303)
    before = decided(g.session, find_decision(g.session, found.part))
    reasons = reasons_not_to_decide(
        found.claim,
        found.part,
        actor.user_id,
        before,
        filled_in_by=list_filled_in_by(g.session, found.claim),
    )
    shown = {
        **found._asdict(),
        "form": form,
        "lines": lines,
        "terms": terms_of_claim(g.session, found.claim),
        "reasons": reasons,
    }
    if is_good and not reasons:
        confirm = _to_confirm(found, form.verdicts(lines), shown)
        if not form.blame(faults_to_post(g.session, actor, found.centre, confirm.pop("entries"))):
            return render_template("claims/decide_confirm.html", **confirm), 200
    page = render_template(
        "claims/decide.html",
        **shown,
        by_line=isinstance(form, DecideLinesForm),
        removals=list_removals_by_measure(g.session, found.claim),
        broken=list_broken_chains(g.session, found.claim),
        today=clock.today(),
    )
    return page, form.status


def _to_confirm(found: FoundPart, verdicts: Verdicts, shown: dict[str, Any]) -> dict[str, Any]:
    proposal = propose({each.line.id: each.asked_pence for each in shown["lines"]}, verdicts)
    approved = proposal.approved_pence
    entry = approval_entry(found.claim, found.part, approved, clock.today())
    entries = [entry] if approved else []
    return {
        **shown,
        "verdicts": verdicts,
        "proposal": proposal,
        "entries": entries,
        "touched": own_accounts(accounts_touched(g.session, found.centre, entries)),
    }


def _told(approved_pence: int, found: FoundPart) -> str:
    name = reference("claim", found.claim.id)
    if approved_pence:
        return f"{found.payer.name} approved {format_pounds(approved_pence)} of {name}."
    return f"{found.payer.name} rejected its part of {name}."
