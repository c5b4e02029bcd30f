"""The page of what the money bought, and its file."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date

import pytest
import time_machine
from sqlmodel import Session

from chec.models import Centre, Contract, Organisation, Role, User, Venture
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup
from tests.quarters import accepted, closed
from tests.web.claim_pages import heading, text_of

MAY, AUGUST = date(2025, 5, 20), date(2025, 8, 20)
AFTER_MAY, AFTER_AUGUST = date(2025, 7, 15), date(2025, 10, 15)


@pytest.fixture(autouse=True)
def in_november() -> object:
    with time_machine.travel("2025-11-21 12:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, opened_on=date(2025, 4, 1))


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session)


@pytest.fixture
def contract(session: Session, centre: Centre, payer: Organisation) -> Contract:
    """£1,000 an outcome."""
    return builders.a_contract(
        session, centre, payer, measures=(builders.a_measure(pence=100_000),)
    )


@pytest.fixture
def teams(session: Session, centre: Centre) -> Callable[[str], Venture]:
    """A venture of the centre by its name."""
    found: dict[str, Venture] = {}

    def team(name: str) -> Venture:
        if name not in found:
            found[name] = builders.a_venture(session, centre, name=name)
        return found[name]

    return team


@pytest.fixture
def two_quarters(
    session: Session,
    contract: Contract,
    payer: Organisation,
    teams: Callable[[str], Venture],
) -> None:
    """Spring: 40, 3 and nobody; summer: 40, 3 and 12."""
    spring, summer = {"Falls": 40, "Homes": 3}, {"Falls": 40, "Homes": 3, "Sober": 12}
    for people, on in ((spring, MAY), (summer, AUGUST)):
        for name, count in people.items():
            accepted(session, contract, teams(name), [payer], on=on, people=count)
    rejected = teams("Sober")
    accepted(session, contract, rejected, [payer], on=MAY, people=5, rejected=["M01"])
    centre = session.get_one(Centre, contract.centre_id)
    closed(session, centre, MAY, on=AFTER_MAY)
    closed(session, centre, AUGUST, on=AFTER_AUGUST)


def an_investor(session: Session, centre: Centre) -> User:
    investor, user = builders.an_investor(session), builders.a_user(session)
    builders.an_instrument(session, centre, investor)
    builders.a_membership(session, Role.INVESTOR, user=user, organisation=investor)
    session.commit()
    return user


def somebody(session: Session, role: Role, centre: Centre) -> User:
    if role is Role.INVESTOR:
        return an_investor(session, centre)
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, centre=centre)
    session.commit()
    return user


def address(centre: Centre, rest: str = "") -> str:
    return f"/centres/{reference('centre', centre.id)}/outcomes{rest}"


def tables(client: Client, path: str) -> list[list[list[str]]]:
    """The rows of each quarter's table, without the words under a name."""
    page = soup(client.get(path))
    for words in page.select("table .chec-second-line"):
        words.decompose()
    return [
        [
            [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
            for row in table.select("tbody tr, tfoot tr")
        ]
        for table in page.select("main table")
    ]


def test_each_closed_quarter_is_shown_venture_by_venture(
    client: Client, session: Session, centre: Centre, two_quarters: None
) -> None:
    client.sign_in(an_investor(session, centre))
    assert tables(client, address(centre)) == [
        [
            ["Falls", "40", "£40,000", "£1,000"],
            ["Homes", "*", "Below", "–"],
            ["Sober", "*", "Below", "–"],
            ["Together", "15", "£15,000", "£1,000"],
            ["All ventures", "55", "£55,000", "£1,000"],
        ],
        [
            ["Sober", "0", "£0", "–"],
            ["Falls", "*", "Below", "–"],
            ["Homes", "*", "Below", "–"],
            ["Together", "45", "£43,000", "£956"],
            ["All ventures", "45", "£43,000", "£956"],
        ],
    ]


def test_the_title_states_what_was_found(
    client: Client, session: Session, centre: Centre, two_quarters: None
) -> None:
    client.sign_in(an_investor(session, centre))
    page = client.get(address(centre))
    assert heading(page) == (
        "What the money bought – About 55 people had an outcome accepted in"
        " 2025/26 Q2 (Jul–Sep 2025), for £55,000"
    )
    assert "Published on 15 October 2025" in text_of(page)


def test_a_file_holds_the_same_figures_and_no_others(
    client: Client, session: Session, centre: Centre, two_quarters: None
) -> None:
    client.sign_in(an_investor(session, centre))
    file = client.get(address(centre, "/outcomes.csv"))
    rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    names = {
        "Homes + Sober": "Together",
        "Falls + Homes": "Together",
        "all ventures": "All ventures",
    }
    in_file = [
        [names.get(row["venture"], row["venture"]), row["people"], row["pounds"]] for row in rows
    ]
    on_page = [
        [name, people, "" if pounds == "Below" else re.sub("[£,]", "", pounds) + ".00"]
        for table in tables(client, address(centre))
        for name, people, pounds, _each in table
    ]
    assert in_file == on_page
    assert {(row["quarter"], row["first day"], row["published on"]) for row in rows} == {
        ("2025-Q2", "2025-07-01", "2025-10-15"),
        ("2025-Q1", "2025-04-01", "2025-07-15"),
    }


def test_everybody_who_may_look_sees_the_same_figures(
    client: Client, session: Session, centre: Centre, two_quarters: None
) -> None:
    seen = []
    for role in (Role.INVESTOR, Role.INVESTOR, Role.DIRECTOR, Role.EVALUATOR):
        client.sign_in(somebody(session, role, centre))
        file = client.get(address(centre, "/outcomes.csv")).text
        seen.append((tables(client, address(centre)), file))
        told = "investors see this page" in client.get(address(centre)).text
        assert told == (role is not Role.INVESTOR)
    assert all(each == seen[0] for each in seen)


def test_a_quarter_of_too_few_people_shows_no_number(
    client: Client, session: Session, centre: Centre, contract: Contract, payer: Organisation
) -> None:
    for name in ("Falls", "Homes"):
        venture = builders.a_venture(session, centre, name=name)
        accepted(session, contract, venture, [payer], on=MAY, people=3)
    closed(session, centre, MAY, on=AFTER_MAY)
    client.sign_in(an_investor(session, centre))
    assert tables(client, address(centre)) == [
        [
            ["Falls", "*", "Not shown", "–"],
            ["Homes", "*", "Not shown", "–"],
            ["All ventures", "*", "Not shown", "–"],
        ]
    ]
    assert "Too few people had an outcome accepted in" in heading(client.get(address(centre)))


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.DIRECTOR, "Close the first quarter"),
        (Role.EVALUATOR, "Ask its director"),
        (Role.INVESTOR, "Ask its director"),
    ],
)
def test_before_a_quarter_is_closed_the_page_says_what_to_do(
    client: Client, session: Session, centre: Centre, role: Role, words: str
) -> None:
    client.sign_in(somebody(session, role, centre))
    page = client.get(address(centre))
    assert "No quarter is published yet" in page.text
    assert words in page.text


def test_a_quarter_in_which_nothing_was_decided_says_so(
    client: Client, session: Session, centre: Centre
) -> None:
    closed(session, centre, MAY, on=AFTER_MAY)
    client.sign_in(an_investor(session, centre))
    assert "No claim was decided in this quarter" in client.get(address(centre)).text
    assert heading(client.get(address(centre))).startswith(
        "What the money bought – No outcome was accepted in"
    )


def test_four_quarters_stand_on_a_page_and_all_in_the_file(
    client: Client, session: Session
) -> None:
    centre = builders.a_centre(session, opened_on=date(2024, 4, 1))
    closed(session, centre, AUGUST, on=AFTER_AUGUST)
    client.sign_in(an_investor(session, centre))
    first, second = (soup(client.get(address(centre, f"?page={n}"))) for n in (1, 2))
    assert [len(page.select("main h2.nhsuk-heading-m")) for page in (first, second)] == [4, 2]
    assert client.get(address(centre, "?page=3")).status_code == 404
    assert len(client.get(address(centre, "/outcomes.csv")).text.splitlines()) == 1 + 6


def test_a_neighbour_of_the_centre_has_no_such_page(
    client: Client, session: Session, centre: Centre, two_quarters: None
) -> None:
    elsewhere = builders.a_centre(session)
    client.sign_in(an_investor(session, elsewhere))
    for rest in ("", "/outcomes.csv"):
        assert client.get(address(centre, rest)).status_code == 404
        assert client.get(address(elsewhere, rest)).status_code == 200


def test_the_menu_of_those_who_may_look_leads_there(
    client: Client, session: Session, centre: Centre
) -> None:
    for role in (Role.INVESTOR, Role.DIRECTOR, Role.EVALUATOR):
        client.sign_in(somebody(session, role, centre))
        menu = soup(client.get(address(centre))).select_one(".nhsuk-header__navigation")
        assert menu
        [entry] = menu.select(f'a[href="{address(centre)}"]')
        assert entry.get_text(strip=True) == "Outcomes"
