"""What must survive the request in the audit trail: refusals, sign-ins, downloads.

It is noted while the request runs and written after its transaction has ended, in a short one of
its own. What has happened by then has happened: a trail that cannot be written does not undo it.
"""

from collections.abc import Sequence

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from chec import audit, clock
from chec.db import open_session
from chec.models import Event
from chec.permissions import Actor, Viewer
from chec.web.transaction import engine


def prepare(app: Flask) -> None:
    """Write what the requests of `app` note."""
    app.after_request(_write)


def note(
    event: Event, *, viewer: Viewer | None = None, detail: str = "", about: Sequence[str] = ()
) -> None:
    """Have `event` recorded about this request's path, whatever becomes of its transaction.

    `about` are the references in whose histories it belongs too. Neither path nor detail may hold
    personal data, an email address typed wrongly included.
    """
    held = sorted(grant.acting_for for grant in viewer.grants) if viewer else []
    actor = Actor(
        user_id=viewer.user_id if viewer else None,
        acting_for=", ".join(held),
        address=request.remote_addr or "",
        at=clock.now(),
    )
    g.setdefault("noted", []).append((actor, event, detail, about))


def _write(response: Response) -> Response:
    noted = g.pop("noted", [])
    if noted:
        subject = f"{request.method} {_path_without_token()}"
        try:
            with open_session(engine(), write=True) as session:
                for actor, event, detail, about in noted:
                    audit.record(session, actor, event, subject, detail, about=about)
                session.commit()
        except SQLAlchemyError as error:
            lost = ", ".join(f"{event} at {actor.at.isoformat()}" for actor, event, *_ in noted)
            why = type(error).__name__  # what it says may hold the row, and so personal data
            current_app.logger.critical("Not in the audit trail: %s, %s: %s", lost, subject, why)
    return response


def _path_without_token() -> str:
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "(token)") if token else request.path
