"""The menu: what the viewer's roles open, in the centre in view."""

from typing import Any, NamedTuple

from flask import g, request

from chec.models import Centre, Role
from chec.permissions import Action, Viewer
from chec.web.access import viewer
from chec.web.addresses import link_to
from chec.web.places import places


class _Section(NamedTuple):
    """An entry of the menu, and the blueprints whose pages stand under it."""

    text: str
    endpoint: str
    action: Action
    blueprints: frozenset[str]


_CLAIMS = frozenset({"claims", "claim_lines", "claim_decisions", "claim_payments", "clawbacks"})
_PEOPLE = frozenset({"people", "person_accounts", "permissions"})
_OF_A_CENTRE = (
    _Section(
        "Portfolio",
        "centres.show",
        Action.VIEW_PORTFOLIO,
        frozenset({"centres", "ventures"}),
    ),
    _Section("Claims", "claims.index", Action.VIEW_CLAIM, _CLAIMS),
    _Section("Contracts", "contracts.index", Action.VIEW_CONTRACT, frozenset({"contracts"})),
    _Section("Money", "money.index", Action.VIEW_MONEY, frozenset({"money", "payment_requests"})),
    _Section(
        "Ledger",
        "ledger.index",
        Action.VIEW_LEDGER,
        frozenset({"ledger", "transfers", "quarters", "accounts"}),
    ),
    _Section("Investors", "investors.index", Action.VIEW_INVESTOR, frozenset({"investors"})),
    _Section("Payers", "payers.index", Action.VIEW_PAYER, frozenset({"payers"})),
    _Section("Outcomes", "outcomes.index", Action.VIEW_PUBLISHED_OUTCOMES, frozenset({"outcomes"})),
    _Section("Runs", "runs.index", Action.VIEW_RUNS, frozenset({"runs", "returns"})),
    _Section("People", "people.index", Action.VIEW_PEOPLE, _PEOPLE),
    _Section(
        "Payment limit",
        "payment_limit.change",
        Action.SET_PAYMENT_LIMIT,
        frozenset({"payment_limit"}),
    ),
)


def navigation(centre: Centre | None) -> list[dict[str, Any]]:
    """The entries for the NHS header: only pages that exist and that the viewer may open."""
    if "session" not in g or "broken" in g or viewer().user_id is None:
        return []
    entries = _of_the_centre(viewer(), _centre_in_view(viewer(), centre))
    entries += _of_the_viewer(viewer(), centre.id if centre else _only_centre())
    if len(viewer().grants) > 1:
        entries.insert(0, _entry("Home", "home.index", frozenset({"home"})))
    return [entry for entry in entries if entry["href"]]


def _of_the_centre(viewer: Viewer, centre_id: int | None) -> list[dict[str, Any]]:
    return [
        _entry(section.text, section.endpoint, section.blueprints, centre_id=centre_id)
        for section in _OF_A_CENTRE
        if centre_id in viewer.centres(section.action)
    ]


def _of_the_viewer(viewer: Viewer, centre_id: int | None) -> list[dict[str, Any]]:
    entries = [
        _entry("My venture", "ventures.show", frozenset({"ventures"}), venture_id=key)
        for key in viewer.ventures(Action.VIEW_VENTURE)
    ]
    if len(entries) > 1:
        entries = []  # they are told apart on the home page
    if viewer.organisations(Action.DECIDE_CLAIM, Role.COMMISSIONER):
        entries.append(_entry("Inbox", "inbox.index", frozenset({"inbox"})))
    if viewer.may(Action.VIEW_TRAIL):
        entries.append(_entry("Audit trail", "audit_trail.index", frozenset({"audit_trail"})))
    if centre_id is None:
        return entries
    for key in viewer.organisations(Action.VIEW_INVESTOR, Role.INVESTOR):
        values = {"centre_id": centre_id, "investor_id": key}
        entries.append(_entry("My position", "investors.show", frozenset({"investors"}), **values))
    see = Action.VIEW_PUBLISHED_OUTCOMES
    if viewer.organisations(see, Role.INVESTOR) and centre_id not in viewer.centres(see):
        of_outcomes = frozenset({"outcomes"})
        entries.append(_entry("Outcomes", "outcomes.index", of_outcomes, centre_id=centre_id))
    reads_centre = centre_id in viewer.centres(Action.VIEW_CLAIM)
    if viewer.organisations(Action.VIEW_CLAIM, Role.COMMISSIONER) and not reads_centre:
        entries.append(_entry("Claims", "claims.index", _CLAIMS, centre_id=centre_id))
        of_contracts = frozenset({"contracts"})
        entries.append(_entry("Contracts", "contracts.index", of_contracts, centre_id=centre_id))
    for key in viewer.organisations(Action.VIEW_PAYER, Role.COMMISSIONER):
        values = {"centre_id": centre_id, "payer_id": key}
        entries.append(_entry("What we pay", "payers.show", frozenset({"payers"}), **values))
    return entries


def _only_centre() -> int | None:
    """The centre to which all roles of the viewer lead, where it is one."""
    led_to = {place.centre_id for place, _page in places() if place.centre_id}
    return led_to.pop() if len(led_to) == 1 else None


def _centre_in_view(viewer: Viewer, centre: Centre | None) -> int | None:
    if centre is not None:
        return centre.id
    own = {grant.centre_id for grant in viewer.grants if grant.centre_id}
    return own.pop() if len(own) == 1 else None


def _entry(text: str, endpoint: str, blueprints: frozenset[str], **values: Any) -> dict[str, Any]:
    href = link_to(endpoint, **values)
    return {"text": text, "href": href, "active": request.blueprint in blueprints}
