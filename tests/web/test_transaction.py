"""One request is one transaction."""

from typing import cast

import pytest
from flask import Flask, Response, g, request
from sqlalchemy import event
from sqlmodel import Session, select

from chec.errors import NotFound, RuleBroken
from chec.models import Centre
from chec.web.access import open_to_all
from tests import builders
from tests.client import Client


@pytest.fixture
def page(app: Flask) -> Client:
    """`/open` opens a centre, then ends as it is told to."""
    app.config.update(WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)

    def open_one() -> Response:
        builders.a_centre(g.session, name=request.form["name"])
        match request.form["then"]:
            case "not found":
                raise NotFound
            case "rule broken":
                raise RuleBroken("It is too late.")
            case "defect":
                raise ZeroDivisionError
            case status:
                return Response("", int(status), content_type="text/plain")

    view = open_to_all(open_one)
    app.add_url_rule("/open", view_func=view, endpoint="open", methods=["POST"])
    return cast(Client, app.test_client())


@pytest.mark.parametrize("status", [200, 303])
def test_what_ends_well_is_kept(page: Client, session: Session, status: int) -> None:
    assert page.post("/open", data={"name": "Kept", "then": status}).status_code == status
    assert session.exec(select(Centre.name)).all() == ["Kept"]


@pytest.mark.parametrize(
    ("then", "status"),
    [("422", 422), ("not found", 404), ("rule broken", 409), ("defect", 500)],
)
def test_what_is_refused_or_breaks_leaves_nothing(
    page: Client, session: Session, then: str, status: int
) -> None:
    assert page.post("/open", data={"name": "Gone", "then": then}).status_code == status
    assert session.exec(select(Centre.name)).all() == []


def test_text_that_no_form_asked_for_undoes_what_the_view_did(
    page: Client, session: Session
) -> None:
    data = {"name": "Gone", "then": "200", "extra": "943 476 5919"}
    assert page.post("/open", data=data).status_code == 422
    assert session.exec(select(Centre.name)).all() == []


def test_a_get_keeps_nothing(app: Flask, session: Session) -> None:
    def peek() -> Response:
        g.session.exec(select(Centre)).all()
        g.session.connection().exec_driver_sql("DELETE FROM centre")
        return Response("", content_type="text/plain")

    builders.a_centre(session, name="Stays")
    session.commit()
    app.add_url_rule("/peek", view_func=open_to_all(peek), endpoint="peek")
    assert app.test_client().get("/peek").status_code == 200
    assert session.exec(select(Centre.name)).all() == ["Stays"]


@pytest.mark.backend("sqlite")
def test_a_post_takes_the_write_lock_when_it_begins(page: Client, app: Flask) -> None:
    begun = _watch_beginnings(app)
    page.post("/open", data={"name": "Kept", "then": "200"})
    assert begun == ["BEGIN IMMEDIATE"]


@pytest.mark.backend("sqlite")
def test_signing_in_takes_it_only_to_record_that(page: Client, app: Flask) -> None:
    begun = _watch_beginnings(app)
    page.post("/login", data={"email": "nobody@chec.example", "password": "x"})
    assert begun == ["BEGIN DEFERRED", "BEGIN IMMEDIATE"]


def _watch_beginnings(app: Flask) -> list[str]:
    begun: list[str] = []

    def note(*execution: object) -> None:
        if str(execution[2]).startswith("BEGIN"):
            begun.append(str(execution[2]))

    event.listen(app.extensions["chec_engine"], "after_cursor_execute", note)
    return begun
