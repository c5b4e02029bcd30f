"""The daily mail with the head of the trail: one to each administrator, whatever goes wrong."""

import logging
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email.parser import BytesParser
from email.policy import default
from functools import partial
from pathlib import Path
from threading import Event as Flag

import pytest
import time_machine
from sqlalchemy import Engine
from sqlalchemy.event import listen
from sqlmodel import Session, select

from chec import audit
from chec.config import Settings
from chec.db import open_session
from chec.jobs.trail_mail import trail_mail_job
from chec.jobs.worker import Worker
from chec.mail import Mail, MailNotSent, send_mail
from chec.models import AuditEvent, Centre, Event, JobRun, JobState, Role, User
from chec.models.references import reference
from chec.permissions import SYSTEM
from chec.queries.audit_chain import head_of
from chec.queries.job_runs import latest_job_run, list_unfinished_job_runs
from tests import builders
from tests.jobs.workers import several_workers, wait_until

SEVEN = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 16)
GOES_ON = Flag()


class Post:
    """Takes mails, but for those to an address that it refuses."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.refused: set[str] = set()

    def send(self, mail: Mail) -> None:
        if mail.to in self.refused:
            raise MailNotSent("SMTPRecipientsRefused")
        self.sent.append(mail)

    @property
    def recipients(self) -> Counter[str]:
        return Counter(mail.to for mail in self.sent)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session, name="Wren Valley")
    session.commit()
    return centre


def an_administrator(
    session: Session, centre: Centre, *, from_on: date = date(2022, 4, 1), to: date | None = None
) -> User:
    user = builders.a_user(session)
    builders.a_membership(
        session, Role.ADMINISTRATOR, user=user, centre=centre, starts_on=from_on, ends_before=to
    )
    session.commit()
    return user


def mail_at(moment: datetime, engine: Engine, post: Post) -> None:
    """What two workers do then, one after the other."""
    job = trail_mail_job(post.send)
    with time_machine.travel(moment, tick=False):
        for worker in (Worker(engine, [job]), Worker(engine, [job])):
            worker.do_due(job, GOES_ON)
            worker.do_waiting(GOES_ON)


def runs(engine: Engine) -> list[JobRun]:
    with open_session(engine, write=False) as session:
        return list(session.exec(select(JobRun).order_by(JobRun.period)))


def test_every_administrator_of_the_day_is_told_the_head_once(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    first, second = an_administrator(session, centre), an_administrator(session, centre)
    an_administrator(session, centre, to=TODAY)
    an_administrator(session, centre, from_on=TODAY + timedelta(days=1))
    builders.a_membership(session, Role.DIRECTOR, centre=centre)
    locked = an_administrator(session, centre)
    locked.active = False
    session.add(locked)
    session.commit()
    head, count = head_of(session).hash, head_of(session).last_id
    session.rollback()

    mail_at(SEVEN, engine, post)

    assert post.recipients == {first.email: 1, second.email: 1}
    mail = post.sent[0]
    assert mail.subject == "CHEC, Wren Valley: the audit trail on 16 November 2026"
    assert mail.text.startswith(
        f"On 16 November 2026 at 07:00 the audit trail of CHEC had {count} events."
    )
    assert f"\n\nchec audit verify --head {head}\n" in mail.text
    with open_session(engine, write=False) as reading:
        told = reading.exec(
            select(AuditEvent).where(AuditEvent.event == Event.TRAIL_HEAD_MAILED)
        ).all()
    assert sorted(each.subject for each in told) == sorted(
        reference("user", each.id) for each in (first, second)
    )
    assert head in told[0].changes
    assert {each.centre_id for each in told} == {centre.id}


def test_the_mail_counts_what_was_refused_yesterday_and_may_be_seen(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    an_administrator(session, centre)
    other = builders.a_centre(session)
    yesterday, before = SEVEN - timedelta(days=1), SEVEN - timedelta(days=2)
    for at, event, of in [
        (yesterday, Event.REFUSED, centre),
        (yesterday, Event.REFUSED, centre),
        (yesterday, Event.SIGN_IN_FAILED, None),
        (yesterday, Event.TRANSFER_POSTED, centre),
        (yesterday, Event.REFUSED, other),
        (before, Event.REFUSED, centre),
        (SEVEN, Event.REFUSED, centre),
    ]:
        audit.record(
            session, builders.an_actor(at=at), event, "/x", centre_id=of.id if of else None
        )
    session.commit()

    mail_at(SEVEN, engine, post)

    [mail] = post.sent
    assert (
        "On 15 November 2026, at Wren Valley:\n\n"
        "events: 4\nrefusals among them: 2\nfailed sign-ins: 1\n"
    ) in mail.text


def test_tomorrow_there_is_another(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    user = an_administrator(session, centre)

    for hours in (-1, 0, 12, 23.9, 24):
        mail_at(SEVEN + timedelta(hours=hours), engine, post)

    assert [run.period for run in runs(engine)] == [
        f"2026-11-{day} {reference('user', user.id)}" for day in (15, 16, 17)
    ]
    assert post.recipients == {user.email: 3}


def test_what_is_due_is_found_in_as_many_queries_however_many_administrators_there_are(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    asked: list[str] = []
    listen(engine, "after_cursor_execute", lambda *told: asked.append(str(told[2])))
    counts = []
    for more in (1, 4):
        for _ in range(more):
            an_administrator(session, centre)
        asked.clear()
        with open_session(engine, write=False) as reading:
            due = trail_mail_job(post.send).list_due(reading, SEVEN)
        counts.append((len(asked), len(due)))
    assert counts == [(counts[0][0], 1), (counts[0][0], 5)]


def test_a_mail_that_cannot_be_sent_is_tried_again_and_no_other_is(
    engine: Engine,
    session: Session,
    centre: Centre,
    post: Post,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = an_administrator(session, centre), an_administrator(session, centre)
    post.refused = {first.email}

    with caplog.at_level(logging.INFO):
        mail_at(SEVEN, engine, post)
        mail_at(SEVEN + timedelta(seconds=59), engine, post)
    assert post.recipients == {second.email: 1}
    assert [run.attempt_count for run in runs(engine)] == [1, 1]
    assert "failed" in caplog.text
    assert first.email not in caplog.text

    post.refused = set()
    mail_at(SEVEN + timedelta(seconds=60), engine, post)
    assert post.recipients == {first.email: 1, second.email: 1}
    assert {run.state for run in runs(engine)} == {JobState.DONE}


def test_a_mail_server_may_be_away_for_a_morning(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    user = an_administrator(session, centre)
    post.refused = {user.email}
    for minutes in (0, 1, 11, 71):
        mail_at(SEVEN + timedelta(minutes=minutes), engine, post)
    post.refused = set()
    mail_at(SEVEN + timedelta(minutes=310), engine, post)
    assert post.recipients == {}
    mail_at(SEVEN + timedelta(minutes=311), engine, post)
    assert post.recipients == {user.email: 1}
    assert "head" in post.sent[0].text


def test_a_mail_that_is_refused_five_times_is_given_up_for_the_day(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    post.refused = {an_administrator(session, centre).email}

    for hours in range(13):
        mail_at(SEVEN + timedelta(hours=hours), engine, post)

    [run] = runs(engine)
    assert (run.state, run.attempt_count) == (JobState.FAILED, 5)
    assert latest_job_run(session, SYSTEM, centre.id) is None
    assert list_unfinished_job_runs(session, SYSTEM, centre.id) == []


def test_whoever_lost_the_role_meanwhile_is_told_nothing(
    engine: Engine, session: Session, centre: Centre, post: Post
) -> None:
    user = an_administrator(session, centre)
    post.refused = {user.email}
    mail_at(SEVEN, engine, post)
    user.active = False
    session.add(user)
    session.commit()
    post.refused = set()

    mail_at(SEVEN + timedelta(minutes=5), engine, post)

    assert post.sent == []
    assert [run.state for run in runs(engine)] == [JobState.DONE]


def test_three_workers_send_each_mail_once(
    database_url: str, engine: Engine, session: Session, centre: Centre, tmp_path: Path
) -> None:
    users = [an_administrator(session, centre) for _ in range(6)]
    settings = Settings(data_dir=tmp_path)

    jobs = [trail_mail_job(partial(send_mail, settings))]
    with several_workers(database_url, 3, jobs, lease=timedelta(minutes=1)):
        wait_until(lambda: [run.state for run in runs(engine)] == [JobState.DONE] * 6)

    sent = [
        BytesParser(policy=default).parsebytes(file.read_bytes())["To"]
        for file in settings.mail_dir.iterdir()
    ]
    assert sorted(sent) == sorted(user.email for user in users)
