"""People of a centre: who holds which role, invitations, and roles given and ended."""

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from chec import clock
from chec.actions.invitations import (
    Sent,
    faults_to_invite,
    invite_person,
    send_invitation_again,
    withdraw_invitation,
)
from chec.actions.memberships import (
    end_membership,
    faults_to_give,
    give_grant,
    reasons_to_keep,
)
from chec.models import Centre, Membership, User
from chec.permissions import MAY, Action
from chec.queries.centres import get_centre
from chec.queries.invitations import get_invitation, list_invitations
from chec.queries.people import (
    get_membership,
    get_person,
    given_in,
    list_people,
    list_roles_to_give,
)
from chec.queries.reach import grant_of, name_acted_for
from chec.queries.users import user_name
from chec.web.access import acting, needs, viewer
from chec.web.chosen_person import choose, to_page_of
from chec.web.formats import role_for
from chec.web.forms.people import ActForm, GiveRoleForm, InviteForm
from chec.web.limits import refuse_another_invitation
from chec.web.mailing import post
from chec.web.people_mail import days_told, invitation_mail, role_ended_mail, role_given_mail

pages = Blueprint("people", __name__, url_prefix="/centres/<reference('centre'):centre_id>/people")
_PERSON = "/<reference('user'):user_id>"
_INVITATION = "/invitations/<reference('invitation'):invitation_id>"


@pages.get("")
@needs(Action.VIEW_PEOPLE)
def index(centre_id: int) -> str:
    """Who holds or held which role, from when to when, and who is invited."""
    centre = get_centre(g.session, viewer(), Action.VIEW_PEOPLE, centre_id)
    return render_template(
        "people/index.html",
        centre=centre,
        people=list_people(g.session, viewer(), centre_id),
        invitations=list_invitations(g.session, viewer(), centre_id, clock.now()),
        today=clock.today(),
    )


@pages.route("/invite", methods=["GET", "POST"])
@needs(Action.INVITE)
def invite(centre_id: int) -> ResponseReturnValue:
    """Invite a person, who may have an account or not."""
    centre = get_centre(g.session, viewer(), Action.INVITE, centre_id)
    actor = acting(Action.INVITE, centre_id)
    form = InviteForm()
    form.offer(list_roles_to_give(g.session, viewer(), centre_id))
    if form.validate_on_submit() and not form.blame(
        faults_to_invite(g.session, actor, centre, form.invited)
    ):
        return _sent(centre, invite_person(g.session, actor, centre, form.invited))
    page = render_template("people/invite.html", centre=centre, form=form)
    return page, 422 if form.is_submitted() else 200


@pages.get(_INVITATION)
@needs(Action.VIEW_PEOPLE)
def invitation(centre_id: int, invitation_id: int) -> str:
    """What somebody was invited to, and what became of it."""
    found = get_invitation(g.session, viewer(), centre_id, invitation_id, clock.now())
    return render_template(
        "people/invitation.html",
        centre=get_centre(g.session, viewer(), Action.VIEW_PEOPLE, centre_id),
        found=found,
        may_act=found.grant.role in given_in(viewer(), centre_id),
    )


@pages.post(f"{_INVITATION}/send-again")
@needs(Action.INVITE)
def send_again(centre_id: int, invitation_id: int) -> Response:
    """Send another link; the one before opens nothing any more."""
    found = get_invitation(g.session, viewer(), centre_id, invitation_id, clock.now())
    actor = acting(Action.INVITE, centre_id)
    sent = send_invitation_again(g.session, actor, found.invitation)
    centre = get_centre(g.session, viewer(), Action.INVITE, centre_id)
    return _sent(centre, sent)


@pages.post(f"{_INVITATION}/withdraw")
@needs(Action.INVITE)
def withdraw(centre_id: int, invitation_id: int) -> Response:
    """Let the link open nothing any more."""
    found = get_invitation(g.session, viewer(), centre_id, invitation_id, clock.now())
    withdraw_invitation(g.session, acting(Action.INVITE, centre_id), found.invitation)
    flash(f"The invitation of {found.invitation.name} is withdrawn.")
    return redirect(url_for("people.index", centre_id=centre_id), 303)


@pages.get(_PERSON)
@needs(Action.VIEW_PEOPLE)
def show(centre_id: int, user_id: int) -> str:
    """A person's roles in the centre, and what can be done about them."""
    return render_template(
        "people/show.html",
        centre=get_centre(g.session, viewer(), Action.VIEW_PEOPLE, centre_id),
        person=get_person(g.session, viewer(), centre_id, user_id),
        given=given_in(viewer(), centre_id),
        is_own=user_id == viewer().user_id,
        today=clock.today(),
    )


@pages.route(f"{_PERSON}/roles/give", methods=["GET", "POST"])
@needs(Action.GIVE_ROLE)
def give(centre_id: int, user_id: int) -> ResponseReturnValue:
    """Give the person another role."""
    chosen = choose(Action.GIVE_ROLE, centre_id, user_id)
    form = GiveRoleForm()
    form.offer(list_roles_to_give(g.session, viewer(), centre_id))
    if form.validate_on_submit() and not form.blame(
        faults_to_give(g.session, chosen.actor, form.grant, **form.days, user_id=user_id)
    ):
        done = give_grant(g.session, chosen.actor, chosen.user, form.grant, **form.days)
        return _given(chosen.centre, done)
    page = render_template(
        "people/give.html", centre=chosen.centre, person=chosen.person, form=form
    )
    return page, 422 if form.is_submitted() else 200


@pages.route(
    f"{_PERSON}/roles/<reference('membership'):membership_id>/end", methods=["GET", "POST"]
)
@needs(Action.END_ROLE)
def end(centre_id: int, user_id: int, membership_id: int) -> ResponseReturnValue:
    """End a role, after a look at what the person loses."""
    chosen = choose(Action.END_ROLE, centre_id, user_id)
    membership = get_membership(g.session, viewer(), centre_id, user_id, membership_id)
    acts_for = name_acted_for(g.session, grant_of(membership))
    form = ActForm()
    if form.validate_on_submit():
        end_membership(g.session, chosen.actor, membership)
        post(role_ended_mail(chosen.user, membership, acts_for, _sender(chosen.centre)))
        role = role_for(membership.role, acts_for)
        flash(f"{chosen.person.name} is no longer {role}. They are told by mail.")
        return to_page_of(chosen.centre, user_id)
    return render_template(
        "people/end.html",
        centre=chosen.centre,
        person=chosen.person,
        membership=membership,
        acts_for=acts_for,
        lost=[action for action, who in MAY.items() if membership.role in who],
        reasons=reasons_to_keep(g.session, chosen.actor, membership),
        today=clock.today(),
        form=form,
    ), 422 if form.is_submitted() else 200


def _sent(centre: Centre, sent: Sent) -> Response:
    refuse_another_invitation(sent.invitation.email)
    acts_for = name_acted_for(g.session, grant_of(sent.invitation))
    post(invitation_mail(sent, acts_for, _sender(centre)))
    flash(f"{sent.invitation.name} is invited. The link is on its way by mail.")
    return redirect(url_for("people.index", centre_id=centre.id, _anchor="invitations"), 303)


def _given(centre: Centre, membership: Membership) -> Response:
    user = g.session.get_one(User, membership.user_id)
    refuse_another_invitation(user.email)
    acts_for = name_acted_for(g.session, grant_of(membership))
    post(role_given_mail(user, membership, acts_for, _sender(centre)))
    days = days_told(membership.starts_on, membership.ends_before)
    role = role_for(membership.role, acts_for)
    flash(f"{user.name} is {role}{days}. They are told by mail.")
    return to_page_of(centre, user.id)


def _sender(centre: Centre) -> str:
    return user_name(g.session, viewer(), centre.id, viewer().user_id)
