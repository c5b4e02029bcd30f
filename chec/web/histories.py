"""The history of a venture, a contract, a claim or an investor: what was done about it, by whom."""

from collections.abc import Sequence

from flask import Blueprint, g, render_template

from chec.models import AuditEvent
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.audit_trail import list_history
from chec.queries.centres import get_centre
from chec.queries.claims import get_claim
from chec.queries.contracts import get_contract
from chec.queries.investors import get_investor
from chec.queries.things_named import things_named
from chec.queries.users import user_names
from chec.queries.ventures import get_venture
from chec.web.access import needs, viewer
from chec.web.lists import PER_PAGE, place_in_address
from chec.web.trail_words import rows_of, texts_of

pages = Blueprint("histories", __name__)


@pages.get("/ventures/<reference('venture'):venture_id>/history")
@needs(Action.VIEW_HISTORY)
def venture(venture_id: int) -> str:
    """Its tranches, claims and payments, and whatever else was done about it."""
    found = get_venture(g.session, viewer(), venture_id).venture
    return _page(found.centre_id, "venture", venture_id, found.name)


@pages.get("/contracts/<reference('contract'):contract_id>/history")
@needs(Action.VIEW_HISTORY)
def contract(contract_id: int) -> str:
    """Its versions, and every act on a claim under it."""
    found = get_contract(g.session, viewer(), contract_id, Action.VIEW_HISTORY).contract
    return _page(found.centre_id, "contract", contract_id, found.reference)


@pages.get("/claims/<reference('claim'):claim_id>/history")
@needs(Action.VIEW_HISTORY)
def claim(claim_id: int) -> str:
    """Every act on it, from draft to payment."""
    found = get_claim(g.session, viewer(), claim_id, Action.VIEW_HISTORY).claim
    return _page(found.centre_id, "claim", claim_id, reference("claim", claim_id))


@pages.get(
    "/centres/<reference('centre'):centre_id>/investors"
    "/<reference('organisation'):investor_id>/history"
)
@needs(Action.VIEW_HISTORY)
def investor(centre_id: int, investor_id: int) -> str:
    """Its commitments to the centre, drawdowns and distributions."""
    found = get_investor(g.session, viewer(), centre_id, investor_id)
    return _page(centre_id, "organisation", investor_id, found.investor.name)


def _people(centre_id: int, events: Sequence[AuditEvent]) -> dict[int, str] | None:
    """Who did it, by key; None for an evaluator, who is told only in which role."""
    if centre_id not in viewer().centres(Action.VIEW_PEOPLE):
        return None
    acted = {each.user_id for each in events}
    named = user_names(g.session, viewer(), centre_id, acted)
    return {key: name for key, name in named.items() if key}


def _page(centre_id: int, noun: str, key: int, name: str) -> str:
    centre = get_centre(g.session, viewer(), Action.VIEW_HISTORY, centre_id)
    told = reference(noun, key)
    page = list_history(g.session, centre, told, **place_in_address(), limit=PER_PAGE)
    things = things_named(g.session, viewer(), texts_of(page.events))
    # Whom an event is about is not told: evaluators read histories too.
    rows = rows_of(page.events, _people(centre_id, page.events), things, meant={})
    return render_template(
        "trail/history.html",
        centre=centre,
        noun=noun,
        key=key,
        reference=told,
        name=name,
        page=page,
        rows=rows,
    )
