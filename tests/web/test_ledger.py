"""The ledger's pages."""

import csv
import io
from datetime import date

import pytest
from sqlmodel import Session

from chec.actions.ledger import reverse_transfer
from chec.models import Cause, Centre, User
from chec.models.references import reference
from chec.permissions import SYSTEM
from chec.queries.ledger import get_transfer
from tests import builders
from tests.client import Client, soup

MARCH = date(2026, 3, 2)


def address(centre: Centre, rest: str = "") -> str:
    return f"/centres/{reference('centre', centre.id)}/ledger{rest}"


def rows(client: Client, path: str) -> list[list[str]]:
    page = soup(client.get(path))
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        for row in page.select("tbody tr")
    ]


def test_an_empty_ledger_says_what_to_do_next(
    client: Client, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    assert "chec ledger import FILE.csv" in client.get(address(centre)).text


def test_a_director_reads_the_newest_transfer_first_with_the_balance(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, pence=125_000, on=MARCH, memo="Opening grant")
    builders.a_transfer(session, centre, pence=50, on=date(2026, 3, 3))
    session.commit()
    client.sign_in(director)
    newest, oldest = rows(client, address(centre))
    assert newest[0] == "3 Mar 2026"
    assert newest[-3:] == ["£0.50", "£0.50", "£1,250.50"]
    assert "Opening grant" in oldest[1]
    assert oldest[-1] == "£1,250.00"


def test_filters_in_the_address_choose_and_total(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    venture = builders.a_venture(session, centre)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=700, venture=venture)
    builders.a_transfer(session, centre, Cause.UNSPENT_RETURNED, pence=200, venture=venture)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=9_900)
    session.commit()
    client.sign_in(director)
    path = address(centre, f"?venture={reference('venture', venture.id)}&cause=tranche")
    page = soup(client.get(f"{path}&cause=unspent+returned"))
    total = [cell.get_text(strip=True) for cell in page.select("tfoot td")]
    assert total[:2] == ["£9.00", "−£5.00"]
    assert len(rows(client, path)) == 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("from=31/10/2026", "such as 2026-10-31"),
        ("to=2026-02-30", "2026-02-30 is not a day of the calendar"),
        ("from=20260401", "such as 2026-10-31"),
        ("from=2026-05-01&to=2026-04-01", "before the first one"),
        ("venture=V-9999", "Choose one of the list."),
        ("account=nonsense", "Choose one of the list."),
        ("cause=theft", "Choose from the list."),
    ],
)
def test_a_filter_that_cannot_be_read_says_so(
    client: Client, centre: Centre, director: User, query: str, says: str
) -> None:
    client.sign_in(director)
    for page in ("", "/transfers.csv"):
        response = client.get(address(centre, f"{page}?{query}"))
        assert response.status_code == 422
        assert response.mimetype == "text/html"
        assert says in response.text


@pytest.mark.parametrize("query", ["run=RR-0001", "run=x", "page=2", "page=0", "page=x"])
def test_a_run_or_page_that_is_not_there_is_not_found(
    client: Client, centre: Centre, director: User, query: str
) -> None:
    client.sign_in(director)
    assert client.get(address(centre, f"?{query}")).status_code == 404


def test_the_download_holds_the_filtered_transfers_from_the_oldest_on(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, pence=125_050, on=MARCH, memo="A, with a comma")
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=50, on=date(2026, 3, 3))
    session.commit()
    client.sign_in(director)
    response = client.get(address(centre, "/transfers.csv?cause=grant"))
    assert response.mimetype == "text/csv"
    told = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert [(row["on"], row["pounds"], row["balance"], row["memo"]) for row in told] == [
        ("2026-03-02", "1250.50", "1250.50", "A, with a comma"),
        ("2026-03-03", "0.50", "1251.00", ""),
    ]


def test_the_trial_balance_comes_to_nothing(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.PAYMENT, pence=700)
    builders.a_transfer(session, centre, Cause.RUNNING_COST, pence=300)
    session.commit()
    client.sign_in(director)
    page = soup(client.get(address(centre, "/accounts")))
    totals = [cell.get_text(strip=True) for cell in page.select("tfoot td")]
    assert totals == ["£13.00", "£13.00", "£0.00"]


def test_an_overdrawn_bank_is_announced(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    cost = builders.a_transfer(session, centre, Cause.RUNNING_COST, pence=300, on=MARCH)
    session.commit()
    client.sign_in(director)
    assert "overdrawn" not in client.get(address(centre)).text
    funded_by = get_transfer(session, SYSTEM, cost.id - 1)
    reverse_transfer(session, builders.an_actor(), funded_by, "Meant for another centre")
    session.commit()
    assert "The bank is overdrawn" in client.get(address(centre)).text


def test_somebody_elses_ledger_is_not_found(
    client: Client, session: Session, director: User
) -> None:
    other = builders.a_centre(session)
    session.commit()
    client.sign_in(director)
    for rest in ("", "/transfers.csv", "/accounts"):
        assert client.get(address(other, rest)).status_code == 404
