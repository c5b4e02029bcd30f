"""A commissioner decides a claim of the inbox, line by line where it has several."""

from playwright.sync_api import expect

from chec.models import Role
from tests.browser.journey import Journey


def test_a_claim_is_approved_from_the_inbox(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.COMMISSIONER)
    journey.visit("/inbox")
    first = page.locator("tbody tr").first
    asked = first.locator("td.chec-number").first.text_content() or ""
    name = first.get_by_role("link").text_content() or ""
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    journey.check()
    page.get_by_role("button", name="Decide for").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Decide")
    journey.expect_refusal(422)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose whether to approve or to reject.")
    journey.check()
    page.get_by_label("Approve all of it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"You approve {asked}")
    journey.check()
    page.get_by_role("button", name="Confirm this decision").click()
    expect(page.get_by_role("alert")).to_contain_text(f"approved {asked} of {name}")
    journey.check()


def test_a_claim_is_rejected_in_words_after_a_second_look(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.COMMISSIONER)
    journey.visit("/inbox")
    page.locator("tbody tr").first.get_by_role("link").click()
    page.get_by_role("button", name="Decide for").click()
    page.get_by_label("Reject all of it").check()
    page.get_by_label("If you reject it, why").select_option("evidence missing")
    page.get_by_label("What is wrong, in your own words").fill("No letters of discharge")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You reject")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("What is wrong, in your own words")).to_have_value(
        "No letters of discharge"
    )
    journey.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm this decision").click()
    expect(page.get_by_role("alert")).to_contain_text("rejected its part")
    expect(page.locator("main")).to_contain_text("Evidence missing: No letters of discharge")
    journey.check()
