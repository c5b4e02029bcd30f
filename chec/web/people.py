"""People of a centre and their roles."""

from flask import Blueprint, g, render_template

from chec import clock
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.queries.memberships import list_people
from chec.web.access import needs, viewer

pages = Blueprint("people", __name__, url_prefix="/centres/<reference('centre'):centre_id>/people")


@pages.get("")
@needs(Action.VIEW_PEOPLE)
def index(centre_id: int) -> str:
    """Who holds or held which role, from when to when."""
    centre = get_centre(g.session, viewer(), Action.VIEW_PEOPLE, centre_id)
    people = list_people(g.session, viewer(), centre_id)
    return render_template("people/index.html", centre=centre, people=people, today=clock.today())
