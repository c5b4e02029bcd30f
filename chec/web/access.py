"""The door: every route says who may come in, and one that says nothing is closed."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, flash, g, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from chec import clock
from chec.errors import NotAllowed, NotFound
from chec.permissions import (
    NEEDS_SECOND_FACTOR,
    Action,
    Actor,
    Viewer,
    actor_for_centre,
    actor_for_organisation,
)
from chec.queries.viewers import get_viewer

View = TypeVar("View", bound=Callable[..., object])

_SIGNED_OUT = (
    "You are signed out: your sign-in ended, or was ended elsewhere. Sign in to go on. What you had"
    " not sent was not kept."
)


class Access(StrEnum):
    """Who may come in where no action of `MAY` says it."""

    OPEN_TO_ALL = "open to all"
    SIGNED_IN = "signed in"


# Views of libraries; the others that flask-security brings stay closed.
_OF_LIBRARIES = {
    "static": Access.OPEN_TO_ALL,
    "security.change_password": Access.SIGNED_IN,
    "security.forgot_password": Access.OPEN_TO_ALL,
    "security.login": Access.OPEN_TO_ALL,
    "security.logout": Access.OPEN_TO_ALL,
    "security.mf_recovery": Access.OPEN_TO_ALL,
    "security.mf_recovery_codes": Access.SIGNED_IN,
    "security.reset_password": Access.OPEN_TO_ALL,
    "security.two_factor_setup": Access.SIGNED_IN,
    "security.two_factor_setup_validate": Access.SIGNED_IN,
    "security.two_factor_token_validation": Access.OPEN_TO_ALL,
    "security.verify": Access.SIGNED_IN,
    "security.wan_delete": Access.SIGNED_IN,
    "security.wan_register": Access.SIGNED_IN,
    "security.wan_register_response": Access.SIGNED_IN,
    "security.wan_signin": Access.OPEN_TO_ALL,
    "security.wan_signin_response": Access.OPEN_TO_ALL,
    "security.wan_verify": Access.SIGNED_IN,
    "security.wan_verify_response": Access.SIGNED_IN,
}
# All that somebody sees whose role needs a second factor, until it is set up.
_TO_SET_UP = frozenset(
    {
        "security.two_factor_setup",
        "security.two_factor_setup_validate",
        "security.verify",
        "security.wan_verify",
        "security.wan_verify_response",
    }
)


def prepare(app: Flask) -> None:
    """Put the door before every view of `app`."""
    app.before_request(_guard)


def needs(action: Action) -> Callable[[View], View]:
    """The view is for whoever holds a role that may `action`; which rows, the query decides."""
    return _declares(action)


def signed_in(view: View) -> View:
    """The view is for everybody who has signed in."""
    return _declares(Access.SIGNED_IN)(view)


def open_to_all(view: View) -> View:
    """The view is for everybody, signed in or not."""
    return _declares(Access.OPEN_TO_ALL)(view)


def declared_access(app: Flask, endpoint: str) -> Action | Access | None:
    """What the route declares, or None: closed."""
    declared = getattr(app.view_functions[endpoint], "access", None)
    return declared or _OF_LIBRARIES.get(endpoint)


def viewer() -> Viewer:
    """Whoever looks, with the memberships that hold today; asked once a request."""
    if "viewer" not in g:
        g.viewer = Viewer(user_id=None)
        if current_user.is_authenticated:
            g.viewer = get_viewer(g.session, current_user.id, clock.today())
    found = g.viewer
    assert isinstance(found, Viewer)
    return found


def acting(action: Action, centre_id: int) -> Actor:
    """The viewer as the actor of `action` for the centre, now; else NotAllowed."""
    address = request.remote_addr or ""
    return actor_for_centre(viewer(), action, centre_id, address=address, at=clock.now())


def acting_for(action: Action, organisation_id: int) -> Actor:
    """The viewer as the actor of `action` for the organisation, now; else NotAllowed."""
    address = request.remote_addr or ""
    return actor_for_organisation(
        viewer(), action, organisation_id, address=address, at=clock.now()
    )


def ask_to_sign_in() -> AnyResponse:
    """To the sign-in page, and from there back to the page that was asked for or shown."""
    if session.pop("sign_in", None):  # of a session that holds no more
        flash(_SIGNED_OUT, "important")
    return _lead_to(sign_in_url())


def sign_in_url() -> str:
    """The sign-in page that leads back to the page that was asked for or shown."""
    back = _page_to_come_back_to()
    return url_for("security.login", next=back if back not in {"", "/"} else None)


def page_at_this_address() -> str | None:
    """What a GET of this address opens; None where it opens nothing."""
    methods = (request.url_rule.methods if request.url_rule else None) or ()
    return request.full_path.rstrip("?") if "GET" in methods else None


def needs_second_factor() -> bool:
    """Whether a role that the viewer holds today asks for a second factor beside the password."""
    required = current_app.extensions["chec_settings"].second_factor_required
    return required and any(grant.role in NEEDS_SECOND_FACTOR for grant in viewer().grants)


def _lacks_second_factor() -> bool:
    return not current_user.has_second_factor and needs_second_factor()


def _lead_to(page: str) -> AnyResponse:
    if "HX-Request" in request.headers:
        # A redirect would be followed by htmx and end up in the middle of the page.
        return Response(status=401, headers={"HX-Redirect": page})
    return redirect(page)


def _page_to_come_back_to() -> str:
    a_part = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    shown_page = request.headers.get("HX-Current-URL", "")
    if not a_part and (request.method == "GET" or not shown_page):
        return page_at_this_address() or ""
    shown = urlsplit(shown_page)
    return f"{shown.path}?{shown.query}" if shown.query else shown.path


def _guard() -> AnyResponse | None:
    if request.endpoint is None:
        return None  # no such address: Flask says so
    access = declared_access(current_app, request.endpoint)
    if access is None:
        raise NotFound
    if access is Access.OPEN_TO_ALL:
        return None
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    if request.endpoint not in _TO_SET_UP and _lacks_second_factor():
        return _lead_to(url_for("security.two_factor_setup"))
    if isinstance(access, Action) and not viewer().may(access):
        raise NotAllowed
    return None


def _declares(access: Action | Access) -> Callable[[View], View]:
    def declare(view: View) -> View:
        view.__dict__["access"] = access
        return view

    return declare
