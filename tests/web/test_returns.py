"""The page of a return."""

import csv
import io
import re
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.models import Cause, Centre, ReturnsResult, Role, Subject, User, Venture
from chec.models.references import reference
from tests import builders
from tests.client import Client, soup
from tests.demo import demo_run, demo_user
from tests.jobs.ledgers import post, result_of, run_of

AS_OF = date(2026, 10, 31)


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session, name="Wren Valley")
    session.commit()
    return centre


@pytest.fixture
def director(session: Session, centre: Centre) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    return user


def address(result: ReturnsResult) -> str:
    return f"/returns/{reference('returns_result', result.id)}"


def results(session: Session, subject: Subject) -> list[ReturnsResult]:
    query = select(ReturnsResult).where(
        ReturnsResult.run_id == demo_run(session).id, ReturnsResult.subject == subject
    )
    found = list(session.exec(query.order_by(col(ReturnsResult.id))))
    session.commit()
    return found


@pytest.mark.parametrize(
    ("role", "subject"),
    [
        (Role.DIRECTOR, Subject.CENTRE),
        (Role.EVALUATOR, Subject.VENTURE),
        (Role.INVESTOR, Subject.INVESTOR),
        (Role.PROVIDER, Subject.VENTURE),
    ],
)
def test_a_return_is_traced_down_to_each_transfer(
    demo_client: Client, demo_engine: Engine, demo_session: Session, role: Role, subject: Subject
) -> None:
    demo_client.sign_in(demo_user(demo_engine, role))
    opened = 0
    for result in results(demo_session, subject):
        response = demo_client.get(address(result))
        if response.status_code == 404:
            assert role in {Role.INVESTOR, Role.PROVIDER}
            continue
        assert "do not add up" not in response.text
        links = soup(response).select('tbody a[href^="/transfers/"]')
        assert len(links) == min(result.flow_count, 50)
        for link in links[:3]:
            assert demo_client.get(str(link["href"])).status_code == 200
            opened += 1
    assert opened >= 3


def test_the_figures_are_told_with_their_numbers(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    terms = builders.an_instrument(session, centre, committed_pence=80_000)
    post(session, centre, Cause.DRAWDOWN, 72_000, on=date(2023, 4, 3), instrument=terms)
    builders.a_transfer(session, centre, Cause.GRANT, pence=30_000)
    post(session, centre, Cause.DISTRIBUTION, 54_000, on=date(2026, 10, 1), instrument=terms)
    session.commit()
    result = result_of(session, run_of(engine, centre, as_of=AS_OF))
    client.sign_in(director)
    text = " ".join(soup(client.get(address(result))).get_text(" ").split())
    assert "0.75× Paid back ÷ paid in = £540 ÷ £720" in text
    assert "1.42× (Paid back + realised value) ÷ paid in = (£540 + £480) ÷ £720" in text
    assert "0.67× Realised value ÷ paid in = £480 ÷ £720" in text
    assert "0.90× Paid in ÷ committed = £720 ÷ £800" in text
    assert "days counted from 3 Apr 2023 (Actual/365)" in text
    assert "The centre had £480 in the bank." in text
    assert "After nothing for these two, that is £480" in text


def test_what_is_kept_back_is_taken_off_the_value(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=100_000)
    builders.a_transfer(session, centre, Cause.SURPLUS_KEPT, pence=30_000)
    session.commit()
    result = result_of(session, run_of(engine, centre, as_of=AS_OF))
    client.sign_in(director)
    text = " ".join(soup(client.get(address(result))).get_text(" ").split())
    assert "After £300 for these two, that is £700" in text


def test_flows_that_do_not_add_up_to_what_was_stored_are_announced(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=100_000)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    stored = result_of(session, run)
    wrong = ReturnsResult(
        run_id=run.id,
        subject=Subject.CENTRE,
        valuation=stored.valuation,
        committed_pence=stored.committed_pence,
        paid_in_pence=stored.paid_in_pence + 1,
        distributed_pence=0,
        value_pence=stored.value_pence,
        flow_count=1,
    )
    session.add(wrong)
    session.commit()
    client.sign_in(director)
    assert "do not add up" not in client.get(address(stored)).text
    page = client.get(address(wrong)).text
    assert "The flows do not add up to what was stored" in page
    assert "£1,000.01" in page


def test_a_venture_that_lost_everything_says_why_it_has_no_rate(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    venture = builders.a_venture(session, centre)
    builders.a_transfer(session, centre, Cause.TRANCHE, pence=500, venture=venture)
    session.commit()
    result = result_of(session, run_of(engine, centre, as_of=AS_OF), venture)
    client.sign_in(director)
    page = client.get(address(result)).text
    assert "everything paid in has been lost" in page
    assert "TVPI" not in page


def test_the_flows_are_a_file_too(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    [result] = results(demo_session, Subject.CENTRE)
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    response = demo_client.get(f"{address(result)}/flows.csv")
    told = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert len(told) == result.flow_count > 50
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["amount"]) for row in told)
    net = result.distributed_pence - result.paid_in_pence
    assert round(sum(float(row["amount"]) for row in told) * 100) == net
    assert round(float(told[-1]["running total"]) * 100) == net


def test_long_returns_are_paged_and_total_on_every_page(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    [result] = results(demo_session, Subject.CENTRE)
    demo_client.sign_in(demo_user(demo_engine, Role.DIRECTOR))
    first, second = (soup(demo_client.get(f"{address(result)}?page={n}")) for n in (1, 2))
    assert len(first.select("tbody tr")) == 50
    assert len(second.select("tbody tr")) == result.flow_count - 50
    totals = [[cell.text for cell in page.select("tfoot td")] for page in (first, second)]
    assert totals[0] == totals[1]


def test_an_investor_learns_nothing_of_the_centre_from_their_return(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    run = demo_run(demo_session)
    demo_client.sign_in(demo_user(demo_engine, Role.INVESTOR))
    pages = [demo_client.get(address(each)) for each in results(demo_session, Subject.INVESTOR)]
    [own] = [page for page in pages if page.status_code == 200]
    assert [page.status_code for page in pages].count(404) == len(pages) - 1 > 0
    assert f"{run.bank_pence // 100:,}" not in own.text
    assert reference("returns_run", run.id) not in own.text


def test_a_return_of_others_is_not_found(
    client: Client, engine: Engine, session: Session, director: User
) -> None:
    elsewhere = builders.a_centre(session)
    venture: Venture = builders.a_venture(session, elsewhere)
    session.commit()
    run = run_of(engine, elsewhere, as_of=AS_OF)
    client.sign_in(director)
    for result in (result_of(session, run), result_of(session, run, venture)):
        assert client.get(address(result)).status_code == 404
        assert client.get(f"{address(result)}/flows.csv").status_code == 404
