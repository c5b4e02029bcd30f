"""Who may do what, as the code has it: the table that every door asks."""

from flask import Blueprint, render_template

from chec.models import Role
from chec.permissions import MAY, NEEDS_SECOND_FACTOR, Action
from chec.rules.role_giving import GIVES
from chec.web.access import needs

# Above which action of the table which heading stands.
_HEADINGS = {
    Action.VIEW_PORTFOLIO: "Portfolio",
    Action.VIEW_LEDGER: "Ledger and returns",
    Action.VIEW_CONTRACT: "Contracts and claims",
    Action.AGREE_COMMITMENT: "Money",
    Action.VIEW_PEOPLE: "People",
    Action.VIEW_PERMISSIONS: "Permissions and the audit trail",
}

pages = Blueprint("permissions", __name__, url_prefix="/permissions")


@pages.get("")
@needs(Action.VIEW_PERMISSIONS)
def index() -> str:
    """Every action with the roles that may take it; which rows, each page says for itself."""
    return render_template(
        "permissions/index.html",
        may=MAY,
        headings=_HEADINGS,
        roles=list(Role),
        gives=GIVES,
        with_code=NEEDS_SECOND_FACTOR,
    )
