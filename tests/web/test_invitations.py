"""The page behind the link of an invitation."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec import clock
from chec.actions.invitations import Invited, Sent, invite_person, withdraw_invitation
from chec.models import AuditEvent, Event, Role, User
from chec.permissions import Grant, system_actor
from chec.rules.invitation_terms import GOOD_FOR
from tests import builders
from tests.client import Client, soup

EMAIL, PASSWORD = "jo@chec.example", "teapot lorry meadow"


@pytest.fixture
def sent(session: Session) -> Sent:
    sent = an_invitation(session)
    session.commit()
    return sent


def test_it_says_who_is_invited_to_what(client: Client, sent: Sent) -> None:
    page = soup(client.get(link(sent)))
    told = [" ".join(each.text.split()) for each in page.select("dd")]
    assert told[:3] == ["Jo Reed", EMAIL, "Director of Wren Valley"]
    [field] = page.select("input[type=password]")
    assert field["autocomplete"] == "new-password"


def test_looking_at_it_uses_nothing_up(client: Client, sent: Sent) -> None:
    for _ in range(3):
        assert client.get(link(sent)).status_code == 200
    assert accept(client, sent).status_code == 303


def test_with_a_password_one_has_an_account_and_signs_in(
    client: Client, sent: Sent, session: Session
) -> None:
    response = accept(client, sent)
    assert (response.status_code, response.headers["Location"]) == (303, "/login")
    login = client.get("/login")
    assert "Your account is ready." in login.text
    data = {"csrf_token": token_of(login), "email": EMAIL, "password": PASSWORD}
    assert client.post("/login", data=data).headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/centres/C-0001"
    page = client.get("/centres/C-0001")
    assert "Acting as" in page.text
    assert "director of Wren Valley" in page.text


def test_the_password_is_masked_as_it_is_typed(client: Client, sent: Sent) -> None:
    found = soup(client.get(link(sent))).select("input[name*=password]")
    assert [each["type"] for each in found] == ["password"]


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "Choose a password."),
        ("short", "Use at least 12 characters."),
        ("password1234", "Others can guess this"),
        ("jo@chec.example", "Others can guess this"),
        ("Wren Valley 2026!", "Others can guess this: it is made of your name, email or centre."),
        ("x" * 1001, "Use at most"),
        ("teapot\0lorry meadow", "This holds a character that cannot be kept."),
        ("x" * 100_000, "This is too long."),
    ],
)
def test_a_bad_password_is_refused_and_the_link_still_works(
    client: Client, sent: Sent, session: Session, password: str, says: str
) -> None:
    response = accept(client, sent, password)
    assert response.status_code == 422
    assert says in response.text
    assert session.exec(select(User).where(User.email == EMAIL)).first() is None
    session.rollback()
    assert accept(client, sent).status_code == 303


def test_every_link_that_opens_nothing_looks_the_same(
    client: Client, session: Session, sent: Sent
) -> None:
    withdrawn = an_invitation(session, email="two@chec.example")
    withdraw_invitation(session, system_actor(clock.now()), withdrawn.invitation)
    session.commit()
    accept(client, sent)
    client.get("/login")  # which says that the account is ready
    pages = [client.get(link(sent)), client.get(link(withdrawn)), client.get("/invitations/never")]
    assert [page.status_code for page in pages] == [404, 404, 404]
    texts = {soup(page).main.text for page in pages}  # type: ignore[union-attr]
    assert len(texts) == 1
    assert "This invitation cannot be used" in texts.pop()
    token = token_of(client.get("/login"))
    for address in (link(sent), link(withdrawn), "/invitations/never"):
        response = client.post(address, data={"csrf_token": token, "password": PASSWORD})
        assert response.status_code == 404


def test_after_72_hours_it_opens_nothing(client: Client, sent: Sent) -> None:
    page = client.get(link(sent))
    with time_machine.travel(sent.invitation.expires_at - timedelta(seconds=2), tick=False):
        assert client.get(link(sent)).status_code == 200
    with time_machine.travel(sent.invitation.invited_at + GOOD_FOR, tick=False):
        assert client.get(link(sent)).status_code == 404
        data = {"csrf_token": token_of(page), "password": PASSWORD}
        assert client.post(link(sent), data=data).status_code == 404


def test_whoever_is_signed_in_is_told_to_sign_out_first(
    client: Client, sent: Sent, session: Session
) -> None:
    user = builders.a_user(session, name="Ada Min")
    session.commit()
    client.sign_in(user)
    response = client.get(link(sent))
    assert response.status_code == 200
    assert "you are signed in as Ada Min" in response.text
    assert "Jo Reed" not in response.text
    assert client.get("/invitations/never").status_code == 404
    client.post(link(sent), data={"password": PASSWORD})
    assert session.exec(select(User).where(User.email == EMAIL)).first() is None


def test_whoever_is_signed_in_takes_the_role_that_is_meant_for_them(
    client: Client, sent: Sent, session: Session
) -> None:
    user = builders.a_user(session, email=EMAIL, name="Jo Known")
    session.commit()
    client.sign_in(user)
    assert "Take the role" in client.get(link(sent)).text
    done = client.post(link(sent), follow_redirects=True)
    assert "The role is yours" in done.text
    assert "director of Wren Valley" in done.text


def test_whoever_has_an_account_by_now_takes_the_role_with_it(
    client: Client, session: Session, sent: Sent
) -> None:
    user = builders.a_user(session, email=EMAIL, name="Jo Known", password_hash="kept")
    session.commit()
    page = client.get(link(sent))
    assert not soup(page).select("input[type=password]")
    data = {"csrf_token": token_of(page), "password": "their own choice"}
    assert client.post(link(sent), data=data).status_code == 303
    assert "The role is yours" in client.get("/login").text
    session.refresh(user)
    assert user.password == "kept"
    assert client.get(link(sent)).status_code == 404


def test_a_forged_acceptance_is_refused(client: Client, sent: Sent) -> None:
    assert client.post(link(sent), data={"password": PASSWORD}).status_code == 400
    assert client.get(link(sent)).status_code == 200


def test_the_address_is_told_to_nobody(client: Client, sent: Sent, session: Session) -> None:
    page = client.get(link(sent))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    accept(client, sent, "short")
    accept(client, sent)
    told = " ".join(str(each.model_dump()) for each in session.exec(select(AuditEvent)))
    assert Event.INVITATION_ACCEPTED in told
    for secret in (sent.token, EMAIL, "Jo Reed", PASSWORD):
        assert secret not in told


def an_invitation(session: Session, *, email: str = EMAIL) -> Sent:
    """From the system, now."""
    centre = builders.a_centre(session, name=f"Wren Valley{'' if email == EMAIL else ' two'}")
    grant = Grant(Role.DIRECTOR, centre_id=centre.id)
    actor = system_actor(clock.now())
    sent = invite_person(session, actor, centre, Invited(email, "Jo Reed", grant, clock.today()))
    assert isinstance(sent, Sent)
    return sent


def link(sent: Sent) -> str:
    return f"/invitations/{sent.token}"


def accept(client: Client, sent: Sent, password: str = PASSWORD) -> TestResponse:
    """The answer to the form, sent as a browser sends it."""
    data = {"csrf_token": token_of(client.get(link(sent))), "password": password}
    return client.post(link(sent), data=data)


def token_of(page: TestResponse) -> str:
    field = soup(page).select_one("input[name=csrf_token]")
    assert field is not None
    return str(field["value"])
