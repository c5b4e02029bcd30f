"""The pages of investors."""

import csv
import io
import re
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.models import Cause, InstrumentKind, Organisation, OrganisationKind, Role, User
from chec.models.references import reference
from tests import builders
from tests.builders import OPENED_ON
from tests.client import Client, soup
from tests.demo import demo_sign_in, demo_user
from tests.jobs.ledgers import post, run_of

AS_OF = date(2026, 10, 31)
INVESTORS = "/centres/C-0001/investors"


def investors(session: Session) -> dict[str, str]:
    """References of the demo's investors, by name."""
    query = select(Organisation).where(Organisation.kind == OrganisationKind.INVESTOR)
    found = {each.name: reference("organisation", each.id) for each in session.exec(query)}
    session.commit()
    return found


def a_director(session: Session) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=builders.a_centre(session))
    session.commit()
    return user


def test_everybodys_position_adds_up_to_that_of_all_together(
    demo_client: Client, demo_engine: Engine
) -> None:
    demo_client.sign_in(demo_user(demo_engine, Role.EVALUATOR))
    page = soup(demo_client.get(INVESTORS))

    def pence(row: object, place: int) -> int:
        cells = getattr(row, "select")("td")  # noqa: B009
        return int(re.sub(r"\D", "", cells[place].text))

    rows, [together] = page.select("tbody tr"), page.select("tfoot tr")
    assert len(rows) == 3
    for place in (0, 1, 2, 4):
        assert sum(pence(row, place) for row in rows) == pence(together, place) > 0


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.INVESTOR])
def test_paid_in_and_paid_back_are_the_sums_behind_them(
    demo_client: Client, demo_engine: Engine, demo_session: Session, role: Role
) -> None:
    own = investors(demo_session)[demo_sign_in(Role.INVESTOR).acting_for]
    demo_client.sign_in(demo_user(demo_engine, role))
    page = soup(demo_client.get(f"{INVESTORS}/{own}"))
    for figure in page.select(".chec-figure a")[1:3]:
        behind = soup(demo_client.get(str(figure["href"])))
        value = str(figure.find(string=True))
        totals = {cell.get_text(strip=True).lstrip("−") for cell in behind.select("tfoot td")}
        assert value in totals | {total.removesuffix(".00") for total in totals}


def test_an_investor_never_sees_another(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    everybody = investors(demo_session)
    own = everybody.pop(demo_sign_in(Role.INVESTOR).acting_for)
    demo_client.sign_in(demo_user(demo_engine, Role.INVESTOR))
    page = demo_client.get(f"{INVESTORS}/{own}")
    texts = [page.text]
    links = {str(link["href"]) for link in soup(page).select("main a[href^='/']")}
    assert len(links) > 10
    for link in links:
        response = demo_client.get(link)
        assert response.status_code == 200, link
        texts.append(response.text)
    for name, other in everybody.items():
        assert not [text for text in texts if name in text or other in text]
        assert demo_client.get(f"{INVESTORS}/{other}").status_code == 404
        assert demo_client.get(f"{INVESTORS}/{other}/statement.csv").status_code == 404
    assert demo_client.get(INVESTORS).status_code == 404
    assert demo_client.get("/centres/C-0001").status_code == 403
    assert demo_client.get("/centres/C-0001/runs").status_code == 403
    assert demo_client.get("/runs/RR-0001").status_code == 403


def test_the_statement_holds_every_flow(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    own = investors(demo_session)[demo_sign_in(Role.INVESTOR).acting_for]
    demo_client.sign_in(demo_user(demo_engine, Role.INVESTOR))
    page = soup(demo_client.get(f"{INVESTORS}/{own}"))
    response = demo_client.get(f"{INVESTORS}/{own}/statement.csv")
    told = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert len(told) == len(page.select("tbody")[-1].select("tr")) > 10
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["amount"]) for row in told)
    assert {row["cause"] for row in told} == {"drawdown", "distribution"}
    assert {row["instrument"] for row in told} == {"COB-QE1", "COB-RP2"}


def test_each_instrument_tells_what_is_drawn_and_what_is_left(
    client: Client, engine: Engine, session: Session
) -> None:
    director = a_director(session)
    centre = builders.a_centre(session)
    builders.a_membership(session, Role.DIRECTOR, user=director, centre=centre)
    lender = builders.an_investor(session)
    loan = builders.an_instrument(
        session, centre, lender, kind=InstrumentKind.LOAN, committed_pence=100_000
    )
    builders.an_instrument(session, centre, lender, kind=InstrumentKind.GRANT, reference="GR-1")
    post(session, centre, Cause.DRAWDOWN, 60_000, on=OPENED_ON, instrument=loan)
    post(session, centre, Cause.DISTRIBUTION, 20_000, on=AS_OF, instrument=loan)
    builders.a_transfer(session, centre, Cause.GRANT, pence=7_700, investor=lender)
    session.commit()
    run_of(engine, centre, as_of=AS_OF)
    client.sign_in(director)
    path = f"/centres/{reference('centre', centre.id)}/investors"
    page = soup(client.get(f"{path}/{reference('organisation', lender.id)}"))
    [row] = page.select("#instruments ~ * tbody")[0].select("tr")
    cells = [cell.get_text(strip=True) for cell in row.select("td")][1:]
    assert cells == ["£1,000.00", "£600.00", "£400.00", "£200.00"]
    assert "£400.00 of principal outstanding" in row.text
    text = " ".join(page.text.split())
    assert "(GR-1). £77 of grants has been received: £77 on 1 Apr 2022" in text
    assert "Committed £1,000:" in text


def test_an_investor_before_the_first_run_sees_what_was_agreed(
    client: Client, session: Session
) -> None:
    centre, investor = builders.a_centre(session), builders.an_investor(session)
    builders.an_instrument(session, centre, investor, reference="AGREED-1")
    user = builders.a_user(session)
    builders.a_membership(session, Role.INVESTOR, user=user, organisation=investor)
    session.commit()
    client.sign_in(user)
    centre_ref = reference("centre", centre.id)
    path = f"/centres/{centre_ref}/investors/{reference('organisation', investor.id)}"
    page = client.get(path)
    assert "There is no return yet" in page.text
    assert "AGREED-1" in page.text


def test_an_investor_of_another_centre_is_not_found(client: Client, session: Session) -> None:
    director = a_director(session)
    elsewhere, investor = builders.a_centre(session), builders.an_investor(session)
    builders.an_instrument(session, elsewhere, investor)
    session.commit()
    client.sign_in(director)
    own = reference("organisation", investor.id)
    for centre_id in (elsewhere.id, elsewhere.id - 1):
        path = f"/centres/{reference('centre', centre_id)}/investors/{own}"
        assert client.get(path).status_code == 404
