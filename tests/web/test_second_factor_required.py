"""Whose role needs a second factor does nothing else before it is set up."""

from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import event
from sqlmodel import Session

from chec.config import Settings
from chec.models import Role, User
from chec.permissions import NEEDS_SECOND_FACTOR
from chec.web.access import Access, declared_access
from tests import builders
from tests.client import Client, serving, soup
from tests.web.factors import a_user, errors, form_token, fresh, give_app, is_signed_in, send

SET_UP = "/tf-setup"
TEXTS = {"code": "2022-Q1", "measure": "M01", "token": "made-up"}
ALLOWED = {
    *("security.two_factor_setup", "security.two_factor_setup_validate", "security.verify"),
    *("security.wan_verify", "security.wan_verify_response"),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"second_factor_required": True})


def test_every_page_leads_to_the_set_up_page(app: Flask, client: Client, session: Session) -> None:
    client.sign_in(a_member(session, Role.DIRECTOR))
    app.config["WTF_CSRF_ENABLED"] = False
    asked = 0
    for rule in app.url_map.iter_rules():
        access = declared_access(app, rule.endpoint)
        if access in {None, Access.OPEN_TO_ALL} or rule.endpoint in ALLOWED:
            continue
        values: dict[str, Any] = {name: TEXTS.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **values)
        for method in {"GET", "POST"} & (rule.methods or set()):
            answer = client.open(address, method=method)
            assert (answer.status_code, answer.headers.get("Location")) == (302, SET_UP), address
            part = client.open(address, method=method, headers={"HX-Request": "true"})
            assert part.headers["HX-Redirect"] == SET_UP, address
            asked += 1
    assert asked > 60


def test_the_set_up_page_says_why_and_leads_on(
    app: Flask, client: Client, session: Session
) -> None:
    user = a_member(session, Role.DIRECTOR)
    client.sign_in(user)
    page = client.get("/", follow_redirects=True)
    assert "needs a second factor" in soup(page).get_text()
    give_app(app, session, user)
    assert not is_signed_in(client), "a password alone began it"
    client.sign_in(user)
    assert is_signed_in(client)


@pytest.mark.parametrize("role", list(Role))
def test_it_is_asked_of_those_who_decide(client: Client, session: Session, role: Role) -> None:
    client.sign_in(a_member(session, role))
    status = client.get("/account").status_code
    assert status == (302 if role in NEEDS_SECOND_FACTOR else 200)


def test_who_is_led_to_set_up_can_sign_out(client: Client, session: Session) -> None:
    client.sign_in(a_member(session, Role.DIRECTOR))
    assert send(client, "/logout", csrf_token=form_token(client, SET_UP)).status_code == 302
    assert client.get(SET_UP).headers["Location"].startswith("/login")


def test_a_role_counts_from_the_next_request_on(client: Client, session: Session) -> None:
    user = a_user(session)
    session.commit()
    client.sign_in(user)
    assert client.get("/account").status_code == 200
    builders.a_membership(
        session, Role.COMMISSIONER, user=user, organisation=builders.a_payer(session)
    )
    session.commit()
    assert client.get("/account").headers["Location"] == SET_UP


def test_it_is_not_removed_while_a_role_needs_it(
    app: Flask, client: Client, session: Session
) -> None:
    user = a_member(session, Role.ADMINISTRATOR)
    give_app(app, session, user)
    client.sign_in(user)
    assert "cannot be removed" in soup(client.get(SET_UP)).get_text()
    answer = send(client, SET_UP, setup="disable")
    assert answer.status_code == 422
    assert "new phone" in errors(answer)[0]
    assert fresh(session, user).has_second_factor
    assert send(client, SET_UP, setup="authenticator").status_code == 200


def test_it_costs_no_question_more(app: Flask, client: Client, session: Session) -> None:
    client.sign_in(a_member(session, Role.INVESTOR))
    asked: list[str] = []
    engine = app.extensions["chec_engine"]
    event.listen(engine, "after_cursor_execute", lambda *each: asked.append(str(each[2])))
    assert is_signed_in(client)
    roles = [text for text in asked if text.startswith("SELECT membership.role")]
    assert len(roles) == 1, asked


@pytest.mark.backend("sqlite")
def test_a_demo_asks_for_none(settings: Settings, session: Session) -> None:
    user = a_member(session, Role.DIRECTOR)
    with serving(settings.model_copy(update={"second_factor_required": False})) as app:
        client = cast(Client, app.test_client())
        client.sign_in(user)
        assert is_signed_in(client)
        give_app(app, session, user)
        assert send(client, SET_UP, setup="disable").status_code == 302


def a_member(session: Session, role: Role) -> User:
    """A committed user with this role."""
    centre = builders.a_centre(session)
    held_for = {
        Role.INVESTOR: {"organisation": builders.an_investor(session)},
        Role.COMMISSIONER: {"organisation": builders.a_payer(session)},
        Role.PROVIDER: {"venture": builders.a_venture(session, centre)},
    }
    user = a_user(session)
    builders.a_membership(session, role, user=user, **held_for.get(role, {"centre": centre}))  # type: ignore[arg-type]
    session.commit()
    return user
