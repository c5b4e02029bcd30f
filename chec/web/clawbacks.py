"""Clawing back: choose the line, the record or the number of outcomes, and confirm."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.clawbacks import claw_back, faults_to_claw_back
from chec.finance.money import format_pounds
from chec.models import LineBasis
from chec.permissions import Action
from chec.queries.accounts import accounts_touched
from chec.queries.claim_decisions import FoundPart, get_part, terms_of_claim
from chec.queries.clawbacks import (
    ApprovedLine,
    ApprovedRecord,
    FollowOn,
    approved_of,
    count_approved_records,
    find_clawback_under,
    get_approved_line,
    get_approved_record,
    list_approved_lines,
    list_approved_records,
    list_follow_ons,
)
from chec.rules.claim_posting import clawback_entry
from chec.rules.clawback import (
    Approved,
    approved_after,
    owed_back_after,
    reasons_not_to_claw_back,
    reasons_without_a_right,
)
from chec.web.access import acting_for, needs, viewer
from chec.web.claim_decisions import own_accounts
from chec.web.forms.clawbacks import ClawBackCountForm, ClawBackRecordForm, Told
from chec.web.lists import page_of

pages = Blueprint(
    "clawbacks",
    __name__,
    url_prefix=(
        "/claims/<reference('claim'):claim_id>/payers/<reference('organisation'):payer_id>/claw-back"
    ),
)


@pages.get("")
@needs(Action.CLAW_BACK)
def index(claim_id: int, payer_id: int) -> str:
    """Every line that the payer approved: what is left of it, and until when it can go back."""
    found = get_part(g.session, viewer(), Action.CLAW_BACK, claim_id, payer_id)
    terms = terms_of_claim(g.session, found.claim)
    lines = [
        (own, approved_of(terms, found.claim, own))
        for own in list_approved_lines(g.session, found.part)
    ]
    return render_template(
        "claims/claw_back.html",
        **found._asdict(),
        terms=terms,
        lines=[(own, approved, _reasons(own, approved)) for own, approved in lines],
    )


@pages.route("/<reference('claim_line'):line_id>", methods=["GET", "POST"])
@needs(Action.CLAW_BACK)
def line(claim_id: int, payer_id: int, line_id: int) -> ResponseReturnValue:
    """Of a line priced from counts, how many did not hold; of one from records, which."""
    found = get_part(g.session, viewer(), Action.CLAW_BACK, claim_id, payer_id)
    own = get_approved_line(g.session, found.part, line_id)
    if own.line.basis is LineBasis.COUNTS:
        return _clawed_back(found, ClawBackCountForm(), own)
    page = page_of(count_approved_records(g.session, found.part, line_id))
    records = list_approved_records(
        g.session, found.part, line_id, offset=page.offset, limit=page.limit
    )
    terms = terms_of_claim(g.session, found.claim)
    approved = [approved_of(terms, found.claim, own, each) for each in records]
    return render_template(
        "claims/claw_back_records.html",
        **found._asdict(),
        own=own,
        terms=terms,
        records=[
            (each, of_it, reasons_not_to_claw_back(of_it, clock.today()))
            for each, of_it in zip(records, approved, strict=True)
        ],
        page=page,
    )


@pages.route("/records/<reference('claim_record'):record_id>", methods=["GET", "POST"])
@needs(Action.CLAW_BACK)
def record(claim_id: int, payer_id: int, record_id: int) -> ResponseReturnValue:
    """Take one record back."""
    found = get_part(g.session, viewer(), Action.CLAW_BACK, claim_id, payer_id)
    chosen = get_approved_record(g.session, found.part, record_id)
    own = get_approved_line(g.session, found.part, chosen.record.line_id)
    return _clawed_back(found, ClawBackRecordForm(), own, chosen)


def _clawed_back(
    found: FoundPart,
    form: ClawBackRecordForm | ClawBackCountForm,
    own: ApprovedLine,
    chosen: ApprovedRecord | None = None,
) -> ResponseReturnValue:
    actor = acting_for(Action.CLAW_BACK, found.payer.id)
    terms = terms_of_claim(g.session, found.claim)
    approved = approved_of(terms, found.claim, own, chosen)
    shown: dict[str, Any] = {
        **found._asdict(),
        "form": form,
        "own": own,
        "chosen": chosen,
        "approved": approved,
        "terms": terms,
        "follow_ons": _follow_ons(found, chosen),
    }
    if form.is_good():
        told = form.told(approved)
        record = chosen.record if chosen else None
        if form.is_confirmed:
            done = claw_back(
                g.session,
                actor,
                found.part,
                own.line,
                record=record,
                **told._asdict(),
                idempotency_key=form.key,
            )
            return _done(found, f"{found.payer.name} clawed back {format_pounds(done.pence)}.")
        if find_clawback_under(g.session, found.part, form.key):
            return _done(found, "This was clawed back already, as shown here.")
        faults = faults_to_claw_back(g.session, actor, found.part, approved, **told._asdict())
        if not form.blame(faults):
            return render_template("claims/claw_back_confirm.html", **shown, **_told(found, told))
    page = render_template(
        "claims/claw_back_one.html",
        **shown,
        reasons=reasons_not_to_claw_back(approved, clock.today()),
    )
    return page, form.status


def _told(found: FoundPart, back: Told) -> dict[str, Any]:
    """What the page to confirm shows of a clawback."""
    entry = clawback_entry(found.claim, found.part, back.pence, clock.today())
    return {
        "back": back,
        "touched": own_accounts(accounts_touched(g.session, found.centre, [entry])),
        "left_pence": approved_after(found.part, back.pence),
        "owed_pence": owed_back_after(found.part, back.pence),
    }


def _done(found: FoundPart, what: str) -> ResponseReturnValue:
    flash(what)
    return redirect(url_for("claims.show", claim_id=found.claim.id), 303)


def _reasons(own: ApprovedLine, approved: Approved) -> list[str]:
    """Why nothing of a line can go back; of one from records, each record has its own last day."""
    if own.line.basis is LineBasis.RECORDS:
        return reasons_without_a_right(approved)
    return reasons_not_to_claw_back(approved, clock.today())


def _follow_ons(found: FoundPart, chosen: ApprovedRecord | None) -> Sequence[FollowOn]:
    if chosen is None:
        return ()
    key = chosen.record.id
    followed = list_follow_ons(g.session, [found.part.id], [key])
    return followed.get((found.payer.id, key), ())
