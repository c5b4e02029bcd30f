"""The portfolio page."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from chec.actions.ledger import reverse_transfer
from chec.models import AuditEvent, Cause, Centre, Event, Role, User
from chec.models.references import reference
from chec.permissions import SYSTEM
from chec.queries.ledger import get_transfer
from tests import builders
from tests.client import Client, soup
from tests.demo import demo_run, demo_user
from tests.jobs.ledgers import run_of

AS_OF = date(2026, 10, 31)
PORTFOLIO = "/centres/C-0001"


@contextmanager
def queries_of(app: Flask) -> Iterator[list[str]]:
    """What the application asks of its database."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    engine = app.extensions["chec_engine"]
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_every_figure_is_the_total_of_the_ledger_it_leads_to(
    demo_client: Client, demo_engine: Engine
) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    page = soup(demo_client.get(PORTFOLIO))
    seen = {}
    for figure in page.select(".chec-figures")[0].select(".chec-figure"):
        label = figure.select_one(".chec-figure__label")
        link = figure.select_one("a")
        assert label
        assert link
        value = link.find(string=True)
        assert value
        behind = soup(demo_client.get(str(link["href"])))
        totals = [cell.get_text(strip=True) for cell in behind.select("tfoot td")]
        amounts = {total.removeprefix("−").removesuffix(".00") for total in totals}
        assert value.removesuffix(".00") in amounts, label.text
        seen[label.text] = value
    assert list(seen) == [
        "Raised",
        "Funded",
        "Earned",
        "Paid back",
        "Running costs",
        "In the bank",
        "Receivable",
    ]


def test_the_page_says_as_of_when_and_by_which_convention(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    run = demo_run(demo_session)
    demo_session.rollback()
    demo_client.sign_in(demo_user(demo_engine, Role.EVALUATOR))
    page = soup(demo_client.get(PORTFOLIO))
    text = " ".join(page.get_text(" ").split())
    assert f"as of {run.as_of.day} {run.as_of:%B %Y}" in text
    assert "Effective annual rate, Actual/365, the value as the last flow" in text
    headings = [label.get_text(strip=True) for label in page.select(".chec-figure__label")]
    assert headings[7:] == ["DPI", "PIC"]
    rows = [row.select("th, td") for row in page.select(".chec-valuations tr")]
    assert [cell.text for cell in rows[0]] == ["", "Realised", "Prudent"]
    assert [row[0].contents[0].text.strip() for row in rows[1:]] == ["Value", "TVPI", "RVPI", "IRR"]
    assert "Realised : if it stopped today. Prudent : plus what payers have approved" in text


def test_the_curve_states_its_finding_and_brings_its_figures(
    demo_client: Client, demo_engine: Engine
) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    page = soup(demo_client.get(PORTFOLIO))
    [figure] = page.select("figure")
    title = figure.select_one("figcaption")
    assert title
    assert re.match(r"Investors were £[\d.]+m out of pocket at the deepest, in ", title.text)
    assert figure.select_one('svg[role="img"]')
    assert len(figure.select("tbody tr")) > 40


def test_a_stopped_venture_stays_in(demo_client: Client, demo_engine: Engine) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    [row] = soup(demo_client.get(f"{PORTFOLIO}?stage=stopped")).select("#ventures ~ * tbody tr")
    assert "Stopped" in row.text
    assert "−£" in row.text


def test_columns_sort_both_ways(demo_client: Client, demo_engine: Engine) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    up = soup(demo_client.get(f"{PORTFOLIO}?sort=funded")).select("#ventures ~ * tbody th")
    page = soup(demo_client.get(f"{PORTFOLIO}?sort=-funded"))
    down = page.select("#ventures ~ * tbody th")
    assert [name.text for name in down] == [name.text for name in reversed(up)]
    [sorted_by] = page.select("th[aria-sort]")
    assert (sorted_by["aria-sort"], sorted_by.get_text(strip=True)) == ("descending", "Funded▼")


def test_the_download_holds_what_the_filter_lets_through(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    response = demo_client.get(f"{PORTFOLIO}/ventures.csv?stage=scale&sort=-funded")
    told = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert [row["name"] for row in told] == ["COPD helpline", "Integrated diabetes team"]
    for row in told:
        assert float(row["net"]) == float(row["earned"]) - float(row["funded"])
        assert re.fullmatch(r"-?\d+\.\d\d", row["net"]), "as a spreadsheet adds pounds up"
    taken = select(AuditEvent).where(AuditEvent.event == Event.DOWNLOADED)
    assert demo_session.exec(taken).one().subject == f"GET {PORTFOLIO}/ventures.csv"


def test_a_name_that_opens_like_a_formula_is_harmless_in_the_download(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    venture = builders.a_venture(session, centre)
    venture.name = "=HYPERLINK(1)"  # older than the rule that refuses it
    session.commit()
    client.sign_in(director)
    assert ",'=HYPERLINK(1)," in client.get(f"{PORTFOLIO}/ventures.csv").text


def test_before_the_first_run_the_page_says_what_to_do(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    client.sign_in(director)
    page = soup(client.get(PORTFOLIO))
    titles = [title.text for title in page.select(".chec-empty__title")]
    assert titles == ["There are no returns yet", "This centre has no ventures yet"]
    assert page.find("button", string=re.compile("Compute returns now"))
    builders.a_venture(session, centre, name="First")
    session.commit()
    assert "First" in client.get(PORTFOLIO).text


def test_an_evaluator_is_not_offered_to_compute(
    client: Client, session: Session, centre: Centre
) -> None:
    evaluator = builders.a_user(session)
    builders.a_membership(session, Role.EVALUATOR, user=evaluator, centre=centre)
    session.commit()
    client.sign_in(evaluator)
    assert "Compute returns now" not in client.get(PORTFOLIO).text


def test_a_run_without_money_says_why_there_is_no_rate(
    client: Client, engine: Engine, centre: Centre, director: User
) -> None:
    run_of(engine, centre, as_of=AS_OF)
    client.sign_in(director)
    figures = soup(client.get(PORTFOLIO)).select(".chec-figures")[1]
    notes = [note.text for note in figures.select(".chec-figure__note")]
    assert notes == ["Nothing is paid in yet", "Nothing is committed"]
    assert figures.text.count("Not defined") == 2
    [table] = soup(client.get(PORTFOLIO)).select(".chec-valuations")
    reasons = [cell.get_text(strip=True) for cell in table.select(".chec-reason")]
    assert reasons == ["Not defined: nothing is paid in yet"] * 4 + ["Not defined: no flows"] * 2


def test_a_gain_of_less_than_a_year_is_not_called_annual(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=100_000, on=date(2026, 6, 1))
    builders.a_transfer(session, centre, Cause.GRANT, pence=5_000, on=date(2026, 6, 2))
    session.commit()
    run_of(engine, centre, as_of=AS_OF)
    client.sign_in(director)
    gain = soup(client.get(PORTFOLIO)).select(".chec-valuations tr")[-1]
    assert "+5.0%" in gain.text
    assert "not annualised" in gain.text
    assert "IRR" not in gain.text


def test_an_overdrawn_bank_is_announced_without_another_query(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    cost = builders.a_transfer(session, centre, Cause.RUNNING_COST, pence=300)
    session.commit()
    client.sign_in(director)
    seen = []
    for reason in (None, "Meant for another centre"):
        if reason:
            funded_by = get_transfer(session, SYSTEM, cost.id - 1)
            reverse_transfer(session, builders.an_actor(), funded_by, reason)
            session.commit()
        run_of(engine, centre, as_of=builders.NOW.date())
        with queries_of(client.application) as asked:
            page = client.get(PORTFOLIO)
        seen.append(("The bank is overdrawn" in page.text, len(asked)))
    assert "It stood at −£3.00 on 16 November 2026." in page.text
    assert seen == [(False, seen[0][1]), (True, seen[0][1])]


@pytest.mark.parametrize("query", ["stage=nonsense", "text=943+476+5919"])
def test_a_filter_that_cannot_be_read_says_so_above_the_page(
    client: Client, centre: Centre, director: User, query: str
) -> None:
    client.sign_in(director)
    response = client.get(f"{PORTFOLIO}?{query}")
    assert response.status_code == 422
    assert soup(response).select_one(".nhsuk-error-summary a")
    file = client.get(f"{PORTFOLIO}/ventures.csv?{query}")
    assert (file.status_code, file.mimetype) == (422, "text/html")
    assert re.search(r"(Stage|Venture or provider): \w+", soup(file).select("main")[0].text)


@pytest.mark.parametrize(
    ("query", "status"),
    [("stage=nonsense", 422), ("page=2", 404), ("page=x", 404), ("sort=nonsense", 200)],
)
def test_an_address_that_makes_no_sense_is_answered_plainly(
    client: Client, centre: Centre, director: User, query: str, status: int
) -> None:
    client.sign_in(director)
    assert client.get(f"{PORTFOLIO}?{query}").status_code == status


def test_a_filter_that_fits_nothing_says_so(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    builders.a_venture(session, centre)
    session.commit()
    client.sign_in(director)
    assert "No venture fits this filter" in client.get(f"{PORTFOLIO}?text=zebra").text


def test_fifty_ventures_make_a_page(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    for number in range(51):
        builders.a_venture(session, centre, name=f"Venture {number:03}")
    session.commit()
    client.sign_in(director)
    assert "Rows 1 to 50 of 51" in client.get(PORTFOLIO).text
    names = soup(client.get(f"{PORTFOLIO}?page=2")).select("#ventures ~ * tbody th a")
    assert [name.get_text(strip=True) for name in names] == ["Venture 050"]


def test_the_page_asks_ten_queries_however_many_ventures_there_are(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=100)
    session.commit()
    client.sign_in(director)
    counts = []
    for ventures in (5, 55):
        for _ in range(ventures):
            builders.a_venture(session, centre)
        session.commit()
        run_of(engine, centre, as_of=AS_OF)
        with queries_of(client.application) as asked:
            assert client.get(f"{PORTFOLIO}?text=e&stage=pilot").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10


def test_the_portfolio_of_another_centre_is_not_found(
    client: Client, session: Session, director: User
) -> None:
    other = reference("centre", builders.a_centre(session).id)
    session.commit()
    client.sign_in(director)
    for path in ("", "/ventures.csv", "/runs", "/runs/new", "/runs/progress", "/investors"):
        assert client.get(f"/centres/{other}{path}").status_code == 404
