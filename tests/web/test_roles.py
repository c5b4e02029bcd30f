"""One's own roles, and as what one sees a page."""

from datetime import timedelta

from sqlmodel import Session

from chec import clock
from chec.models import Organisation, Role, User
from chec.permissions import MAY
from tests import builders
from tests.client import Client, soup


def test_it_says_what_each_role_lets_one_do_and_until_when(
    client: Client, session: Session
) -> None:
    user, today = builders.a_user(session), clock.today()
    centre = builders.a_centre(session, name="Wren Valley")
    venture = builders.a_venture(session, centre, name="COPD helpline")
    later, past = today + timedelta(days=40), today - timedelta(days=40)
    builders.a_membership(session, Role.PROVIDER, user=user, venture=venture, ends_before=later)
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre, starts_on=later)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre, ends_before=past)
    builders.a_membership(session, Role.DIRECTOR, centre=centre)
    session.commit()
    client.sign_in(user)
    team, evaluator = soup(client.get("/account/roles")).select(".chec-role")
    assert team.h2 is not None
    assert team.h2.text == "Provider team of COPD helpline"
    assert "the last day" in team.text
    assert [each.text.lower() for each in team.select("li")] == [
        action for action, who in MAY.items() if Role.PROVIDER in who
    ]
    assert "To come" in evaluator.text


def test_without_a_role_it_says_what_to_do(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    session.commit()
    client.sign_in(user)
    assert "You hold no role today." in client.get("/account/roles").text


def test_each_page_says_as_what_one_sees_it(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    centre, other = builders.a_centre(session, name="West"), builders.a_centre(session, name="East")
    instrument = builders.an_instrument(session, centre)
    investor = session.get_one(Organisation, instrument.investor_id)
    investor.name = "Cobble Lane"
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=other)
    builders.a_membership(session, Role.INVESTOR, user=user, organisation=investor)
    own = f"/centres/C-0001/investors/O-{investor.id:04d}"
    session.commit()
    client.sign_in(user)
    assert acting_as(client, "/centres/C-0001") == "director of West"
    assert acting_as(client, "/centres/C-0002") == "evaluator of East"
    assert acting_as(client, own) == "director of West and investor for Cobble Lane"
    assert acting_as(client, "/") is None
    assert acting_as(client, "/centres/C-0009") is None


def test_with_more_than_one_place_one_can_switch(client: Client, session: Session) -> None:
    one, two = builders.a_user(session), builders.a_user(session)
    centre, other = builders.a_centre(session), builders.a_centre(session)
    for user, place in ((one, centre), (two, centre), (two, other)):
        builders.a_membership(session, Role.DIRECTOR, user=user, centre=place)
    session.commit()
    assert not can_switch(client, one)
    assert can_switch(client, two)
    cards = soup(client.get("/")).select(".chec-place a")
    assert [card["href"] for card in cards] == ["/centres/C-0001", "/centres/C-0002"]


def acting_as(client: Client, address: str) -> str | None:
    line = soup(client.get(address)).select_one(".chec-acting__line span")
    return " ".join(line.text.split()).removeprefix("Acting as ") if line else None


def can_switch(client: Client, user: User) -> bool:
    client.sign_in(user)
    links = soup(client.get("/centres/C-0001")).select(".chec-acting__links a")
    return "/" in [link["href"] for link in links]
