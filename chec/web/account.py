"""One's own account: how one signs in, and where one is signed in."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from chec import clock
from chec.actions.sign_ins import end_every_sign_in, end_sign_in
from chec.queries.sign_ins import (
    count_attempts,
    get_own_sign_in,
    list_attempts,
    list_open_sign_ins,
)
from chec.web.access import signed_in, viewer
from chec.web.factor_changes import actor_of, row_of
from chec.web.lists import page_of
from chec.web.sessions import start_afresh, this_sign_in

pages = Blueprint("account", __name__, url_prefix="/account")

_PER_PAGE = 25


@pages.get("")
@signed_in
def show() -> str:
    """Who one is here, what signs one in, and every sign-in of the last 90 days."""
    now = clock.now()
    page = page_of(count_attempts(g.session, viewer(), now), _PER_PAGE)
    return render_template(
        "account/show.html",
        user=row_of(current_user),
        this=this_sign_in(),
        open_ones=list_open_sign_ins(g.session, viewer(), now),
        attempts=list_attempts(g.session, viewer(), now, offset=page.offset, limit=page.limit),
        page=page,
        now=now,
    )


@pages.post("/sign-ins/<reference('sign_in'):sign_in_id>/end")
@signed_in
def end(sign_in_id: int) -> ResponseReturnValue:
    """End one of one's own sign-ins."""
    sign_in = get_own_sign_in(g.session, viewer(), sign_in_id)
    end_sign_in(g.session, actor_of(row_of(current_user)), sign_in)
    flash("That sign-in is over.")
    return redirect(url_for("account.show"), 303)


@pages.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End all of them, this one too."""
    user = row_of(current_user)
    end_every_sign_in(g.session, actor_of(user), user.id)
    start_afresh()
    flash("You were signed out everywhere.")
    return redirect(url_for("security.login"), 303)
