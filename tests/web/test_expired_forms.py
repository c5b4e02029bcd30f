"""A form that was open while its session ended."""

import pytest
from sqlmodel import Session

from chec.models import Centre, Role
from tests import builders
from tests.client import Client, soup

pytestmark = pytest.mark.backend("sqlite")

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
TYPED = {"pounds": "120.50", "memo": "Rent <of> May", "csrf_token": "of another session"}


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def director(client: Client, session: Session, centre: Centre) -> Client:
    user = builders.a_user(session, name="Jo Field")
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    return client


def test_what_was_typed_is_offered_to_be_sent_again(director: Client) -> None:
    del director.environ_base["HTTP_X_CSRFTOKEN"]
    path = "/centres/C-0001/money/spend?from=2"
    refused = director.post(path, data=TYPED, headers=FROM_HERE)
    form = soup(refused).select_one("main form")
    assert refused.status_code == 400
    assert form
    assert form["action"] == path
    assert form.text.strip() == "Send it again as Jo Field"
    sent = {str(each["name"]): str(each["value"]) for each in form.select("input")}
    assert sent == {"pounds": "120.50", "memo": "Rent <of> May", "csrf_token": sent["csrf_token"]}
    assert sent["csrf_token"] not in {TYPED["csrf_token"], ""}
    filled_in = director.post(path, data=sent, headers=FROM_HERE)
    assert filled_in.status_code == 422, "the day is missing; the token is right"
    assert "Rent &lt;of&gt; May" in filled_in.text


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://localhost"}, True),
        (FROM_HERE, True),
    ],
)
def test_only_what_a_page_of_ours_sent_is_offered(
    director: Client, headers: dict[str, str], offered: bool
) -> None:
    del director.environ_base["HTTP_X_CSRFTOKEN"]
    page = director.post("/centres/C-0001/money/spend", data=TYPED, headers=headers).text
    assert ("Rent" in page) == offered
    assert ("Send it again" in page) == offered


@pytest.mark.parametrize("path", ["/account/password", "/verify", "/login", "/tf-setup"])
def test_passwords_and_codes_are_not_kept(director: Client, path: str) -> None:
    del director.environ_base["HTTP_X_CSRFTOKEN"]
    page = director.post(path, data={"password": "copper-kettle"}, headers=FROM_HERE)
    assert page.status_code == 400
    assert "copper-kettle" not in page.text
    assert soup(page).select_one(f"main a[href='{path}']")


def test_what_their_role_does_not_open_is_not_offered(client: Client, session: Session) -> None:
    user = builders.a_user(session)
    session.commit()
    client.sign_in(user)
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    page = client.post("/centres/C-0001/money/spend", data=TYPED, headers=FROM_HERE)
    assert "Send it again" not in page.text


def test_who_is_signed_out_is_told_so_and_led_back(client: Client) -> None:
    page = soup(client.post("/centres/C-0001/money/spend", data=TYPED, headers=FROM_HERE))
    assert "You are signed out" in page.select("h1")[0].text
    assert page.select_one("main a[href='/login?next=/centres/C-0001/money/spend']")
    assert "Rent" not in page.text


def test_who_signs_out_of_what_has_ended_is_signed_out(client: Client) -> None:
    page = soup(client.post("/logout", headers=FROM_HERE))
    assert page.select("h1")[0].text.strip() == "You are signed out"
