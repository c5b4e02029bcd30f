"""One's own roles: what each lets one do, on whose behalf, and until when."""

from flask import Blueprint, g, render_template

from chec import clock
from chec.permissions import MAY
from chec.queries.memberships import list_own_roles
from chec.web.access import signed_in, viewer

pages = Blueprint("roles", __name__, url_prefix="/account/roles")


@pages.get("")
@signed_in
def index() -> str:
    """The roles that whoever asks holds today or will hold."""
    today = clock.today()
    roles = list_own_roles(g.session, viewer(), today)
    allowed = {
        role.role: [action for action, who in MAY.items() if role.role in who] for role in roles
    }
    return render_template("roles/index.html", roles=roles, allowed=allowed, today=today)
