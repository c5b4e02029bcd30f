"""What must survive the request in the audit trail: refusals, sign-ins, downloads.

It is noted while the request runs and written after its transaction has ended, in a short one of
its own. What has happened by then has happened: a trail that cannot be written does not undo it.
"""

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


def note(event: Event, *, viewer: Viewer | None = None, detail: str = "") -> None:
    """Have `event` recorded about this request's path, whatever becomes of its transaction.

    Neither path nor detail may hold personal data, an email address typed wrongly included.
    """
    held = sorted(grant.acting_for for grant in viewer.grants) if viewer else []
    actor = Actor(
        user_id=viewer.user_id if viewer else None,
        acting_for=", ".join(held),
        address=request.remote_addr or "",
        at=clock.now(),
    )
    g.setdefault("noted", []).append((actor, event, detail))


def _write(response: Response) -> Response:
    noted = g.pop("noted", [])
    if noted:
        subject = f"{request.method} {request.path}"
        try:
            with open_session(engine(), write=True) as session:
                for actor, event, detail in noted:
                    audit.record(session, actor, event, subject, detail)
                session.commit()
        except SQLAlchemyError as error:
            lost = ", ".join(f"{event} at {actor.at.isoformat()}" for actor, event, _ in noted)
            why = type(error).__name__  # what it says may hold the row, and so personal data
            current_app.logger.critical("Not in the audit trail: %s, %s: %s", lost, subject, why)
    return response
