"""Inviting a person, on the pages of a centre."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from chec import clock
from chec.config import Settings
from chec.models import Invitation, Role
from chec.web.formats import day
from tests import builders
from tests.client import Client, soup
from tests.role_holders import holder, user_of
from tests.web.factors import mails
from tests.web.people_pages import an_administrator, fields_of_day, invite


def test_a_person_is_invited_by_mail(client: Client, session: Session, settings: Settings) -> None:
    admin = an_administrator(session, builders.a_centre(session, name="Wren Valley"))
    session.commit()
    client.sign_in(admin)
    response = invite(client)
    assert (response.status_code, response.headers["Location"]) == (
        303,
        "/centres/C-0001/people#invitations",
    )
    page = client.get("/centres/C-0001/people").text
    assert "Jo Reed is invited. The link is on its way by mail." in page
    [mail] = mails(settings)
    assert mail.startswith("jo@chec.example\n")
    assert "Ada Min invites you to CHEC as director of Wren Valley." in mail
    [token] = re.findall(r"http://localhost/invitations/([\w-]{43})\n", mail)
    assert token not in page
    assert token not in client.get("/centres/C-0001/people/invitations/INV-0001").text


def test_whether_somebody_has_an_account_is_not_told_to_whoever_invites_them(
    client: Client, session: Session, settings: Settings
) -> None:
    admin = an_administrator(session, builders.a_centre(session, name="Wren Valley"))
    builders.a_user(session, email="jo@chec.example", name="Jo Known")
    session.commit()
    client.sign_in(admin)
    page = client.get(invite(client).headers["Location"])
    assert "Jo Reed is invited. The link is on its way by mail." in page.text
    assert "Jo Known" not in page.text
    [mail] = mails(settings)
    assert "Jo Known" not in mail


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Enter the person"),
        ({"name": "x" * 121}, "Shorten it"),
        ({"name": "943 476 5919"}, "NHS number"),
        ({"email": "nobody"}, "Give an email address"),
        ({"held_for": ""}, "Choose the role"),
        ({"held_for": "director of C-0002"}, "Choose one of the list"),
        ({"starts_on-day": "31", "starts_on-month": "2"}, "has no day 31"),
        ({"starts_on-year": "2020"}, "begins today at the earliest"),
        ({"last_day-day": "1", "last_day-month": "1", "last_day-year": "2020"}, "before the first"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_kept(
    client: Client, session: Session, settings: Settings, fields: dict[str, str], says: str
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    builders.a_centre(session)
    session.commit()
    client.sign_in(admin)
    response = invite(client, **fields)
    assert response.status_code == 422
    page = soup(response)
    assert says in page.select_one(".nhsuk-error-summary").text  # type: ignore[union-attr]
    assert says in "".join(each.text for each in page.select(".nhsuk-error-message"))
    assert page.title is not None
    assert page.title.text.startswith("Error: ")
    for name, typed in ({"name": "Jo Reed", "email": "jo@chec.example"} | fields).items():
        field = page.select_one(f"input[name={name}]")
        if field and "943" not in typed:
            assert field["value"] == typed
    session.rollback()
    assert session.exec(select(Invitation)).all() == []
    assert mails(settings) == []


def test_all_that_is_wrong_with_an_invitation_is_said_at_once(
    client: Client, session: Session
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    wrong = {"email": "dee@example,org", "name": "www.evil.example", "held_for": ""}
    page = soup(invite(client, **wrong, **{"starts_on-day": "31", "starts_on-month": "2"}))
    told = [each.text for each in page.select(".nhsuk-error-summary li")]
    as_on_the_page = "Leave addresses", "Give an email address", "Choose the role", "has no day 31"
    for each, says in zip(told, as_on_the_page, strict=True):
        assert says in each


def test_inviting_oneself_is_refused_at_the_address(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    session.commit()
    client.sign_in(director)
    page = soup(invite(client, email=director.email, held_for="evaluator of C-0001"))
    [link] = page.select(".nhsuk-error-summary li a")
    assert link["href"] == "#email"
    assert "Ask an administrator, or another one, to do it." in link.text


def test_a_director_is_offered_the_roles_that_they_give(client: Client, session: Session) -> None:
    centre = builders.a_centre(session, name="Wren Valley")
    builders.an_instrument(session, centre, builders.an_investor(session, name="Cobble Lane"))
    builders.a_contract(session, centre, builders.a_payer(session, name="Wrenshire ICB"))
    builders.a_venture(session, centre, name="COPD helpline")
    director = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    admin = an_administrator(session, centre)
    session.commit()
    for user, offered in (
        (
            director,
            [
                "Evaluator of Wren Valley",
                "Investor for Cobble Lane",
                "Provider team of COPD helpline",
            ],
        ),
        (
            admin,
            [
                "Administrator of Wren Valley",
                "Director of Wren Valley",
                "Evaluator of Wren Valley",
                "Investor for Cobble Lane",
                "Commissioner for Wrenshire ICB",
                "Provider team of COPD helpline",
            ],
        ),
    ):
        client.sign_in(user)
        page = soup(client.get("/centres/C-0001/people/invite"))
        assert [each.text.strip() for each in page.select("option")] == ["Choose a role", *offered]


def test_an_invitation_is_sent_again_and_withdrawn(
    client: Client, session: Session, settings: Settings
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    invite(client)
    address = "/centres/C-0001/people/invitations/INV-0001"
    assert "Open" in client.get(address).text
    assert client.post(f"{address}/send-again").status_code == 303
    links = {link for mail in mails(settings) for link in re.findall(r"/invitations/(\S+)", mail)}
    assert len(links) == 2
    assert client.post(f"{address}/withdraw").status_code == 303
    page = client.get(address)
    assert "Withdrawn" in page.text
    assert not soup(page).select("main form")
    assert client.post(f"{address}/withdraw").status_code == 409
    assert client.post(f"{address}/send-again").status_code == 409
    stranger = client.application.test_client()
    assert {stranger.get(f"/invitations/{link}").status_code for link in links} == {404}


def test_a_person_is_written_to_five_times_an_hour_and_no_more(
    client: Client, session: Session, settings: Settings
) -> None:
    admin = an_administrator(session, builders.a_centre(session))
    session.commit()
    client.sign_in(admin)
    invite(client)
    again = "/centres/C-0001/people/invitations/INV-0001/send-again"
    assert [client.post(again).status_code for _ in range(4)] == [303] * 4
    refused = client.post(again)
    assert refused.status_code == 409
    assert "This person has had several mails about invitations or roles" in refused.text
    assert len(list(mails(settings))) == 5


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (0, None, "."),
        (9, None, ", from {first}."),
        (0, 30, ", until {last}, the last day."),
        (9, 30, ", from {first} to {last}, the last day."),
    ],
)
def test_whoever_is_invited_is_told_the_days_that_are_not_plain(
    client: Client, session: Session, settings: Settings, first: int, *, last: int | None, told: str
) -> None:
    admin = an_administrator(session, builders.a_centre(session, name="Wren Valley"))
    session.commit()
    client.sign_in(admin)
    starts_on, last_day = (clock.today() + timedelta(days=each or 0) for each in (first, last))
    ends = fields_of_day("last_day", last_day) if last else {}
    assert invite(client, **fields_of_day("starts_on", starts_on), **ends).status_code == 303
    [mail] = mails(settings)
    days = told.format(first=day(starts_on), last=day(last_day))
    assert f"Ada Min invites you to CHEC as director of Wren Valley{days}" in mail
