"""Signing in through the form, and out."""

import re
from datetime import timedelta
from urllib.parse import urlencode, urljoin

import pytest
import time_machine
from sqlmodel import Session, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from chec.models import AuditEvent, Event, User
from chec.web.forms.sign_in import MISMATCH
from chec.web.passwords import LONGEST, hash_password
from tests import builders
from tests.client import Client, soup

EMAIL, PASSWORD = "director@chec.example", "correct horse battery"


@pytest.fixture
def user(session: Session) -> User:
    user = builders.a_user(
        session, email=EMAIL, name="Dee Rector", password_hash=hash_password(PASSWORD, cheap=True)
    )
    session.commit()
    return user


def test_email_and_password_open_the_door(client: Client, user: User, session: Session) -> None:
    response = sign_in(client, EMAIL, PASSWORD)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert "Dee Rector" in client.get("/").text
    assert trail(session) == [(Event.SIGNED_IN, user.id)]


def test_an_email_address_is_the_same_in_capitals(client: Client, user: User) -> None:
    assert sign_in(client, EMAIL.upper(), PASSWORD).status_code == 302


def test_an_email_address_is_the_same_in_wide_letters(client: Client, user: User) -> None:
    assert sign_in(client, "director@\uff43hec.example", PASSWORD).status_code == 302


def test_an_email_address_that_only_looks_like_it_is_none(client: Client, user: User) -> None:
    assert sign_in(client, "d\u0130rector@chec.example", PASSWORD).status_code == 422
    assert sign_in(client, "director@\u0441hec.example", PASSWORD).status_code == 422


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), ("nobody@chec.example", PASSWORD), (EMAIL, "x" * (LONGEST + 1))],
    ids=["wrong password", "unknown email", "endless password"],
)
def test_which_of_the_two_was_wrong_is_not_said(
    client: Client, user: User, session: Session, email: str, password: str
) -> None:
    response = sign_in(client, email, password)
    assert response.status_code == 422
    assert [link.text.strip() for link in soup(response).select(".nhsuk-error-summary a")] == [
        MISMATCH
    ]
    assert client.get("/").status_code == 302
    assert [event for event, _ in trail(session)] == [Event.SIGN_IN_FAILED]


def test_a_failed_sign_in_leaves_nothing_that_was_typed(
    client: Client, user: User, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(client, "typed-wrong@chec.example", "secret-typed")
    kept = " ".join(str(row.model_dump()) for row in session.exec(select(AuditEvent)))
    for text in ("typed-wrong", "secret-typed"):
        assert text not in kept + caplog.text


def test_a_locked_user_stays_outside(client: Client, user: User, session: Session) -> None:
    user.active = False
    session.add(user)
    session.commit()
    assert sign_in(client, EMAIL, PASSWORD).status_code == 422


def test_a_user_locked_while_signed_in_is_out(client: Client, user: User, session: Session) -> None:
    sign_in(client, EMAIL, PASSWORD)
    user.active = False
    session.add(user)
    session.commit()
    assert client.get("/").headers["Location"] == "/login"


def test_after_a_working_day_one_signs_in_again_however_busy_it_was(
    client: Client, user: User
) -> None:
    with time_machine.travel(builders.NOW, tick=False) as time:
        sign_in(client, EMAIL, PASSWORD)
        for _ in range(23):
            time.shift(timedelta(minutes=30))
            assert client.get("/").status_code == 200
        time.shift(timedelta(minutes=29, seconds=59))
        assert client.get("/").status_code == 200
        time.shift(timedelta(seconds=1))
        assert client.get("/").headers["Location"] == "/login"
        assert sign_in(client, EMAIL, PASSWORD).headers["Location"] == "/"
        assert client.get("/").status_code == 200


def test_an_empty_form_says_what_is_missing(client: Client) -> None:
    response = sign_in(client, "", "")
    assert "Enter your email address." in response.text
    assert "Enter your password." in response.text


def test_signing_in_leads_back_to_the_page_that_was_asked_for(client: Client, user: User) -> None:
    asked = client.get("/centres/C-0001/people?sort=name")
    assert asked.headers["Location"] == "/login?next=/centres/C-0001/people?sort%3Dname"
    response = sign_in(client, EMAIL, PASSWORD, address=asked.headers["Location"])
    assert response.headers["Location"] == "/centres/C-0001/people?sort=name"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "http://localhost/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "///evil.example",
        "////evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        " //evil.example",
        "https:evil.example",
        "https:/evil.example",
        "//localhost@evil.example",
        "http://localhost@evil.example/",
        "http://localhost:80@evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "home.index",
        "%2F%2Fevil.example",
        "/%5C\\evil.example",
        "/／evil.example\\",
    ],
)
@pytest.mark.parametrize("where", ["address", "form"])
def test_signing_in_leads_to_no_other_host(
    client: Client, user: User, elsewhere: str, where: str
) -> None:
    address = f"/login?{urlencode({'next': elsewhere})}" if where == "address" else "/login"
    more = {"next": elsewhere} if where == "form" else {}
    response = sign_in(client, EMAIL, PASSWORD, address=address, **more)
    assert (response.status_code, response.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("ours", ["/account", "/a/../b?c=d&e=//f", "/%2F%2Fevil.example"])
def test_signing_in_leads_to_any_page_of_ours(client: Client, user: User, ours: str) -> None:
    response = sign_in(client, EMAIL, PASSWORD, next=ours)
    assert re.match(r"/(?![/\\])", response.headers["Location"])
    assert urljoin("http://localhost/login", response.headers["Location"]).startswith(
        "http://localhost/"
    )


def test_a_page_of_ours_and_a_stranger_together_lead_to_the_first_page(
    client: Client, user: User
) -> None:
    token = form_token(client.get("/login"))
    data = {"csrf_token": token, "email": EMAIL, "password": PASSWORD}
    fields = [*data.items(), ("next", "/account"), ("next", "//evil.example")]
    assert client.post("/login", data=MultiDict(fields)).headers["Location"] == "/"


def test_signing_out_closes_the_door(client: Client, user: User, session: Session) -> None:
    sign_in(client, EMAIL, PASSWORD)
    token = form_token(client.get("/"))
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 400
    assert client.post("/logout", data={"csrf_token": token}).status_code == 302
    assert client.get("/").headers["Location"] == "/login"
    assert trail(session) == [(Event.SIGNED_IN, user.id), (Event.SIGNED_OUT, user.id)]


def test_a_forged_sign_in_is_refused_and_says_what_to_do(client: Client, user: User) -> None:
    response = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert response.status_code == 400
    assert "Open the page afresh" in response.text
    assert EMAIL not in response.text


def test_nobody_registers_alone(client: Client) -> None:
    for address in ("/register", "/confirm", "/us-signin", "/tf-rescue", "/tf-select"):
        assert client.get(address).status_code == 404, address


def sign_in(
    client: Client, email: str, password: str, *, address: str = "/login", **more: str
) -> TestResponse:
    """The answer to the form, sent as a browser sends it."""
    token = form_token(client.get(address))
    data = {"csrf_token": token, "email": email, "password": password, **more}
    return client.post(address, data=data)


def form_token(page: TestResponse) -> str:
    field = soup(page).select_one("input[name=csrf_token]")
    assert field is not None
    return str(field["value"])


def trail(session: Session) -> list[tuple[str, int | None]]:
    kinds = [Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.SIGNED_OUT]
    rows = session.exec(select(AuditEvent).order_by(AuditEvent.id))  # type: ignore[arg-type]
    return [(row.event, row.user_id) for row in rows if row.event in kinds]
