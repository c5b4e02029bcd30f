"""The first page: where the roles of whoever signed in lead."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from chec.web.access import signed_in
from chec.web.places import places

pages = Blueprint("home", __name__)


@pages.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Every place with its page; straight there where all lead to one."""
    pages = {page for _place, page in places()}
    if len(pages) == 1 and (page := pages.pop()):
        return redirect(page)
    return render_template("home/index.html", places=places())
