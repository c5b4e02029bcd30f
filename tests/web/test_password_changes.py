"""Passwords: changed by whoever knows them, and set anew with a link by mail."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
import time_machine
from flask import Flask, template_rendered
from sqlalchemy import event
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from chec.config import Settings
from chec.models import AuditEvent, AuditSubject, Event, Role, SignIn, User
from chec.models.references import reference
from chec.web.forms.sign_in import SAME_PASSWORD, WRONG_PASSWORD
from chec.web.passwords import hash_password
from tests import builders
from tests.client import Client, soup
from tests.web.factors import (
    PASSWORD,
    enter_password,
    errors,
    form_token,
    fresh,
    give_app,
    is_signed_in,
    mails,
    said,
    send,
)

NEW = "window marble seventeen"
CHANGE, ASK, SET = "/account/password", "/reset", "/reset/new-password"


@pytest.fixture
def user(session: Session) -> User:
    user = builders.a_user(
        session,
        email="dee@chec.example",
        name="Dee O'Rector",
        password_hash=hash_password(PASSWORD, cheap=True),
    )
    session.commit()
    return user


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(builders.NOW, tick=False) as time:
        yield time


def test_a_changed_password_signs_in_and_the_old_one_does_not(
    client: Client, user: User, session: Session
) -> None:
    enter_password(client, user)
    answer = change(client, PASSWORD, NEW)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account")
    assert "Your password was changed" in said(client.get("/account"))
    for password, status in ((PASSWORD, 422), (NEW, 302)):
        answer = send(another(client), "/login", email=user.email, password=password)
        assert answer.status_code == status
    assert (Event.PASSWORD_CHANGED, user.id, reference("user", user.id)) in trail(session)


def test_a_change_ends_every_other_sign_in_and_gives_this_one_a_new_token(
    client: Client, user: User, session: Session
) -> None:
    elsewhere = another(client)
    for each in (client, elsewhere):
        enter_password(each, user)
    with client.session_transaction() as state:
        before = dict(state)
    change(client, PASSWORD, NEW)
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    with client.session_transaction() as state:
        assert state["sign_in"] != before["sign_in"]
        assert state["_user_id"] != before["_user_id"]
        for mixed in (before, {**before, "_user_id": state["_user_id"]}):
            with elsewhere.session_transaction() as copied:
                copied.clear()
                copied.update(mixed)
            assert not is_signed_in(elsewhere)
    session.commit()
    rows = session.exec(select(SignIn).order_by(col(SignIn.id))).all()
    assert [row.ended_at is None for row in rows] == [False, False, True]


@pytest.mark.parametrize(
    ("present", "new", "said_of_it"),
    [
        ("not this one", NEW, WRONG_PASSWORD),
        ("x" * 1001, NEW, WRONG_PASSWORD),
        ("", NEW, "Enter your current password."),
        (PASSWORD, "", "Enter a new password."),
        (PASSWORD, PASSWORD, SAME_PASSWORD),
        (PASSWORD, "short", "Use at least 12 characters."),
        (PASSWORD, "x" * 1001, "Use at most 1,000 characters."),
        (PASSWORD, "x" * 10_001, "This is too long. Enter at most 10,000 characters."),
        (PASSWORD, "password1234", "Others can guess this: it is a common password"),
        (PASSWORD, "Dee O'Rector 2026", "Others can guess this: it is made of your name"),
        (PASSWORD, "Lakeland 2026!", "Others can guess this: it is made of your name"),
    ],
)
def test_a_change_that_is_refused_says_why_and_changes_nothing(  # noqa: PLR0917
    client: Client, user: User, session: Session, present: str, new: str, said_of_it: str
) -> None:
    centre = builders.a_centre(session, name="Lakeland")
    builders.a_membership(
        session, Role.PROVIDER, user=user, venture=builders.a_venture(session, centre)
    )
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    session.commit()
    enter_password(client, user)
    before = fresh(session, user).password
    answer = change(client, present, new)
    assert answer.status_code == 422
    [error] = errors(answer)
    assert error.startswith(said_of_it)
    assert fresh(session, user).password == before
    assert is_signed_in(client)


def test_a_password_may_hold_a_number_that_looks_like_an_nhs_number(
    client: Client, user: User
) -> None:
    enter_password(client, user)
    assert change(client, PASSWORD, "lamp 943 476 5919 river").status_code == 302


def test_whoever_guesses_at_a_change_is_in_the_list_of_failures(
    client: Client, user: User, session: Session
) -> None:
    enter_password(client, user)
    change(client, "not this one", NEW)
    assert (Event.SIGN_IN_FAILED, user.id, "POST /account/password") in trail(session)
    assert "Failed" in client.get("/account").text


def test_a_change_is_told_by_mail(client: Client, user: User, settings: Settings) -> None:
    enter_password(client, user)
    change(client, PASSWORD, NEW)
    [mail] = mails(settings)
    assert mail.startswith("dee@chec.example\nHello Dee O'Rector,")
    assert "your password was changed" in mail
    assert "http://localhost/reset" in mail


def test_a_link_sets_a_new_password_and_ends_every_sign_in(
    client: Client, user: User, session: Session, settings: Settings
) -> None:
    elsewhere = another(client)
    enter_password(elsewhere, user)
    follow(client, link(client, user, settings))
    answer = send(client, SET, password=NEW)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    assert "Your new password is set." in said(client.get("/login"))
    assert not is_signed_in(client), "the link by itself signs nobody in"
    assert not is_signed_in(elsewhere)
    assert send(client, "/login", email=user.email, password=PASSWORD).status_code == 422
    assert send(client, "/login", email=user.email, password=NEW).status_code == 302
    assert trail(session)[1:3] == [
        (Event.PASSWORD_RESET_ASKED, None, "POST /reset"),
        (Event.PASSWORD_CHANGED, user.id, reference("user", user.id)),
    ]
    assert "a new password was set with a link" in mails(settings)[1] + mails(settings)[0]


def test_after_a_new_password_the_code_is_still_asked_for(
    app: Flask, client: Client, user: User, session: Session, settings: Settings
) -> None:
    give_app(app, session, user)
    follow(client, link(client, user, settings))
    send(client, SET, password=NEW)
    answer = send(client, "/login", email=user.email, password=NEW)
    assert answer.headers["Location"] == "/tf-validate"
    assert not is_signed_in(client)


LONG = "x#K!9@pL$2%q" * 83 + "aBcd"


@pytest.mark.parametrize(
    ("password", "others"),
    [
        (LONG, [LONG[:-1], f"{LONG[:-1]}e", LONG.lower(), LONG[:72]]),
        ("Window marble seventeen ", [NEW, "Window marble seventeen", "window marble seventeen "]),
    ],
)
def test_a_password_is_verified_as_it_was_typed(
    client: Client, user: User, password: str, others: list[str]
) -> None:
    enter_password(client, user)
    assert change(client, PASSWORD, password).status_code == 302
    for typed in others:
        assert send(another(client), "/login", email=user.email, password=typed).status_code == 422
    assert send(another(client), "/login", email=user.email, password=password).status_code == 302


def test_typing_a_password_is_masked_and_can_be_shown(
    client: Client, user: User, settings: Settings
) -> None:
    reset = another(client)
    follow(reset, link(client, user, settings))
    pages = [reset.get(SET), client.get("/login")]
    enter_password(client, user)
    pages += [client.get(CHANGE), client.get("/verify")]
    for page, count in zip(pages, (1, 1, 2, 1), strict=True):
        found = soup(page).select(".nhsuk-password-input input")
        assert [each["type"] for each in found] == ["password"] * count
        assert len(soup(page).select("input[name*=password]")) == count
        assert len(soup(page).select("button.nhsuk-password-input__toggle")) == count


def test_the_mail_is_plain_and_leads_to_the_public_address(
    client: Client, user: User, settings: Settings
) -> None:
    send_to(client, user.email)
    [mail] = mails(settings)
    assert mail.startswith("dee@chec.example\nHello Dee O'Rector,")
    assert re.search(r"^http://localhost/reset/[\w.-]{50,}$", mail, re.MULTILINE)
    assert "works once, and for 60 minutes" in mail


def test_who_is_signed_in_as_somebody_else_is_signed_out_by_a_new_password(
    client: Client, user: User, session: Session, settings: Settings
) -> None:
    other = builders.a_user(session, password_hash=hash_password(PASSWORD, cheap=True))
    session.commit()
    enter_password(client, other)
    follow(client, link(client, user, settings))
    send(client, SET, password=NEW)
    assert not is_signed_in(client)
    session.commit()
    assert all(row.ended_at for row in session.exec(select(SignIn)))


def test_the_token_does_not_stay_in_the_address(
    app: Flask, client: Client, user: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    address = link(client, user, settings)
    caplog.clear()
    with caplog.at_level("DEBUG"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, SET)
        page = client.get(SET)
        posted = send(client, SET, password="short")
    token = address.rsplit("/", 1)[1]
    assert answer.text.count(token) == page.text.count(token) == posted.text.count(token) == 0
    assert token not in caplog.text
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}


def test_a_link_works_once(client: Client, user: User, settings: Settings) -> None:
    address = link(client, user, settings)
    follow(client, address)
    send(client, SET, password=NEW)
    assert ended(client.get(address, follow_redirects=True))
    assert ended(another(client).get(address, follow_redirects=True))


def test_a_link_that_waits_in_two_browsers_works_in_one(
    client: Client, user: User, session: Session, settings: Settings
) -> None:
    address = link(client, user, settings)
    other = another(client)
    tokens = {each: (follow(each, address), form_token(each, SET))[1] for each in (client, other)}
    answers = [
        each.post(SET, data={"csrf_token": token, "password": f"{NEW} {number}"})
        for number, (each, token) in enumerate(tokens.items())
    ]
    assert [answer.status_code for answer in answers] == [302, 410]
    changed = [event for event in trail(session) if event[0] == Event.PASSWORD_CHANGED]
    assert len(changed) == 1


def test_a_link_works_for_an_hour(
    client: Client, user: User, settings: Settings, time: time_machine.Traveller
) -> None:
    address = link(client, user, settings)
    time.shift(timedelta(hours=1))
    assert follow(client, address).status_code == 200
    time.shift(timedelta(seconds=1))
    assert ended(client.get(SET))
    assert ended(client.post(SET, data={"password": NEW}, headers=with_token(client)))
    assert ended(another(client).get(address, follow_redirects=True))
    assert send(client, "/login", email=user.email, password=PASSWORD).status_code == 302


@pytest.mark.parametrize("what", ["changed", "signed out everywhere", "locked"])
def test_a_link_ends_when_something_else_is_done_about_the_account(
    client: Client, user: User, session: Session, settings: Settings, what: str
) -> None:
    address = link(client, user, settings)
    owner = another(client)
    enter_password(owner, user)
    if what == "changed":
        change(owner, PASSWORD, NEW)
    elif what == "signed out everywhere":
        token = form_token(owner, "/account")
        owner.post("/account/sign-out-everywhere", data={"csrf_token": token})
    else:
        row = fresh(session, user)
        row.active = False
        session.add(row)
        session.commit()
    assert ended(client.get(address, follow_redirects=True))


def test_who_is_locked_while_they_choose_a_password_sets_none(
    client: Client, user: User, session: Session, settings: Settings
) -> None:
    follow(client, link(client, user, settings))
    token = form_token(client, SET)
    row = fresh(session, user)
    row.active = False
    session.add(row)
    session.commit()
    assert ended(client.post(SET, data={"csrf_token": token, "password": NEW}))


@pytest.mark.parametrize("token", ["x", "a.b.c", ".eJw.awJ8Nw.D1C", "new-password", "%00"])
def test_a_link_that_was_made_up_is_no_good(client: Client, user: User, token: str) -> None:
    assert client.get(f"/reset/{token}", follow_redirects=True).status_code in {410, 422}


def test_a_refused_new_password_can_be_tried_again(
    client: Client, user: User, settings: Settings
) -> None:
    follow(client, link(client, user, settings))
    for password, fault in (
        ("", "Enter a new password."),
        ("dee", "Use at least 12 characters."),
        (PASSWORD, SAME_PASSWORD),
    ):
        answer = send(client, SET, password=password)
        assert answer.status_code == 422
        assert errors(answer) == [fault]
    assert send(client, SET, password=NEW).status_code == 302


def test_whether_an_address_is_known_is_not_told(
    client: Client, user: User, session: Session, settings: Settings
) -> None:
    locked = builders.a_user(session, email="lou@chec.example")
    locked.active = False
    session.commit()
    asked = ("dee@chec.example", "lou@chec.example", "nobody@chec.example", "DEE@chec.example")
    answers = [send_to(client, address) for address in asked]
    assert {answer.status_code for answer in answers} == {200}
    texts = {
        re.sub(r'value="[^"]{60,}"', "", answer.text).replace(address, "ADDRESS")
        for address, answer in zip(asked, answers, strict=True)
    }
    assert len(texts) == 1
    headers = [sorted(set(answer.headers.keys())) for answer in answers]
    assert all(each == headers[0] for each in headers)
    assert len(mails(settings)) == 2
    session.commit()
    asked_for = select(AuditEvent).where(AuditEvent.event == Event.PASSWORD_RESET_ASKED)
    about = [
        session.exec(
            select(AuditSubject.subject).where(
                AuditSubject.event_id == each.id, AuditSubject.subject != each.subject
            )
        ).all()
        for each in session.exec(asked_for.order_by(col(AuditEvent.id)))
    ]
    dee, lou = reference("user", user.id), reference("user", locked.id)
    assert about == [[dee], [lou], [], [dee]]


def test_a_sign_in_does_not_tell_whether_an_address_is_known(client: Client, user: User) -> None:
    answers = [
        send(client, "/login", email=email, password="not this one")
        for email in ("dee@chec.example", "nob@chec.example")
    ]
    texts = {
        re.sub(r'value="[^"]{60,}"', "", answer.text).replace("nob@", "dee@") for answer in answers
    }
    assert len(texts) == 1
    assert [answer.status_code for answer in answers] == [422, 422]
    assert set(answers[0].headers.keys()) == set(answers[1].headers.keys())


def test_as_much_work_is_done_for_an_address_that_is_unknown(
    app: Flask, client: Client, user: User
) -> None:
    statements: list[str] = []
    engine = app.extensions["chec_engine"]
    event.listen(engine, "after_cursor_execute", lambda *a: statements.append(str(a[2])))
    rendered: list[str] = []
    with template_rendered.connected_to(
        lambda _app, template, **_more: rendered.append(template.name), app
    ):
        send_to(client, user.email)
        known = statements.copy(), rendered.copy()
        statements.clear()
        rendered.clear()
        send_to(client, "nobody@chec.example")
    assert "security/email/reset_instructions.txt" in known[1]
    assert rendered == known[1]
    # But for the one row that lists it in a person's own history.
    assert [text[:30] for text in statements] == [text[:30] for text in known[0]]


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "Enter your email address."),
        ("dee", "Enter it like name@example.org."),
        ("a b@c", "Enter it like name@example.org."),
        (f"{'x' * 250}@c.uk", "Enter at most 254 characters."),
    ],
)
def test_what_is_no_address_is_said_to_be_none(client: Client, typed: str, fault: str) -> None:
    answer = send_to(client, typed)
    assert answer.status_code == 422
    assert errors(answer) == [fault]


def test_mail_is_not_sent_to_one_address_without_end(
    client: Client, user: User, settings: Settings
) -> None:
    answers = [send_to(client, user.email).status_code for _ in range(8)]
    assert set(answers) == {200}
    assert len(mails(settings)) == 5


def change(client: Client, present: str, new: str) -> TestResponse:
    """The answer to the form that changes the password."""
    return send(client, CHANGE, password=present, new_password=new)


def send_to(client: Client, email: str) -> TestResponse:
    """The answer to the form that asks for a link."""
    return send(client, ASK, email=email)


def link(client: Client, user: User, settings: Settings) -> str:
    """The path of the link that the user was mailed."""
    send_to(another(client), user.email)
    [path] = {
        found[1]
        for mail in mails(settings)
        if (found := re.search(r"http://localhost(/reset/\S+)", mail))
    }
    return path


def follow(client: Client, address: str) -> TestResponse:
    """The page that the link leads to."""
    return client.get(address, follow_redirects=True)


def ended(answer: TestResponse) -> bool:
    """Whether it says that the link no longer works."""
    heading = soup(answer).select_one("h1")
    assert heading
    return answer.status_code == 410 and heading.get_text(strip=True) == "This link no longer works"


def with_token(client: Client) -> dict[str, str]:
    return {"X-CSRFToken": form_token(client, "/login")}


def another(client: Client) -> Client:
    """A client that holds no cookie."""
    return cast(Client, client.application.test_client())


def trail(session: Session) -> list[tuple[str, int | None, str]]:
    """What was recorded of sign-ins and passwords: what, by whom and about what."""
    kinds = {Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.PASSWORD_CHANGED}
    kinds |= {Event.PASSWORD_RESET_ASKED, Event.SIGNED_OUT_EVERYWHERE}
    session.commit()
    rows = session.exec(select(AuditEvent).order_by(col(AuditEvent.id)))
    found = [(row.event, row.user_id, row.subject) for row in rows if row.event in kinds]
    session.commit()
    return found
