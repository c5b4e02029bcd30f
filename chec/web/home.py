"""The first page: where the roles of whoever signed in lead."""

from flask import Blueprint, g, redirect, render_template
from flask.typing import ResponseReturnValue

from chec import clock
from chec.queries.memberships import list_own_roles
from chec.web.access import signed_in, viewer
from chec.web.places import places

pages = Blueprint("home", __name__)


@pages.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Every place with its page; straight there where all lead to one. Else the roles to come."""
    pages = {page for _place, page in places()}
    if len(pages) == 1 and (page := pages.pop()):
        return redirect(page)
    coming = [] if places() else list_own_roles(g.session, viewer(), clock.today())
    return render_template("home/index.html", places=places(), coming=coming)
