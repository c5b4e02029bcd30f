"""An investor reads their own position, and finds nobody else's."""

from playwright.sync_api import expect

from chec.models import Role
from chec.seeding import list_sign_ins
from tests.browser.journey import TELEPHONE, Journey
from tests.demo import demo_sign_in


def test_an_investor_comes_to_their_position_and_opens_it_to_a_transfer(journey: Journey) -> None:
    page, investor = journey.page, demo_sign_in(Role.INVESTOR)
    journey.sign_in_as(Role.INVESTOR)
    journey.visit("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(investor.acting_for)
    page.get_by_role("link", name="See how the return was made").click()
    expect(page.get_by_role("heading", name="The flows")).to_be_visible()
    journey.check()
    page.locator('tbody a[href^="/transfers/"]').first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("drawdown")
    expect(page.get_by_role("button", name="Reverse this transfer")).to_have_count(0)
    journey.check()


def test_an_investor_reads_no_other_name_and_finds_no_other_page(journey: Journey) -> None:
    others = [
        each.acting_for
        for each in list_sign_ins()
        if each.role is Role.INVESTOR and each != demo_sign_in(Role.INVESTOR)
    ]
    journey.sign_in_as(Role.INVESTOR)
    journey.visit("/")
    text = journey.page.content()
    assert not [name for name in others if name in text]
    for path in ("/centres/C-0001/investors/O-0003", "/centres/C-0001", "/ventures/V-0001"):
        status = 404 if "investors" in path else 403
        journey.expect_refusal(status)
        response = journey.page.goto(path)
        assert response
        assert response.status == status


def test_an_investor_reads_what_the_money_bought(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.INVESTOR)
    journey.visit("/")
    page.get_by_role("link", name="Outcomes", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("had an outcome accepted in")
    expect(page.get_by_role("rowheader", name="Together")).to_be_visible()
    journey.check()
    page.set_viewport_size(TELEPHONE)
    journey.check()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download every quarter as CSV").click()
    assert download.value.suggested_filename == "outcomes-C-0001.csv"
