"""The page of a return."""

import csv
import io
import re
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.actions.funding_agreements import agree_funding
from chec.finance.money import format_pounds
from chec.models import (
    Cause,
    Centre,
    ReturnsResult,
    ReturnsRun,
    Role,
    Subject,
    User,
    Valuation,
    Venture,
)
from chec.models.references import reference
from chec.rules.funding_agreement import Promised
from tests import builders
from tests.client import Client, soup
from tests.demo import demo_run, demo_user
from tests.jobs.ledgers import post, result_of, results_of, run_of

AS_OF = date(2026, 10, 31)


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
    session.commit()
    client.sign_in(director)
    text = " ".join(soup(client.get(address(result))).get_text(" ").split())
    assert "0.75× Paid back ÷ paid in = £540 ÷ £720" in text
    assert "TVPI (Paid back + value) ÷ paid in 1.42× (£540 + £480) ÷ £720" in text
    assert "RVPI Value ÷ paid in 0.67× £480 ÷ £720" in text
    assert "0.90× Paid in ÷ committed = £720 ÷ £800" in text
    assert "days counted from 3 Apr 2023 (Actual/365)" in text
    assert "In the bank £480.00 £480.00" in text
    assert "Value, never below nothing £480.00 £480.00" in text


def test_what_is_kept_back_is_taken_off_the_value(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=100_000)
    builders.a_transfer(session, centre, Cause.SURPLUS_KEPT, pence=30_000)
    session.commit()
    result = result_of(session, run_of(engine, centre, as_of=AS_OF))
    session.commit()
    client.sign_in(director)
    text = " ".join(soup(client.get(address(result))).get_text(" ").split())
    assert "In the bank £1,000.00 £1,000.00 Less the surplus reserve −£300.00 −£300.00" in text
    assert "Value, never below nothing £700.00 £700.00" in text


def test_flows_that_do_not_add_up_to_what_was_stored_are_announced(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    builders.a_transfer(session, centre, Cause.DRAWDOWN, pence=100_000)
    session.commit()
    run = run_of(engine, centre, as_of=AS_OF)
    [stored] = results_of(session, run, Subject.INVESTOR)
    wrong = ReturnsResult(
        run_id=run.id,
        subject=Subject.INVESTOR,
        investor_id=stored.investor_id,
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
    session.commit()
    client.sign_in(director)
    page = client.get(address(result)).text
    assert "everything paid in has been lost" in page
    assert "PIC" not in page


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
    flows = '[aria-label="Flows, oldest first"] tbody tr'
    assert len(first.select(flows)) == 50
    assert len(second.select(flows)) == result.flow_count - 50
    totals = [[cell.text for cell in page.select("tfoot td")] for page in (first, second)]
    assert totals[0] == totals[1]


def test_an_investor_learns_nothing_of_the_centre_from_their_return(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    run = demo_run(demo_session)
    demo_session.commit()
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
    addresses = [
        address(each) for each in (result_of(session, run), result_of(session, run, venture))
    ]
    session.commit()
    for each in addresses:
        assert client.get(each).status_code == 404
        assert client.get(f"{each}/flows.csv").status_code == 404


def words(page: object) -> str:
    return " ".join(soup(page).get_text(" ").split())  # type: ignore[arg-type]


@pytest.fixture
def unpaid(engine: Engine, session: Session, centre: Centre) -> ReturnsRun:
    """A venture had £400; of £500 approved £50 was clawed back and £200 paid. £300 is promised."""
    terms = builders.an_instrument(session, centre)
    venture = builders.a_venture(session, centre)
    payer = builders.a_payer(session, name="Wren ICB")
    on = date(2025, 4, 1)
    post(session, centre, Cause.DRAWDOWN, 100_000, on=on, instrument=terms)
    post(session, centre, Cause.TRANCHE, 40_000, on=on, venture=venture)
    post(session, centre, Cause.APPROVAL, 50_000, on=on, venture=venture, payer=payer)
    post(session, centre, Cause.CLAWBACK, 5_000, on=on, venture=venture, payer=payer)
    post(session, centre, Cause.PAYMENT, 20_000, on=on, venture=venture, payer=payer)
    promise = Promised(70_000, "Once the team is there.", on)
    agree_funding(session, builders.an_actor(), venture, promise, "promise")
    session.commit()
    return run_of(engine, centre, as_of=AS_OF)


def test_a_venture_is_worth_what_each_payer_owes_less_clawback(
    client: Client, session: Session, unpaid: ReturnsRun, director: User
) -> None:
    [result] = results_of(session, unpaid, Subject.VENTURE)
    session.commit()
    client.sign_in(director)
    page = client.get(address(result))
    text = words(page)
    assert "Approved by Wren ICB and not yet paid £250.00" in text
    assert "Less expected clawback −£25.00 Prudent value £225.00" in text
    assert "clawed back so far: £50 of £500" in text
    assert "TVPI (Earned + value) ÷ funded 0.50× (£200 + £0) ÷ £400 1.06× (£200 + £225)" in text
    link = soup(page).find("a", string="Approved by Wren ICB and not yet paid")
    assert link is not None
    assert "£250.00" in client.get(str(link["href"])).text


def test_the_value_of_the_centre_adds_up_both_ways(
    client: Client, session: Session, unpaid: ReturnsRun, director: User
) -> None:
    result = result_of(session, unpaid)
    session.commit()
    client.sign_in(director)
    page = soup(client.get(address(result)))
    [table] = page.select('[aria-label="Value of the centre"] table')
    rows = [[cell.get_text(strip=True) for cell in row.select("td")] for row in table.select("tr")]
    assert rows[1:] == [
        ["£800.00", "£800.00"],
        ["£0.00", "£0.00"],
        ["£0.00", "£0.00"],
        ["–", "£250.00"],
        ["–", "−£25.00"],
        ["–", "−£300.00"],
        ["£800.00", "£725.00"],
    ]
    assert "No claim waits for a decision" in page.text
    for link in table.select("a"):
        assert client.get(str(link["href"])).status_code == 200


def test_a_provider_learns_what_its_venture_is_worth_and_nothing_of_the_centre(
    client: Client, session: Session, unpaid: ReturnsRun
) -> None:
    team = builders.a_user(session)
    [result] = results_of(session, unpaid, Subject.VENTURE)
    venture = session.get_one(Venture, result.venture_id)
    builders.a_membership(session, Role.PROVIDER, user=team, venture=venture)
    session.commit()
    client.sign_in(team)
    page = client.get(address(result))
    assert "Prudent value £225.00" in words(page)
    assert "£500" not in page.text
    assert not soup(page).select('a[href*="/ledger"], a[href*="/payers"]')


def test_what_waits_for_a_decision_is_told_with_what_becomes_of_it(
    client: Client, engine: Engine, session: Session, centre: Centre, director: User
) -> None:
    terms = builders.an_instrument(session, centre)
    post(session, centre, Cause.DRAWDOWN, 100_000, on=date(2025, 4, 1), instrument=terms)
    claim = builders.a_claim(session, builders.a_contract(session, centre))
    session.commit()
    run = run_of(engine, centre, as_of=builders.NOW.date())
    client.sign_in(director)
    asked = format_pounds(claim.payable_pence or 0, whole=True)
    value = format_pounds(run.all_approved_value_pence or 0, whole=True)
    for path in (address(result_of(session, run)), "/centres/C-0001"):
        text = words(client.get(path))
        assert f"{asked} waits for a decision." in text
        assert "the prudent return stays as it is: TVPI 1.00×, IRR 0.0%." in text
        assert f"the value is {value}: TVPI" in text


def test_a_run_from_before_prudent_value_says_so(
    client: Client, session: Session, centre: Centre, director: User
) -> None:
    run = ReturnsRun(
        centre_id=centre.id,
        as_of=AS_OF,
        known_at=builders.NOW,
        method_version="1",
        fingerprint="",
        computed_at=builders.NOW,
        transfer_count=0,
        last_transfer_id=0,
        raised_pence=0,
        funded_pence=0,
        earned_pence=0,
        paid_back_pence=0,
        running_cost_pence=0,
        receivable_pence=0,
        bank_pence=0,
    )
    session.add(run)
    session.flush()
    result = ReturnsResult(
        run_id=run.id,
        subject=Subject.CENTRE,
        valuation=Valuation.REALISED,
        paid_in_pence=0,
        distributed_pence=0,
        committed_pence=0,
        value_pence=0,
        irr_reason="no flows",
        flow_count=0,
    )
    session.add(result)
    session.commit()
    client.sign_in(director)
    for path in (address(result), "/centres/C-0001", "/runs/RR-0001", "/centres/C-0001/investors"):
        page = client.get(path)
        assert page.status_code == 200
        assert ("made before prudent value was computed" in page.text) == ("investors" not in path)
