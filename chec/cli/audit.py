"""The audit trail: is it whole, and where does it end?"""

import re
from collections.abc import Iterator

import click
from sqlalchemy import Engine
from sqlmodel import Session

from chec.cli.database import open_database
from chec.cli.refusals import refusal
from chec.clock import LONDON
from chec.db import open_session
from chec.models import AuditEvent
from chec.queries.audit_chain import find_break, find_event_of_hash, get_event, head_of


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@click.option("--head", "noted", metavar="HASH", help="A hash that was noted, as in a daily mail.")
def verify(noted: str | None) -> None:
    """Prove that no event of the trail was changed, left out, moved or put in.

    With a hash that was noted before, also that the trail up to then is still the one it was.
    """
    if noted and not re.fullmatch("[0-9a-fA-F]{64}", noted):
        raise refusal(["A hash is 64 digits from 0 to 9 and a to f. Copy the whole of it."])
    noted = noted and noted.lower()
    with open_database() as engine, open_session(engine, write=False) as session:
        problems = list(_breaks(session)) or list(_not_noted(session, noted))
        if problems:
            raise refusal(problems)
        click.echo(f"The trail is whole. {_stand(session)}")
        if noted:
            click.echo(_where(session, noted))


@audit.command()
def head() -> None:
    """Print the number and the hash of the last event, to be noted where nobody can change it."""
    with open_database() as engine, open_session(engine, write=False) as session:
        found = head_of(session)
        click.echo(f"{found.last_id} {found.hash}")


def list_breaks(engine: Engine) -> list[str]:
    """What `chec db check` says of the trail: where it is broken first; empty where it is whole."""
    with open_session(engine, write=False) as session:
        return list(_breaks(session))


def _breaks(session: Session) -> Iterator[str]:
    broken = find_break(session)
    if broken:
        yield f"The audit trail is broken at event {broken.number}. {broken.why}"


def _not_noted(session: Session, noted: str | None) -> Iterator[str]:
    known = not noted or noted == head_of(session).genesis or find_event_of_hash(session, noted)
    if not known:
        yield (
            "No event has this hash, though the trail is whole in itself: the trail was cut or"
            " rewritten after it was noted, or it was noted of another database."
        )


def _stand(session: Session) -> str:
    found = head_of(session)
    last = get_event(session, found.last_id)
    if last is None:
        return "It has no event yet."
    return f"Its last event is {_told(last)}.\nIts head is {found.hash}."


def _where(session: Session, noted: str) -> str:
    event = find_event_of_hash(session, noted)
    if event is None:
        return "The hash noted is the one that the trail begins with: no event had happened yet."
    return f"The hash noted is that of event {_told(event)}: up to there nothing has changed since."


def _told(event: AuditEvent) -> str:
    return f"{event.id:,} of {event.at.astimezone(LONDON):%-d %B %Y at %H:%M}"
