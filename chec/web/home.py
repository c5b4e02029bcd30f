"""The first page: where the roles of whoever signed in lead."""

from flask import Blueprint, g, redirect, render_template
from flask.typing import ResponseReturnValue

from chec.models import Role
from chec.queries.memberships import Place, list_places
from chec.web.access import signed_in, viewer
from chec.web.addresses import link_to

pages = Blueprint("home", __name__)


@pages.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Every place with its page; straight there where all lead to one."""
    places = [(place, _page_of(place)) for place in list_places(g.session, viewer())]
    pages = {page for _place, page in places}
    if len(pages) == 1 and (page := pages.pop()):
        return redirect(page)
    return render_template("home/index.html", places=places)


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
