"""The history of a venture, a contract, a claim and an investor."""

import re

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.actions.claims import discard_claim
from chec.actions.clawbacks import claw_back
from chec.models import Cause, Centre, Claim, ClaimState, Contract, Organisation, Role, User
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.client import Client, soup
from tests.demo import demo_user


@pytest.fixture
def payer(session: Session) -> Organisation:
    return builders.a_payer(session, name="Wrenshire ICB")


@pytest.fixture
def claim(session: Session, centre: Centre, payer: Organisation) -> Claim:
    """Approved, paid, and one of its two outcomes clawed back."""
    measure = builders.a_measure(pence=10_000, clawback_days=1_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={"M01": 2})
    decide(session, claim, payer)
    pay(session, claim, payer, 20_000)
    claw_back(
        session,
        somebody_of(session, payer, name="Ben Ito"),
        part_of(session, claim, payer),
        line_of(session, claim),
        reason="Back in hospital",
        idempotency_key="form:1",
    )
    session.commit()
    return claim


def a_reader(session: Session, role: Role, centre: Centre) -> User:
    user = builders.a_user(session, name="Rae Reader")
    builders.a_membership(session, role, user=user, centre=centre)
    session.commit()
    return user


def events(client: Client, address: str) -> list[str]:
    """What was done, oldest first."""
    page = soup(client.get(address))
    rows = page.select(".chec-trail tbody tr td:first-child")
    return [str(cell.find(string=True)).strip() for cell in reversed(rows)]


def test_every_act_on_a_claim_is_in_its_history(
    client: Client, session: Session, centre: Centre, claim: Claim
) -> None:
    client.sign_in(a_reader(session, Role.DIRECTOR, centre))
    address = f"/claims/CL-{claim.id:04d}/history"
    acts = [
        "Claim prepared",
        "Counts entered",
        "Claim submitted",
        "Transfer posted",
        "Claim decided",
        "Transfer posted",
        "Payment recorded",
        "Transfer posted",
        "Outcome clawed back",
    ]
    assert events(client, address) == acts
    text = " ".join(soup(client.get(address)).text.split())
    assert "Ana Reed, commissioner of Wrenshire ICB" in text
    assert "Paid £0.00 →became £200.00" in text
    assert "Back in hospital" not in text
    client.get(address.removesuffix("/history"))
    assert events(client, address) == acts


def test_its_contract_and_venture_have_it_in_theirs(
    client: Client, session: Session, centre: Centre, claim: Claim
) -> None:
    client.sign_in(a_reader(session, Role.DIRECTOR, centre))
    of_contract = events(client, f"/contracts/CN-{claim.contract_id:04d}/history")
    assert of_contract[0] == "Contract imported"
    assert "Outcome clawed back" in of_contract
    of_venture = events(client, f"/ventures/V-{claim.venture_id:04d}/history")
    assert of_venture[0] == "Venture started"
    assert {"Claim decided", "Payment recorded", "Transfer posted"} <= set(of_venture)


def test_an_investor_s_history_is_of_that_centre(
    client: Client, session: Session, centre: Centre
) -> None:
    investor, other = builders.an_investor(session), builders.a_centre(session)
    for each in (centre, other):
        instrument = builders.an_instrument(session, each, investor)
        for cause in (Cause.DRAWDOWN, Cause.DISTRIBUTION):
            builders.a_transfer(session, each, cause, instrument=instrument)
    session.commit()
    client.sign_in(a_reader(session, Role.DIRECTOR, centre))
    address = f"/centres/C-{centre.id:04d}/investors/O-{investor.id:04d}/history"
    assert events(client, address) == ["Instrument agreed", "Transfer posted", "Transfer posted"]


def test_an_evaluator_is_told_the_role_of_who_did_it(
    client: Client, session: Session, centre: Centre, claim: Claim
) -> None:
    client.sign_in(a_reader(session, Role.EVALUATOR, centre))
    text = " ".join(soup(client.get(f"/claims/CL-{claim.id:04d}/history")).text.split())
    assert "Commissioner of Wrenshire ICB" in text
    for name in ("Ana Reed", "Ben Ito"):
        assert name not in text
    assert not re.search(r"U-\d{4}", text)


def test_a_thing_of_another_centre_has_no_history_here(
    client: Client, session: Session, claim: Claim
) -> None:
    other = builders.a_centre(session)
    client.sign_in(a_reader(session, Role.DIRECTOR, other))
    for address in (
        f"/claims/CL-{claim.id:04d}",
        f"/contracts/CN-{claim.contract_id:04d}",
        f"/ventures/V-{claim.venture_id:04d}",
    ):
        assert client.get(f"{address}/history").status_code == 404


def test_a_page_leads_to_its_history_whoever_may_see_it(
    demo_client: Client, demo_engine: Engine, demo_session: Session
) -> None:
    claim_id = demo_session.exec(select(Claim.id)).first()
    demo_session.commit()
    pages = ("/ventures/V-0001", "/contracts/CN-0001", f"/claims/CL-{claim_id:04d}")
    demo_client.sign_in(demo_user(demo_engine, Role.EVALUATOR))
    for address in pages:
        [link] = soup(demo_client.get(address)).select(".chec-history a")
        assert link["href"] == f"{address}/history"
        assert events(demo_client, str(link["href"]))
    demo_client.sign_in(demo_user(demo_engine, Role.PROVIDER))
    assert not soup(demo_client.get(pages[0])).select(".chec-history")


def test_a_draft_that_was_discarded_is_named_without_a_link(
    client: Client, session: Session, centre: Centre, claim: Claim
) -> None:
    contract = session.get_one(Contract, claim.contract_id)
    draft = builders.a_claim(session, contract, state=ClaimState.DRAFT)
    gone = f"CL-{draft.id:04d}"
    discard_claim(session, builders.an_actor(), draft)
    session.commit()
    client.sign_in(a_reader(session, Role.DIRECTOR, centre))
    page = soup(client.get(f"/contracts/CN-{claim.contract_id:04d}/history"))
    assert gone in page.text
    assert not page.select(f"a[href='/claims/{gone}']")
    assert page.select(f"a[href='/claims/CL-{claim.id:04d}']")


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("code", ["2026-13-45", "2026-11-16", "C-0001", "on", "payer"])
def test_the_code_of_a_measure_is_a_text_whatever_it_looks_like(
    client: Client, session: Session, payer: Organisation, code: str
) -> None:
    builders.a_centre(session, name="Another Centre")
    centre = builders.a_centre(session)
    measure = builders.a_measure(code, pence=10_000, clawback_days=1_000)
    contract = builders.a_contract(session, centre, payer, measures=(measure,))
    claim = builders.a_claim(session, contract, counts={code: 3})
    decide(session, claim, payer)
    claw_back(
        session,
        somebody_of(session, payer),
        part_of(session, claim, payer),
        line_of(session, claim, code),
        reason="Back in hospital",
        idempotency_key="form:1",
    )
    address = f"/claims/CL-{claim.id:04d}/history"
    client.sign_in(a_reader(session, Role.DIRECTOR, centre))
    page = client.get(address)
    assert page.status_code == 200
    assert "Another Centre" not in page.text
    [told] = [each for each in events(client, address) if "clawed back" in each.lower()]
    measured = [term.find_next("dd") for term in soup(page).find_all("dt", string="Measure")]
    assert [each.get_text(strip=True) for each in measured if each] == [code], told
