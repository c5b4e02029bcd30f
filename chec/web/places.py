"""Where the viewer's roles lead, and by which of them a page is seen."""

from flask import current_app, g, request

from chec.models import Centre, Role
from chec.permissions import MAY, Action
from chec.queries.places import Place, list_places
from chec.web.access import declared_access, viewer
from chec.web.addresses import link_to
from chec.web.formats import role_for

# Of a page about one of several that somebody acts for: which role, and what it names in its path.
_NAMED_IN_PATH = {
    Role.INVESTOR: ("investor_id", "organisation_id"),
    Role.COMMISSIONER: ("payer_id", "organisation_id"),
    Role.PROVIDER: ("venture_id", "venture_id"),
}


def places() -> list[tuple[Place, str | None]]:
    """Every place of the viewer with the page it leads to, if any; asked once a request."""
    if "places" not in g:
        g.places = [(place, _page_of(place)) for place in list_places(g.session, viewer())]
    found: list[tuple[Place, str | None]] = g.places
    return found


def acting_as(centre: Centre | None) -> list[str]:
    """The roles by which the viewer sees this page of `centre`: "director of Wren Valley"."""
    access = declared_access(current_app, request.endpoint) if request.endpoint else None
    if not isinstance(access, Action) or viewer().user_id is None:
        return []
    seen_by = [
        role_for(place.role, place.name)
        for place, _page in places()
        if place.role in MAY[access] and _is_about(place, centre)
    ]
    return list(dict.fromkeys(seen_by))


def can_switch() -> bool:
    """Whether the viewer's roles lead to more than one page."""
    return len({page for _place, page in places()}) > 1


def _is_about(place: Place, centre: Centre | None) -> bool:
    in_path, key = _NAMED_IN_PATH.get(place.role, ("", ""))
    named = (request.view_args or {}).get(in_path)
    return (centre is None or place.centre_id == centre.id) and (
        named is None or named == getattr(place, key)
    )


def _page_of(place: Place) -> str | None:
    if place.centre_id is None:
        return None
    centre_id = place.centre_id
    match place.role:
        case Role.ADMINISTRATOR:
            return link_to("people.index", centre_id=centre_id)
        case Role.INVESTOR:
            investor_id = place.organisation_id
            return link_to("investors.show", centre_id=centre_id, investor_id=investor_id)
        case Role.COMMISSIONER:
            return link_to("inbox.index")
        case Role.PROVIDER:
            return link_to("ventures.show", venture_id=place.venture_id)
        case _:
            return link_to("centres.show", centre_id=centre_id)
