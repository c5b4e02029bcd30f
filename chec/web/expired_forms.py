"""What was typed into a form whose token is no longer right, so that it is not lost.

The token goes with the session: whoever signs out and in again in another tab has a page open that
can no longer send anything. A page that another site had sent in their name must not come to be
sent by one press, so only what a browser says is our own page's is offered, and only for pages of
the work: none of them asks for a password or a code.
"""

from flask import current_app, request

from chec.permissions import Action
from chec.web.access import declared_access, viewer
from chec.web.doors import is_from_our_page


def fields_to_send_again() -> list[tuple[str, str]] | None:
    """Name and value of each field that was sent; None where it is not to be sent again."""
    access = declared_access(current_app, request.endpoint) if request.endpoint else None
    if not isinstance(access, Action) or not viewer().may(access):
        return None
    if request.files or not is_from_our_page():
        return None
    fields = request.form.items(multi=True)
    return [(name, value) for name, value in fields if name != "csrf_token"]
