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
    """Every place with its page; straight there where there is only one."""
    places = [(place, _page_of(place)) for place in list_places(g.session, viewer())]
    if len(places) == 1 and places[0][1]:
        return redirect(places[0][1])
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
            return link_to("payers.show", centre_id=centre_id, payer_id=place.organisation_id)
        case Role.PROVIDER:
            return link_to("ventures.show", venture_id=place.venture_id)
        case _:
            return link_to("centres.show", centre_id=centre_id)
