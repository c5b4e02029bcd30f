"""From a contract to claims, to cash, to a return: a director, two commissioners, an investor."""

import json
from datetime import date

from flask import Flask
from playwright.sync_api import expect

from chec import clock
from chec.models import Role
from tests.browser.journey import Journey
from tests.browser.test_director import a_worker, wait_for_new_figures

ICB, COUNCIL = "Wrenshire ICB", "Wrenshire County Council"
CARD = {
    "format": "chec-contract/1",
    "reference": "WREN-NEW",
    "title": "A new card",
    "starts_on": "2025-04-01",
    "ends_on": "2035-03-31",
    "payers": [
        {"organisation": ICB, "share": "0.75"},
        {"organisation": COUNCIL, "share": "0.25"},
    ],
    "measures": [
        {
            "code": "WELL",
            "name": "Well for half a year",
            "unit": "person",
            "term": {
                "kind": "per_outcome",
                "prices": [{"from": "2025-04-01", "pence": 1_000_000}],
            },
            "clawback_days": 4000,
        }
    ],
}


def test_an_outcome_becomes_a_return(journey: Journey, demo_app: Flask) -> None:
    value_before = prudent_value_of_the_investor(journey)
    journey.sign_in_as(Role.DIRECTOR)
    import_contract(journey)
    paid = submit_claim(journey, units=9, last_day=date(2025, 6, 30), worth="£90,000.00")
    rejected = submit_claim(journey, units=3, last_day=date(2025, 9, 30), worth="£30,000.00")
    for payer in (ICB, COUNCIL):
        journey.sign_in_as(Role.COMMISSIONER, payer)
        decide(journey, paid, payer, approve=True)
        decide(journey, rejected, payer, approve=False)
    journey.sign_in_as(Role.DIRECTOR)
    journey.visit(f"/claims/{rejected}")
    expect(journey.page.locator("main")).to_contain_text("Evidence missing: No register")
    record_payment(journey, paid, ICB, "47,500", "£20,000.00")
    record_payment(journey, paid, ICB, "20,000", "£0.00")
    record_payment(journey, paid, COUNCIL, "22,500", "£0.00")
    journey.sign_in_as(Role.COMMISSIONER, COUNCIL)
    claw_back(journey, paid, COUNCIL)
    journey.sign_in_as(Role.DIRECTOR)
    journey.visit(f"/claims/{paid}")
    expect(
        journey.page.get_by_role("button", name=f"Return £2,500.00 to {COUNCIL}")
    ).to_be_visible()
    open_from_return_to_claim(journey, demo_app, paid)
    assert prudent_value_of_the_investor(journey) != value_before


def prudent_value_of_the_investor(journey: Journey) -> str:
    journey.sign_in_as(Role.INVESTOR)
    journey.visit("/")
    row = journey.page.locator("tr", has=journey.page.get_by_role("rowheader", name="Value")).first
    return row.locator("td").last.text_content() or ""


def import_contract(journey: Journey) -> None:
    page = journey.page
    journey.visit("/centres/C-0001/contracts")
    page.get_by_role("button", name="Import a contract").click()
    journey.expect_refusal(422)
    wrong = {**CARD, "payers": [{"organisation": ICB, "share": "0.99"}]}
    page.locator("#contract_text").fill(json.dumps(wrong))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("add to 0.99")
    page.locator("#contract_text").fill(json.dumps(CARD))
    page.get_by_role("button", name="Continue").click()
    journey.check()
    page.get_by_role("button", name="Import the contract").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("A new card")
    journey.check()


def submit_claim(journey: Journey, *, units: int, last_day: date, worth: str) -> str:
    """The reference of a submitted claim for the quarter up to `last_day`."""
    page = journey.page
    journey.visit("/centres/C-0001/claims/new")
    page.get_by_label("Contract").select_option(label="WREN-NEW")
    page.get_by_label("Venture").select_option(label="COPD helpline")
    enter_day(journey, "first_day", date(last_day.year, last_day.month - 2, 1))
    enter_day(journey, "last_day", last_day)
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_role("button", name="Enter counts").click()
    page.get_by_label("WELL").fill(str(units))
    page.get_by_role("button", name="Keep these counts").click()
    expect(page.locator("main")).to_contain_text(worth)
    journey.check()
    page.get_by_role("button", name="Submit this claim").click()
    page.get_by_role("button", name=f"Submit for {worth}").click()
    expect(page.get_by_role("alert")).to_contain_text("submitted")
    return page.url.rpartition("/")[2]


def decide(journey: Journey, claim: str, payer: str, *, approve: bool) -> None:
    page = journey.page
    journey.visit("/inbox")
    page.get_by_role("link", name=claim).click()
    page.get_by_role("button", name=f"Decide for {payer}").click()
    page.get_by_label("Approve all of it" if approve else "Reject all of it").check()
    if not approve:
        page.get_by_label("If you reject it, why").select_option("evidence missing")
        page.get_by_label("What is wrong, in your own words").fill("No register")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm this decision").click()
    expect(page.get_by_role("alert")).to_contain_text(claim)


def record_payment(journey: Journey, claim: str, payer: str, pounds: str, left: str) -> None:
    page = journey.page
    journey.visit(f"/claims/{claim}")
    page.get_by_role("button", name=f"Record a payment by {payer}").click()
    page.get_by_label("Amount received").fill(pounds)
    enter_day(journey, "on", clock.today())
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text(left)
    page.get_by_role("button", name=f"Record £{pounds}.00").click()
    expect(page.get_by_role("alert")).to_contain_text(f"£{pounds}.00")


def claw_back(journey: Journey, claim: str, payer: str) -> None:
    page = journey.page
    journey.visit(f"/claims/{claim}")
    page.get_by_role("button", name="Claw back an outcome").click()
    journey.check()
    page.get_by_role("link", name="WELL").first.click()
    page.get_by_label("How many outcomes did not hold?").fill("1")
    page.get_by_label("Why did it not hold?").fill("Ill again")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("£2,500.00")
    page.get_by_role("button", name="Claw back £2,500.00").click()
    expect(page.get_by_role("alert")).to_contain_text("£2,500.00")
    journey.check()


def open_from_return_to_claim(journey: Journey, app: Flask, claim: str) -> None:
    """Compute the returns, and open the venture's down to the claim that was paid."""
    page = journey.page
    journey.visit("/centres/C-0001")
    page.get_by_role("button", name="Compute returns now").click()
    expect(page.get_by_text("The returns will be computed")).to_be_visible()
    with a_worker(app):
        wait_for_new_figures(journey)
    page.get_by_role("link", name="COPD helpline").first.click()
    page.get_by_role("link", name="See every flow behind these figures").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Return of COPD helpline")
    page.locator("tbody tr", has_text=claim).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("payment")
    journey.check()
    page.get_by_role("link", name=claim).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(claim)


def enter_day(journey: Journey, name: str, day: date) -> None:
    for part in ("day", "month", "year"):
        journey.page.locator(f'[name="{name}-{part}"]').fill(str(getattr(day, part)))
