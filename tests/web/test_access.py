"""The door."""

from datetime import timedelta
from typing import cast

import pytest
from flask import Flask, Response
from sqlalchemy import event
from sqlmodel import Session, select

from chec import clock
from chec.models import AuditEvent, Event, Role, SignIn, User
from chec.permissions import Action
from chec.web.access import acting, needs, open_to_all, signed_in
from tests import builders
from tests.client import Client


def test_a_route_that_says_nothing_is_closed(app: Flask, session: Session) -> None:
    app.add_url_rule("/forgotten", view_func=lambda: "in", endpoint="forgotten")
    client = signed_in_client(app, session, Role.DIRECTOR)
    assert client.get("/forgotten").status_code == 404


def test_a_page_for_everybody_who_has_signed_in(app: Flask, session: Session) -> None:
    app.add_url_rule("/anybody", view_func=signed_in(inside), endpoint="anybody")
    assert app.test_client().get("/anybody").headers["Location"] == "/login?next=/anybody"
    assert signed_in_client(app, session, None).get("/anybody").text == "in"


def test_a_page_for_everybody(app: Flask) -> None:
    app.add_url_rule("/all", view_func=open_to_all(inside), endpoint="all")
    assert app.test_client().get("/all").text == "in"


def test_the_role_opens_the_door(app: Flask, session: Session) -> None:
    app.add_url_rule("/run", view_func=needs(Action.RUN_RETURNS)(inside), endpoint="run")
    assert signed_in_client(app, session, Role.DIRECTOR).get("/run").text == "in"
    assert signed_in_client(app, session, Role.EVALUATOR).get("/run").status_code == 403


@pytest.mark.parametrize(
    ("from_days", "to_days", "holds"),
    [(0, None, True), (-9, 1, True), (-9, 0, False), (1, None, False)],
    ids=["from today", "until today", "until yesterday", "from tomorrow"],
)
def test_a_role_opens_the_door_on_the_days_it_holds(
    app: Flask, session: Session, from_days: int, to_days: int | None, holds: bool
) -> None:
    app.add_url_rule("/run", view_func=needs(Action.RUN_RETURNS)(inside), endpoint="run")
    today = clock.today()
    ends = None if to_days is None else today + timedelta(days=to_days)
    client = signed_in_client(
        app, session, Role.DIRECTOR, starts_on=today + timedelta(days=from_days), ends_before=ends
    )
    assert client.get("/run").status_code == (200 if holds else 403)


def test_a_refusal_is_in_the_audit_trail(app: Flask, session: Session) -> None:
    app.add_url_rule("/run", view_func=needs(Action.RUN_RETURNS)(inside), endpoint="run")
    client = signed_in_client(app, session, Role.EVALUATOR)
    client.get("/run")
    refusal = session.exec(select(AuditEvent).where(AuditEvent.event == Event.REFUSED)).one()
    assert refusal.subject == "GET /run"
    assert refusal.user_id
    assert refusal.acting_for == ""  # the address names nothing that a role is held for


def test_whoever_acts_is_the_one_who_signed_in_in_the_role_that_may(
    app: Flask, session: Session
) -> None:
    def run() -> Response:
        actor = acting(Action.RUN_RETURNS, 1)
        return inside(f"{actor.user_id} {actor.acting_for} {actor.address}")

    app.add_url_rule("/run", view_func=needs(Action.RUN_RETURNS)(run), endpoint="run")
    client = signed_in_client(app, session, Role.DIRECTOR)
    assert client.get("/run").text == "1 director of C-0001 127.0.0.1"


def test_who_looks_is_asked_in_two_queries(app: Flask, session: Session) -> None:
    app.add_url_rule("/run", view_func=needs(Action.RUN_RETURNS)(inside), endpoint="run")
    client = signed_in_client(app, session, Role.DIRECTOR)
    statements: list[str] = []
    engine = app.extensions["chec_engine"]
    event.listen(engine, "after_cursor_execute", lambda *a: statements.append(str(a[2])))
    assert client.get("/run").status_code == 200
    assert len([text for text in statements if text.startswith("SELECT")]) == 2, statements


def test_under_htmx_an_expired_session_leads_the_whole_page_to_sign_in(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/centres/C-0001?page=2"}
    response = client.get("/centres/C-0001/people", headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login?next=/centres/C-0001?page%3D2"
    headers["HX-Boosted"] = "true"
    response = client.get("/centres/C-0001/people", headers=headers)
    assert response.headers["HX-Redirect"] == "/login?next=/centres/C-0001/people"


def test_after_an_expired_form_one_comes_back_to_the_first_page(app: Flask, client: Client) -> None:
    app.add_url_rule("/do", view_func=signed_in(inside), endpoint="do", methods=["POST"])
    app.config["WTF_CSRF_ENABLED"] = False
    assert client.post("/do").headers["Location"] == "/login"


def test_without_scripts_an_expired_form_leads_back_to_its_page(app: Flask, client: Client) -> None:
    methods = ["GET", "POST"]
    app.add_url_rule("/fill", view_func=signed_in(inside), endpoint="fill", methods=methods)
    app.config["WTF_CSRF_ENABLED"] = False
    assert client.post("/fill?of=2").headers["Location"] == "/login?next=/fill?of%3D2"


def test_whose_sign_in_ended_elsewhere_is_told_so_once(app: Flask, session: Session) -> None:
    client = signed_in_client(app, session, Role.DIRECTOR)
    session.exec(select(SignIn)).one().ended_at = clock.now()
    session.commit()
    assert "your sign-in ended, or was ended elsewhere" in asked_to_sign_in(client)
    assert "You are signed out" not in asked_to_sign_in(client)


def test_who_never_signed_in_is_told_of_no_end(client: Client) -> None:
    assert "You are signed out" not in asked_to_sign_in(client)


def asked_to_sign_in(client: Client) -> str:
    response = client.get("/account", follow_redirects=True)
    assert response.request.path == "/login"
    return response.text


def inside(text: str = "in") -> Response:
    return Response(text, content_type="text/plain")


def signed_in_client(app: Flask, session: Session, role: Role | None, **dates: object) -> Client:
    """A client of a new user with `role` for a new centre."""
    user = builders.a_user(session)
    if role:
        centre = builders.a_centre(session)
        builders.a_membership(session, role, user=user, centre=centre, **dates)  # type: ignore[arg-type]
    session.commit()
    client = cast(Client, app.test_client())
    client.sign_in(session.get_one(User, user.id))
    return client
