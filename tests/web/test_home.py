"""The first page leads where one's roles lead."""

from datetime import timedelta

import pytest
from flask import Flask, Response
from sqlmodel import Session

from chec import clock
from chec.models import Cause, Centre, Organisation, Role
from chec.web.access import signed_in
from tests import builders
from tests.client import Client, soup

PAGES = {
    "centres.show": "/centres/<reference('centre'):centre_id>",
    "investors.show": "/centres/<reference('centre'):centre_id>/investors/"
    "<reference('organisation'):investor_id>",
    "inbox.index": "/inbox",
    "ventures.show": "/ventures/<reference('venture'):venture_id>",
}


@pytest.fixture(autouse=True)
def pages(app: Flask) -> None:
    """The pages that roles lead to, where the application has none yet."""

    @signed_in
    def stand_in(**_keys: int) -> Response:
        return Response("", content_type="text/plain")

    for endpoint, rule in PAGES.items():
        if endpoint not in app.view_functions:
            app.add_url_rule(rule, view_func=stand_in, endpoint=endpoint)


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.DIRECTOR, "/centres/C-0001"),
        (Role.EVALUATOR, "/centres/C-0001"),
        (Role.ADMINISTRATOR, "/centres/C-0001/people"),
    ],
)
def test_one_role_for_a_centre_leads_straight_there(
    client: Client, session: Session, role: Role, page: str
) -> None:
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, centre=builders.a_centre(session))
    session.commit()
    client.sign_in(user)
    assert client.get("/").headers["Location"] == page


def test_an_investor_comes_to_its_own_position(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    terms = builders.an_instrument(session, builders.a_centre(session))
    builders.an_instrument(session, session.get_one(Centre, 1))
    mine = session.get_one(Organisation, terms.investor_id)
    builders.a_membership(session, Role.INVESTOR, user=user, organisation=mine)
    session.commit()
    client.sign_in(user)
    assert client.get("/").headers["Location"] == f"/centres/C-0001/investors/O-{mine.id:04d}"


def test_an_investor_without_an_investment_is_told_so(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    builders.a_membership(
        session, Role.INVESTOR, user=user, organisation=builders.an_investor(session)
    )
    session.commit()
    client.sign_in(user)
    assert "not yet with a centre" in client.get("/").text


def test_a_commissioner_comes_to_the_inbox_whatever_it_pays_for(
    client: Client, session: Session
) -> None:
    user, payer = builders.a_user(session), builders.a_payer(session)
    for _ in range(2):
        builders.a_transfer(session, builders.a_centre(session), Cause.APPROVAL, payer=payer)
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payer)
    session.commit()
    client.sign_in(user)
    assert client.get("/").headers["Location"] == "/inbox"


def test_a_provider_team_comes_to_its_venture(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    venture = builders.a_venture(session, builders.a_centre(session))
    builders.a_membership(session, Role.PROVIDER, user=user, venture=venture)
    session.commit()
    client.sign_in(user)
    assert client.get("/").headers["Location"] == "/ventures/V-0001"


def test_several_roles_are_listed_by_name(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    for name, role in (("West", Role.DIRECTOR), ("East", Role.EVALUATOR)):
        centre = builders.a_centre(session, name=name)
        builders.a_membership(session, role, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    page = soup(client.get("/"))
    places = [" ".join(place.text.split()) for place in page.select(".chec-place")]
    assert places == ["East Evaluator", "West Director"]


def test_somebody_whose_role_has_ended_is_told_what_to_do(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    builders.a_membership(
        session,
        Role.DIRECTOR,
        user=user,
        centre=builders.a_centre(session),
        ends_before=clock.today() - timedelta(days=1),
    )
    session.commit()
    client.sign_in(user)
    page = client.get("/")
    assert "You have no role today" in page.text
    assert "Ask an administrator" in page.text


def test_somebody_whose_role_is_to_come_is_told_from_when(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    tomorrow = clock.today() + timedelta(days=1)
    centre = builders.a_centre(session, name="East")
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre, starts_on=tomorrow)
    session.commit()
    client.sign_in(user)
    said = " ".join(soup(client.get("/")).select_one("main").text.split())  # type: ignore[union-attr]
    assert f"Evaluator of East, from {tomorrow:%-d %B %Y}" in said


@pytest.mark.parametrize("address", ["/account", "/account/roles", "/nowhere"])
@pytest.mark.parametrize(
    ("role", "entries"),
    [
        (Role.INVESTOR, ["My position", "Outcomes"]),
        (Role.COMMISSIONER, ["Inbox", "Claims", "Contracts", "What we pay"]),
    ],
)
def test_the_menu_of_an_organisation_of_one_centre_is_on_every_page(
    client: Client, session: Session, role: Role, entries: list[str], address: str
) -> None:
    centre, user = builders.a_centre(session), builders.a_user(session)
    if role is Role.INVESTOR:
        mine = session.get_one(Organisation, builders.an_instrument(session, centre).investor_id)
    else:
        mine = builders.a_payer(session)
        builders.a_transfer(session, centre, Cause.APPROVAL, payer=mine)
    builders.a_membership(session, role, user=user, organisation=mine)
    session.commit()
    client.sign_in(user)
    menu = soup(client.get(address)).select("nav[aria-label=Sections] a")
    assert [entry.get_text(strip=True) for entry in menu] == entries
