"""The account of a person of a centre: locked, unlocked, and freed of its second factor."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.second_factors import reset_second_factor
from chec.actions.users import (
    lock_account,
    reasons_not_to_let_manage,
    reasons_not_to_lock,
    unlock_account,
)
from chec.models import Centre, User
from chec.permissions import Action, Actor
from chec.queries.centres import get_centre
from chec.queries.people import Person, get_person
from chec.rules.second_factor import reasons_not_to_reset
from chec.web.access import acting, needs, viewer
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
    chosen, form = _chosen(Action.LOCK_ACCOUNT, centre_id, user_id), ActForm()
    if form.validate_on_submit():
        lock_account(g.session, chosen.actor, chosen.user)
        return _done(chosen, "The account is locked. Whoever was signed in to it is signed out.")
    last = reasons_not_to_lock(g.session, chosen.user, clock.today())
    return _to_confirm("people/lock.html", chosen, form, last)


@pages.route("/unlock", methods=["GET", "POST"])
@needs(Action.LOCK_ACCOUNT)
def unlock(centre_id: int, user_id: int) -> ResponseReturnValue:
    """Unlock the account, which has its password and its roles again."""
    chosen, form = _chosen(Action.LOCK_ACCOUNT, centre_id, user_id), ActForm()
    if form.validate_on_submit():
        unlock_account(g.session, chosen.actor, chosen.user)
        return _done(chosen, "The account is unlocked.")
    return _to_confirm("people/unlock.html", chosen, form)


@pages.route("/reset-second-factor", methods=["GET", "POST"])
@needs(Action.RESET_SECOND_FACTOR)
def reset(centre_id: int, user_id: int) -> ResponseReturnValue:
    """Take away the second factor of somebody who has lost it."""
    chosen, form = _chosen(Action.RESET_SECOND_FACTOR, centre_id, user_id), ActForm()
    if form.validate_on_submit():
        reset_second_factor(g.session, chosen.actor, chosen.user)
        post(mail_about_reset(chosen.user))
        return _done(chosen, "The second factor is taken away. The person is told by mail.")
    nothing = reasons_not_to_reset(chosen.user, chosen.actor.user_id)
    return _to_confirm("people/reset.html", chosen, form, nothing)


class _Chosen(NamedTuple):
    """A person of a centre, and whoever acts on their account."""

    centre: Centre
    person: Person
    user: User
    actor: Actor


def _chosen(action: Action, centre_id: int, user_id: int) -> _Chosen:
    centre = get_centre(g.session, viewer(), action, centre_id)
    person = get_person(g.session, viewer(), centre_id, user_id)
    return _Chosen(centre, person, g.session.get_one(User, user_id), acting(action, centre_id))


def _to_confirm(
    template: str, chosen: _Chosen, form: ActForm, nothing_to_do: Sequence[str] = ()
) -> ResponseReturnValue:
    reasons = reasons_not_to_let_manage(g.session, chosen.actor, chosen.user) or nothing_to_do
    page = render_template(
        template, centre=chosen.centre, person=chosen.person, reasons=reasons, form=form
    )
    return page, 422 if form.is_submitted() else 200


def _done(chosen: _Chosen, said: str) -> ResponseReturnValue:
    flash(said)
    centre_id, user_id = chosen.centre.id, chosen.person.id
    return redirect(url_for("people.show", centre_id=centre_id, user_id=user_id), 303)
