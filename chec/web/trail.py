"""What must survive the request in the audit trail: refusals, sign-ins, downloads.

It is noted while the request runs and written after its transaction has ended, in a short one of
its own. Nothing that is noted changes anything or has been answered by then, so what cannot be
recorded is not answered either: the page says that the system is busy.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from chec import audit, clock
from chec.db import open_session
from chec.models import Event
from chec.models.references import reference
from chec.permissions import Actor, Grant, Viewer
from chec.queries.things_named import centre_of
from chec.web.transaction import engine

_PART = re.compile(r"<(?:reference\('(?P<noun>\w+)'\):|\w+:)?(?P<name>\w+)>")
"""What stands for a part of the address in a route."""


class _Noted(NamedTuple):
    actor: Actor
    grants: frozenset[Grant]
    event: Event
    detail: str
    about: Sequence[str]
    row_count: int | None


def prepare(app: Flask) -> None:
    """Write what the requests of `app` note."""
    app.after_request(_write)


def note(
    event: Event,
    *,
    viewer: Viewer | None = None,
    detail: str = "",
    about: Sequence[str] = (),
    row_count: int | None = None,
) -> None:
    """Have `event` recorded about this request's path, whatever becomes of its transaction.

    It belongs to the centre of what the path names, and to the histories of that and of `about`. Of
    the viewer's roles it tells those for that centre or for what the path names: others are not for
    everybody who reads it.
    `detail` may hold no personal data, an email address typed wrongly included.
    """
    actor = Actor(
        user_id=viewer.user_id if viewer else None,
        acting_for="",
        address=request.remote_addr or "",
        at=clock.now(),
    )
    grants = viewer.grants if viewer else frozenset[Grant]()
    g.setdefault("noted", []).append(_Noted(actor, grants, event, detail, about, row_count))


def _write(response: Response) -> Response:
    noted: list[_Noted] = g.pop("noted", [])
    if noted:
        subject, named = _told_of_path()
        try:
            with open_session(engine(), write=True) as session:
                centre_id = centre_of(session, named)
                for each in noted:
                    audit.record(
                        session,
                        replace(each.actor, acting_for=_held(each.grants, centre_id, named)),
                        each.event,
                        subject,
                        each.detail,
                        centre_id=centre_id,
                        about=[*named, *each.about],
                        row_count=each.row_count,
                    )
                session.commit()
        except SQLAlchemyError as error:
            lost = ", ".join(f"{each.event} at {each.actor.at.isoformat()}" for each in noted)
            why = type(error).__name__  # what it says may hold the row, and so personal data
            current_app.logger.critical("Not in the audit trail: %s, %s: %s", lost, subject, why)
            response.close()
            raise
    return response


def _held(grants: Iterable[Grant], centre_id: int | None, named: Sequence[str]) -> str:
    """Those of the roles that are held for the centre, or for what is named."""
    fitting = (
        grant.acting_for
        for grant in grants
        if grant.held_for in named or (centre_id and grant.centre_id == centre_id)
    )
    return ", ".join(sorted(fitting))


def _told_of_path() -> tuple[str, list[str]]:
    """Method and path, and the references in it.

    What else somebody can type into a path stands there by its name: it may be a text or a secret.
    """
    named: list[str] = []

    def told(part: re.Match[str]) -> str:
        if not part["noun"]:
            return f"<{part['name']}>"
        named.append(reference(part["noun"], (request.view_args or {})[part["name"]]))
        return named[-1]

    path = _PART.sub(told, request.url_rule.rule) if request.url_rule else ""
    return f"{request.method} {path}".strip(), named
