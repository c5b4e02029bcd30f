"""One director asks for payments, and another decides about them."""

import re

from playwright.sync_api import expect

from chec import clock
from chec.models import Role
from tests.browser.journey import Journey
from tests.browser.test_chain import enter_day

CENTRE = "/centres/C-0001"
SECOND = "Gwen Talbot"


def test_a_payment_above_the_limit_takes_two_directors(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.DIRECTOR)
    withdraws_a_payment(journey, asks_for_a_tranche(journey, "50,000.01"))
    declined = asks_for_a_tranche(journey, "60,000")
    approved = asks_for_a_tranche(journey, "75,000")

    journey.sign_in_as(Role.DIRECTOR, name=SECOND)
    journey.visit(CENTRE)
    page.get_by_role("link", name="wait for a second director").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Payment requests")
    journey.check()
    page.get_by_role("link", name=declined).click()
    page.get_by_role("button", name="Decline").click()
    journey.check()
    journey.expect_refusal(422)
    page.get_by_role("button", name=f"Decline {declined}").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_label("Why is it not to be paid?").fill("The milestone is not reached.")
    page.get_by_role("button", name=f"Decline {declined}").click()
    expect(page.locator("main")).to_contain_text("The milestone is not reached.")

    journey.visit(f"/payment-requests/{approved}")
    page.get_by_role("button", name="Look at it and approve").click()
    expect(page.locator("main")).to_contain_text("Venture funding: COPD helpline")
    journey.check()
    page.get_by_role("button", name="Approve £75,000.00").click()
    expect(page.get_by_role("alert")).to_contain_text("£75,000.00 is recorded as paid today")
    journey.check()
    page.get_by_role("link", name=re.compile("^T-")).click()
    expect(page.locator("main")).to_contain_text(SECOND)
    page.get_by_role("link", name=approved).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("£75,000.00, tranche")


def test_a_distribution_that_waits_is_approved_with_its_shares(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.DIRECTOR, name=SECOND)
    journey.visit(f"{CENTRE}/payment-requests?state=waiting")
    page.get_by_role("link", name=re.compile("^PR-")).first.click()
    expect(page.locator("main")).to_contain_text("Amara Okafor")
    page.get_by_role("button", name="Look at it and approve").click()
    expect(page.get_by_role("region", name="Who gets what")).to_contain_text("£120,000.00")
    journey.check()
    page.get_by_role("button", name="Approve £120,000.00").click()
    expect(page.get_by_role("region", name="What was recorded")).to_contain_text("HB-L1")


def test_an_administrator_sets_the_limit(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.ADMINISTRATOR)
    journey.visit(f"{CENTRE}/payment-limit")
    page.get_by_label("Payments above an amount").check()
    page.get_by_label("The amount").fill("20,000")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("may then pay up to £20,000.00")
    journey.check()
    page.get_by_role("button", name="Set the limit").click()
    expect(page.get_by_role("alert")).to_contain_text("The limit is set.")
    expect(page.locator("main")).to_contain_text("may pay up to £20,000.00")


def asks_for_a_tranche(journey: Journey, pounds: str) -> str:
    """The reference of the request that waits."""
    page = journey.page
    journey.visit(f"{CENTRE}/money")
    page.get_by_role("link", name="Release a tranche").click()
    page.get_by_role("combobox", name="Venture").select_option(value="V-0001")
    page.get_by_label("Amount paid").fill(pounds)
    enter_day(journey, "on", clock.today())
    page.get_by_label("Milestone").fill("The south of the county")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("Another director approves this")
    journey.check()
    page.get_by_role("button", name=re.compile("^Ask for £")).click()
    expect(page.get_by_role("alert")).to_contain_text("waits for another director")
    journey.check()
    return page.url.rpartition("/")[2]


def withdraws_a_payment(journey: Journey, name: str) -> None:
    page = journey.page
    page.get_by_role("button", name="Withdraw this request").click()
    journey.check()
    page.get_by_role("button", name=f"Withdraw {name}").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was paid.")
