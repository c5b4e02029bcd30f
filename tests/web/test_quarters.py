"""Quarters, and closing them."""

from datetime import date

import pytest
import time_machine
from bs4 import BeautifulSoup, Tag
from sqlmodel import Session

from chec.models import Centre, Role, User
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, opened_on=date(2025, 5, 1))


def address(centre: Centre, rest: str = "") -> str:
    return f"/centres/{reference('centre', centre.id)}/quarters{rest}"


def states(client: Client, centre: Centre) -> dict[str, str]:
    page = soup(client.get(address(centre)))
    rows = [[cell.get_text(strip=True) for cell in row] for row in _rows(page)]
    return {quarter[:10]: state for quarter, state, *_ in rows}


def _rows(page: BeautifulSoup) -> list[list[Tag]]:
    return [list(row.select("th, td")) for row in page.select("tbody tr")]


@pytest.fixture(autouse=True)
def in_november() -> object:
    with time_machine.travel("2025-11-21 12:00Z", tick=False) as traveller:
        yield traveller


def test_closing_a_quarter_closes_the_earlier_ones(
    client: Client, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    assert states(client, centre) == {
        "2025/26 Q3": "Under way",
        "2025/26 Q2": "Open",
        "2025/26 Q1": "Open",
    }
    assert "cannot be undone" in client.get(address(centre, "/2025-Q2/close")).text
    assert client.post(address(centre, "/2025-Q2/close")).status_code == 303
    assert states(client, centre) == {
        "2025/26 Q3": "Under way",
        "2025/26 Q2": "Closed",
        "2025/26 Q1": "Closed",
    }


def test_a_quarter_is_closed_once(client: Client, centre: Centre, director: User) -> None:
    client.sign_in(director)
    client.post(address(centre, "/2025-Q2/close"))
    response = client.post(address(centre, "/2025-Q1/close"))
    assert response.status_code == 409
    assert "closed already" in response.text


def test_a_double_click_closes_once_and_says_so(
    client: Client, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    first = client.post(address(centre, "/2025-Q2/close"))
    second = client.post(address(centre, "/2025-Q2/close"))
    assert (first.status_code, second.status_code) == (303, 303)
    assert "closed already" in client.get(address(centre, "/2025-Q2/close")).text


def test_a_quarter_under_way_is_not_closed(client: Client, centre: Centre, director: User) -> None:
    client.sign_in(director)
    assert "is not over" in client.get(address(centre, "/2025-Q3/close")).text
    response = client.post(address(centre, "/2025-Q3/close"))
    assert response.status_code == 409
    assert "It can be closed from 1 January 2026" in response.text


@pytest.mark.parametrize("code", ["2025-Q5", "2025", "0000-Q1", "2099-Q4", "x"])
def test_what_is_no_quarter_of_the_centre_is_not_found(
    client: Client, centre: Centre, director: User, code: str
) -> None:
    client.sign_in(director)
    assert client.get(address(centre, f"/{code}/close")).status_code == 404
    assert client.post(address(centre, f"/{code}/close")).status_code == 404


def test_an_evaluator_reads_and_does_not_close(
    client: Client, session: Session, centre: Centre
) -> None:
    user = builders.a_user(session)
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    told = [cell.get_text() for row in _rows(soup(client.get(address(centre)))) for cell in row]
    assert told
    assert not any("Close" in text for text in told)
    assert client.post(address(centre, "/2025-Q2/close")).status_code == 403
