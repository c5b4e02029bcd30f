"""The daily mail with the head of the audit trail."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import Engine
from sqlmodel import Session

from chec import clock
from chec.actions.trail_mails import record_trail_mail
from chec.db import open_session
from chec.jobs.job import Due, Job, Store
from chec.mail import Mail
from chec.models import AuditHead, Centre, Event, JobRun, Role
from chec.permissions import SYSTEM, Action, Actor, Grant, Viewer
from chec.queries.administrators import list_administrators
from chec.queries.audit_chain import head_of
from chec.queries.audit_trail import TrailFilter, count_events, list_persons
from chec.queries.centres import get_centre, list_centres
from chec.queries.job_runs import list_begun
from chec.rules.trail_mail import (
    MAIL_HOUR,
    TRAIL_MAIL,
    day_and_recipient,
    last_mail_day,
    mail_period,
)

_TEXT = """\
{now:On %-d %B %Y at %H:%M} the audit trail of CHEC had {count:,} events. The hash of the last is

{head}

Keep this mail. Whoever has this hash can show that no event before it was changed, left out or
put in since:

chec audit verify --head {head}

On {yesterday:%-d %B %Y}, at {centre}:

events: {new:,}
refusals among them: {refused:,}
failed sign-ins: {failed:,}

You are told because you administer {centre}.
"""


def trail_mail_job(send: Callable[[Mail], None]) -> Job:
    """The job, with the way in which its mails go out."""
    return Job(TRAIL_MAIL, MAIL_HOUR, _list_due, partial(_mail, send))


def _list_due(session: Session, now: datetime) -> Sequence[Due]:
    day, today = last_mail_day(now.astimezone(clock.LONDON)), clock.london_day(now)
    every = [
        Due(centre.id, mail_period(day, user_id))
        for centre in list_centres(session, SYSTEM, Action.VIEW_TRAIL)
        for user_id in list_administrators(session, SYSTEM, centre.id, today)
    ]
    begun = list_begun(session, TRAIL_MAIL, {due.period for due in every})
    return [due for due in every if due not in begun]


def _mail(send: Callable[[Mail], None], engine: Engine, run: JobRun) -> Store:
    day, user_id = day_and_recipient(run.period)
    with open_session(engine, write=False) as session:
        to = list_administrators(session, SYSTEM, run.centre_id, clock.today()).get(user_id)
        if to is None:
            return lambda _session, _actor: None  # they administer it no more
        centre = get_centre(session, SYSTEM, Action.VIEW_TRAIL, run.centre_id)
        head = head_of(session)
        text = _text(session, centre, head, user_id, yesterday=day - timedelta(days=1))
    send(Mail(to, f"CHEC, {centre.name}: the audit trail on {day:%-d %B %Y}", text))
    return partial(_record, centre.id, user_id, head)


def _text(
    session: Session, centre: Centre, head: AuditHead, user_id: int, *, yesterday: date
) -> str:
    viewer = Viewer(user_id, frozenset({Grant(Role.ADMINISTRATOR, centre.id)}))
    persons = list_persons(session, viewer)
    counts = count_events(session, viewer, persons, TrailFilter(yesterday, yesterday))
    return _TEXT.format(
        now=clock.now().astimezone(clock.LONDON),
        count=head.last_id,
        head=head.hash,
        yesterday=yesterday,
        centre=centre.name,
        new=counts.total(),
        refused=counts[Event.REFUSED],
        failed=counts[Event.SIGN_IN_FAILED],
    )


def _record(centre_id: int, user_id: int, head: AuditHead, session: Session, actor: Actor) -> None:
    record_trail_mail(
        session,
        actor,
        centre_id=centre_id,
        user_id=user_id,
        event_count=head.last_id,
        head=head.hash,
    )
