"""The page behind the link of an invitation."""

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from chec import clock
from chec.actions.invitations import accept_invitation
from chec.actions.sign_ins import hash_of
from chec.config import Settings
from chec.errors import NotFound
from chec.permissions import Actor
from chec.queries.invitations import get_open_invitation
from chec.queries.users import find_user
from chec.web.access import open_to_all
from chec.web.forms.people import ActForm, ChoosePasswordForm
from chec.web.passwords import hash_password
from chec.web.transaction import begin_to_write

pages = Blueprint("invitations", __name__, url_prefix="/invitations")


@pages.route("/<token>", methods=["GET", "POST"])
@open_to_all
def accept(token: str) -> ResponseReturnValue:
    """Choose a password, and have an account with the role; whoever has one just takes the role."""
    found = get_open_invitation(g.session, hash_of(token), clock.now())
    invitation = found.invitation
    if current_user.is_authenticated and current_user.email != invitation.email:
        return render_template("invitations/sign_out_first.html")
    is_user = find_user(g.session, invitation.email) is not None
    known = invitation.email, invitation.name, found.acts_for
    form = ActForm() if is_user else ChoosePasswordForm(*known)
    if form.validate_on_submit():
        # Hashing takes its time by design: before SQLite's only write lock is held.
        password_hash = None if is_user else _hash_of(str(form["password"].data))
        begin_to_write()
        actor = Actor(None, "whoever was invited", request.remote_addr or "", clock.now())
        accept_invitation(g.session, actor, token, password_hash)
        flash(_SAID[is_user])
        return redirect(url_for("security.login"), 303)
    page = render_template("invitations/accept.html", found=found, form=form, is_user=is_user)
    return page, 422 if form.is_submitted() else 200


@pages.errorhandler(NotFound)
def unusable(_error: NotFound) -> ResponseReturnValue:
    """One page for every link that opens nothing, whether it ever did or not."""
    return render_template("invitations/unusable.html"), 404


_SAID = {
    False: "Your account is ready. Sign in with your email address and your new password.",
    True: "The role is yours, with the account that you have.",
}


def _hash_of(password: str) -> str:
    settings: Settings = current_app.extensions["chec_settings"]
    return hash_password(password, cheap=settings.cheap_passwords)
