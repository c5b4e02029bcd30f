"""How an event of the audit trail is written for people: what changed, on what, and by whom."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from chec.finance.money import format_pounds
from chec.models import AuditEvent, OrganisationKind
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.things_named import REFERENCE, Named, split_reference
from chec.web.access import viewer
from chec.web.addresses import link_to
from chec.web.formats import moment, sentence_case, short_day

_DAYS = frozenset({"on", "last_day", "ends_before", "as_of", "open_from"})
"""Fields that hold a day, beside all that end in `_on`; a moment is in those that end in `_at`."""
_ACCOUNTS = frozenset({"debit", "credit"})
_REFERENCES = _ACCOUNTS | {
    *("payer", "provider", "investor", "held_for", "accepted_by"),
    *("transfer", "transfers", "reversal"),
}
"""Fields that hold references. What looks like one in another is a text that somebody typed."""
_ONE = {
    "claim": ("claims.show", "claim_id", Action.VIEW_CLAIM),
    "contract": ("contracts.show", "contract_id", Action.VIEW_CONTRACT),
    "payment_request": (
        "payment_requests.show",
        "request_id",
        Action.VIEW_PAYMENT_REQUESTS,
    ),
    "returns_run": ("runs.show", "run_id", Action.VIEW_RUNS),
    "transfer": ("transfers.show", "transfer_id", Action.VIEW_TRANSFER),
    "venture": ("ventures.show", "venture_id", Action.VIEW_VENTURE),
}
_OF_A_CENTRE = {
    OrganisationKind.INVESTOR: ("investors.show", "investor_id", Action.VIEW_INVESTOR),
    OrganisationKind.COMMISSIONER: ("payers.show", "payer_id", Action.VIEW_PAYER),
}
_OWNERS = re.compile(rf"(.+?) ({REFERENCE.pattern}(?: {REFERENCE.pattern})*)")
"""An account as the trail tells it: its kind, then whose it is."""

_MAY_BE_GONE = frozenset({"claim"})


class Change(NamedTuple):
    """A field, as it was and as it is; None where there was or is nothing."""

    field: str
    before: str | None
    after: str | None


class TrailRow(NamedTuple):
    """An event as a line of a table."""

    event: AuditEvent
    who: str
    on: Markup
    of: str
    changes: Sequence[Change]


def texts_of(events: Sequence[AuditEvent]) -> list[str]:
    """Where references may stand."""
    return [text for each in events for text in (each.acting_for, each.subject, each.changes)]


def rows_of(
    events: Sequence[AuditEvent],
    people: Mapping[int, str] | None,
    things: Mapping[str, Named],
    meant: Mapping[int, Sequence[int]],
) -> list[TrailRow]:
    """The lines of the table; `people` and `things` are whom and what the viewer may know by name.

    Anybody else stands there by their reference; where there are no `people`, by their role alone.
    `meant` are the users whom each event is about; whoever did it is not said again.
    """
    return [_row(each, people, things, meant.get(each.id, ())) for each in events]


def changes_in_words(event: AuditEvent) -> str:
    """What changed, in one text: `state: draft → submitted; amount: £5.00`."""
    return "; ".join(_in_words(each) for each in _changes(event, str))


def roles_of(event: AuditEvent, things: Mapping[str, Named]) -> str:
    """The roles in which it was done, but for those held for what the viewer may not know."""
    roles = event.acting_for.split(", ")
    return ", ".join(each for each in roles if things.keys() >= set(REFERENCE.findall(each)))


def _row(
    event: AuditEvent,
    people: Mapping[int, str] | None,
    things: Mapping[str, Named],
    meant: Sequence[int],
) -> TrailRow:
    def called(told: str) -> Markup:
        return _linked(told, _name(told, things), event.centre_id, things)

    named = things.get(event.subject)
    others = [_called(key, people or {}) for key in meant if key != event.user_id]
    return TrailRow(
        event,
        who=_who(event, people, things),
        on=_linked(event.subject, event.subject, event.centre_id, things),
        of=named.name if named else ", ".join(others),
        changes=_changes(event, lambda text: _each_replaced(text, called)),
    )


def _who(event: AuditEvent, people: Mapping[int, str] | None, things: Mapping[str, Named]) -> str:
    if event.user_id is None:
        return "The system" if event.acting_for == "system" else "Nobody who had signed in"
    acting_for = _with_names(roles_of(event, things), things)
    if people is None:
        return sentence_case(acting_for or "somebody")
    name = _called(event.user_id, people)
    return ", ".join(part for part in (name, acting_for) if part)


def _called(user_id: int, people: Mapping[int, str]) -> str:
    return people.get(user_id, reference("user", user_id))


def _changes(event: AuditEvent, linked: Callable[[str], str]) -> list[Change]:
    told: dict[str, list[object]] = json.loads(event.changes or "{}")
    return [
        Change(_label(name), *(None if v is None else _shown(name, v, linked) for v in pair))
        for name, pair in told.items()
    ]


def _shown(name: str, value: object, linked: Callable[[str], str]) -> str:
    text = _value(name, value)
    return linked(text) if name in _REFERENCES else text


def _in_words(change: Change) -> str:
    after = change.after or "nothing"
    return f"{change.field}: {after if change.before is None else f'{change.before} → {after}'}"


def _label(name: str) -> str:
    return "amount" if name == "pence" else name.removesuffix("_pence").replace("_", " ")


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return format_pounds(value) if name.endswith("pence") else f"{value:,}"
    text = str(value)
    if name in _DAYS or name.endswith("_on"):
        return _read(text, date.fromisoformat, short_day)
    if name.endswith("_at"):
        return _read(text, datetime.fromisoformat, moment)
    account = _OWNERS.fullmatch(text) if name in _ACCOUNTS else None
    return f"{account[1]}: {account[2].replace(' ', ' / ')}" if account else text


def _read(text: str, read: Callable[[str], Any], shown: Callable[[Any], str]) -> str:
    try:
        return shown(read(text))
    except ValueError:  # it stays as it is: what was recorded is never changed
        return text


def _with_names(text: str, things: Mapping[str, Named]) -> str:
    return REFERENCE.sub(lambda found: _name(found[0], things), text)


def _name(told: str, things: Mapping[str, Named]) -> str:
    return things[told].name or told if told in things else told


def _each_replaced(text: str, called: Callable[[str], Markup]) -> Markup:
    """The text, with each reference in it as it is `called`."""
    parts, end = list[Markup](), 0
    for found in REFERENCE.finditer(text):
        parts += [escape(text[end : found.start()]), called(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _linked(told: str, name: str, centre_id: int | None, things: Mapping[str, Named]) -> Markup:
    """The name, as a link where its reference leads to a page that the viewer may open."""
    href = _address(told, centre_id, things)
    return Markup('<a href="{}">{}</a>').format(href, name) if href else escape(name)


def _address(told: str, centre_id: int | None, things: Mapping[str, Named]) -> str | None:
    noun, key = split_reference(told) or ("", 0)
    named = things.get(told)
    if named and named.kind in _OF_A_CENTRE:
        endpoint, argument, action = _OF_A_CENTRE[named.kind]
        values = {"centre_id": centre_id, argument: key}
    elif noun in _ONE and (named or noun not in _MAY_BE_GONE):
        endpoint, argument, action = _ONE[noun]
        values = {argument: key}
    else:
        return None
    return link_to(endpoint, **values) if centre_id in viewer().centres(action) else None
