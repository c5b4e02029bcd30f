"""Who may do what, as a page."""

from sqlmodel import Session

from chec.models import Role
from chec.permissions import MAY, NEEDS_SECOND_FACTOR
from chec.rules.role_giving import GIVES
from tests import builders
from tests.client import Client, soup
from tests.role_holders import holder, user_of


def test_it_shows_the_table_that_every_door_asks(client: Client, session: Session) -> None:
    admin = holder(session, Role.ADMINISTRATOR, centre=builders.a_centre(session))
    user = user_of(session, admin)
    session.commit()
    client.sign_in(user)
    doors, gifts = soup(client.get("/permissions")).select("table")
    heads = [head.text.strip() for head in doors.select("thead th")][1:]
    assert heads == [role.capitalize() for role in Role]
    shown = {
        row.th.text.strip(): [  # type: ignore[union-attr]
            "Yes" in cell.text for cell in row.select("td")
        ]
        for row in doors.select("tbody tr:has(td)")
    }
    assert shown == {
        f"{action[:1].upper()}{action[1:]}": [role in allowed for role in Role]
        for action, allowed in MAY.items()
    }
    parts = [part.th.text.strip() for part in doors.select("tbody")]  # type: ignore[union-attr]
    assert parts == [
        "Portfolio",
        "Ledger and returns",
        "Contracts and claims",
        "Money",
        "People",
        "Permissions and the audit trail",
    ]
    rows = [["Yes" in cell.text for cell in row.select("td")] for row in gifts.select("tbody tr")]
    assert rows == [
        [*(role in given for given in GIVES.values()), role in NEEDS_SECOND_FACTOR] for role in Role
    ]


def test_a_tick_is_told_in_words(client: Client, session: Session) -> None:
    admin = holder(session, Role.ADMINISTRATOR, centre=builders.a_centre(session))
    user = user_of(session, admin)
    session.commit()
    client.sign_in(user)
    cells = soup(client.get("/permissions")).select("td")
    assert {" ".join(cell.text.split()) for cell in cells} == {"✓Yes", "No"}


def test_it_is_for_administrators(client: Client, session: Session) -> None:
    director = user_of(session, holder(session, Role.DIRECTOR, centre=builders.a_centre(session)))
    session.commit()
    client.sign_in(director)
    assert client.get("/permissions").status_code == 403
