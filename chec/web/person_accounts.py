"""The account of a person of a centre: locked, unlocked, and freed of its second factor."""

from collections.abc import Sequence

from flask import Blueprint, flash, g, render_template
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.second_factors import reset_second_factor
from chec.actions.users import (
    lock_account,
    reasons_not_to_let_manage,
    reasons_not_to_lock,
    unlock_account,
)
from chec.permissions import Action
from chec.rules.second_factor import reasons_not_to_reset
from chec.web.access import needs
from chec.web.chosen_person import Chosen, choose, to_page_of
from chec.web.factor_changes import mail_about_reset
from chec.web.forms.people import ActForm
from chec.web.mailing import post

pages = Blueprint(
    "person_accounts",
    __name__,
    url_prefix="/centres/<reference('centre'):centre_id>/people/<reference('user'):user_id>",
)


@pages.route("/lock", methods=["GET", "POST"])
@needs(Action.LOCK_ACCOUNT)
def lock(centre_id: int, user_id: int) -> ResponseReturnValue:
    """Lock the account: signed out everywhere, and not to be signed in to."""
    chosen, form = choose(Action.LOCK_ACCOUNT, centre_id, user_id), ActForm()
    if form.validate_on_submit():
        lock_account(g.session, chosen.actor, chosen.user)
        return _done(chosen, "The account is locked. Whoever was signed in to it is signed out.")
    last = reasons_not_to_lock(g.session, chosen.user, clock.today())
    return _to_confirm("people/lock.html", chosen, form, last)


@pages.route("/unlock", methods=["GET", "POST"])
@needs(Action.LOCK_ACCOUNT)
def unlock(centre_id: int, user_id: int) -> ResponseReturnValue:
    """Unlock the account, which has its password and its roles again."""
    chosen, form = choose(Action.LOCK_ACCOUNT, centre_id, user_id), ActForm()
    if form.validate_on_submit():
        unlock_account(g.session, chosen.actor, chosen.user)
        return _done(chosen, "The account is unlocked.")
    return _to_confirm("people/unlock.html", chosen, form)


@pages.route("/reset-second-factor", methods=["GET", "POST"])
@needs(Action.RESET_SECOND_FACTOR)
def reset(centre_id: int, user_id: int) -> ResponseReturnValue:
    """Take away the second factor of somebody who has lost it."""
    chosen, form = choose(Action.RESET_SECOND_FACTOR, centre_id, user_id), ActForm()
    if form.validate_on_submit():
        reset_second_factor(g.session, chosen.actor, chosen.user)
        post(mail_about_reset(chosen.user))
        return _done(chosen, "The second factor is taken away. The person is told by mail.")
    nothing = reasons_not_to_reset(chosen.user)
    return _to_confirm("people/reset.html", chosen, form, nothing)


def _to_confirm(
    template: str, chosen: Chosen, form: ActForm, nothing_to_do: Sequence[str] = ()
) -> ResponseReturnValue:
    reasons = reasons_not_to_let_manage(g.session, chosen.actor, chosen.user) or nothing_to_do
    page = render_template(
        template, centre=chosen.centre, person=chosen.person, reasons=reasons, form=form
    )
    return page, 422 if form.is_submitted() else 200


def _done(chosen: Chosen, said: str) -> ResponseReturnValue:
    flash(said)
    return to_page_of(chosen.centre, chosen.person.id)
