"""A role is given and ended, on the pages of a centre."""

from typing import cast

import pytest
from flask import Flask
from sqlmodel import Session

from chec import clock
from chec.config import Settings
from chec.models import Centre, Role, User
from chec.web.formats import day
from tests import builders
from tests.client import Client, soup
from tests.role_holders import holder, user_of
from tests.web.factors import mails
from tests.web.people_pages import an_administrator, fields_of_day


@pytest.fixture
def address(client: Client, session: Session, centre: Centre) -> str:
    """The page of an evaluator, whom an administrator looks at."""
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.EVALUATOR, centre=centre)
    session.commit()
    client.sign_in(admin)
    return f"/centres/C-0001/people/U-{held.user_id:04d}"


def test_a_role_is_given_and_the_person_told(
    client: Client, address: str, settings: Settings
) -> None:
    data = {"held_for": "director of C-0001", **fields_of_day("starts_on", clock.today())}
    assert client.post(f"{address}/roles/give", data=data).headers["Location"] == address
    roles = soup(client.get(address)).select("tbody th")
    assert [next(role.stripped_strings) for role in roles] == ["Evaluator", "Director"]
    assert len(mails(settings)) == 1
    again = client.post(f"{address}/roles/give", data=data)
    assert again.status_code == 422
    assert "holds that role already" in again.text


def test_whoever_is_given_a_role_is_told_its_days(
    client: Client, address: str, settings: Settings
) -> None:
    today = clock.today()
    days = {**fields_of_day("starts_on", today), **fields_of_day("last_day", today)}
    client.post(f"{address}/roles/give", data={"held_for": "director of C-0001", **days})
    told = f"director of Wren Valley, from {day(today)} to {day(today)}, the last day."
    assert told in client.get(address).text
    [mail] = mails(settings)
    assert f"Ada Min has made you {told}" in mail


def test_a_role_ends_at_the_next_request(client: Client, app: Flask, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    session.commit()
    theirs = cast(Client, app.test_client())
    theirs.sign_in(user)
    assert theirs.get("/centres/C-0001").status_code == 200
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{held.user_id:04d}/roles/M-{held.id:04d}/end"
    page = client.get(address)
    assert "release a tranche" in page.text
    assert client.post(address).status_code == 303
    assert theirs.get("/centres/C-0001").status_code == 403
    assert "You have no role today" in theirs.get("/").text
    assert "This role has ended already." in client.get(address).text
    assert client.post(address).status_code == 409


def test_whoever_loses_a_role_is_told_by_mail(
    client: Client, session: Session, settings: Settings
) -> None:
    centre = builders.a_centre(session, name="Wren Valley")
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    session.commit()
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{user.id:04d}"
    client.post(f"{address}/roles/M-{held.id:04d}/end")
    assert (
        "is no longer director of Wren Valley. They are told by mail." in client.get(address).text
    )
    client.post(f"{address}/roles/M-{held.id:04d}/end")
    [mail] = mails(settings)
    assert mail.startswith(f"{user.email}\n")
    assert "Ada Min has ended your role: you are no longer director of Wren Valley." in mail


def test_what_is_not_theirs_to_end_says_why_and_is_refused(
    client: Client, session: Session
) -> None:
    centre = builders.a_centre(session)
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    other = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    session.commit()
    client.sign_in(director)
    address = f"/centres/C-0001/people/U-{other.user_id:04d}"
    assert not soup(client.get(address)).select("td a")
    page = client.get(f"{address}/roles/M-{other.id:04d}/end")
    assert "an administrator gives and ends the role of director" in page.text
    assert not soup(page).select("main form")
    assert client.post(f"{address}/roles/M-{other.id:04d}/end").status_code == 409
