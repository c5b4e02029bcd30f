"""Each thing that can go wrong has one page."""

from typing import cast

import pytest
from flask import Flask, Response
from sqlalchemy import event
from sqlmodel import Session, select

from chec.errors import NotAllowed, NotFound, RuleBroken
from chec.models import AuditEvent, Event
from chec.web.access import open_to_all
from tests import builders
from tests.client import Client, soup

pytestmark = pytest.mark.backend("sqlite")

RAISED = {
    "not-found": NotFound(),
    "not-allowed": NotAllowed("You may not."),
    "rule-broken": RuleBroken(["The quarter is closed.", "The bank <b>would</b> be overdrawn."]),
    "defect": ZeroDivisionError("secret detail"),
}


@pytest.fixture
def page(app: Flask) -> Client:
    """Pages that go wrong, at `/raise/…`."""
    app.config.update(WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)

    def go_wrong(name: str) -> Response:
        raise RAISED[name]

    rule = "/raise/<name>"
    view = open_to_all(go_wrong)
    app.add_url_rule(rule, view_func=view, endpoint="raise", methods=["GET", "POST"])
    return cast(Client, app.test_client())


@pytest.mark.parametrize(
    ("address", "status", "title"),
    [
        ("/nowhere", 404, "Page not found"),
        ("/centres/C-1/people", 404, "Page not found"),
        ("/centres/C-00000001/people", 404, "Page not found"),
        ("/centres/C-0000/people", 404, "Page not found"),
        ("/centres/V-0001/people", 404, "Page not found"),
        ("/raise/not-found", 404, "Page not found"),
        ("/raise/not-allowed", 403, "You may not open this page"),
        ("/raise/rule-broken", 409, "This was not done"),
        ("/raise/defect", 500, "Something went wrong on our side"),
    ],
)
def test_an_error_has_a_page_in_the_layout(
    page: Client, address: str, status: int, title: str
) -> None:
    response = page.get(address)
    assert response.status_code == status
    assert [heading.text.strip() for heading in soup(response).select("main h1")] == [title]
    assert soup(response).select_one("header a[href='/']")


def test_a_broken_rule_gives_its_reasons_as_text(page: Client) -> None:
    reasons = soup(page.get("/raise/rule-broken")).select("main li")
    assert [reason.text for reason in reasons] == [
        "The quarter is closed.",
        "The bank <b>would</b> be overdrawn.",
    ]


def test_under_htmx_the_page_comes_with_its_own_status(page: Client) -> None:
    response = page.get("/raise/rule-broken", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "The quarter is closed." in response.text


def test_a_refused_act_is_in_the_audit_trail_without_what_was_typed(
    page: Client, session: Session
) -> None:
    page.post("/raise/rule-broken?name=Sam")
    kept = session.exec(select(AuditEvent).where(AuditEvent.event == Event.REFUSED)).one()
    assert (kept.subject, kept.detail) == ("POST /raise/<name>", "A rule forbids it.")


def test_a_wrong_method_is_told_which_are_right(page: Client) -> None:
    response = page.post("/login/", data={})
    assert response.status_code == 404
    response = page.get("/logout")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_the_page_of_a_defect_says_nothing_about_it_and_asks_the_database_nothing(
    page: Client, app: Flask, session: Session
) -> None:
    user = builders.a_user(session)
    session.commit()
    page.sign_in(user)
    statements: list[str] = []
    engine = app.extensions["chec_engine"]
    event.listen(engine, "after_cursor_execute", lambda *a: statements.append(str(a[2])))
    response = page.get("/raise/defect")
    assert response.status_code == 500
    assert "secret detail" not in response.text
    assert [text.split(" FROM ")[0][:6] for text in statements] == ["BEGIN ", "SELECT"], "who it is"


def test_an_error_page_of_somebody_signed_in_lets_them_sign_out(
    page: Client, session: Session
) -> None:
    user = builders.a_user(session, name="Jo Field")
    session.commit()
    page.sign_in(user)
    assert "Jo Field" in page.get("/nowhere").text
