"""The menu of the header by keyboard."""

import pytest
from playwright.sync_api import expect

from chec.models import Role
from tests.browser.journey import TELEPHONE, Journey

pytestmark = pytest.mark.backend("sqlite")  # without scripts there is nothing to open


def test_escape_closes_the_menu_and_leads_back_to_its_button(journey: Journey) -> None:
    page = journey.page
    page.set_viewport_size(TELEPHONE)
    journey.sign_in_as(Role.DIRECTOR)
    journey.visit("/centres/C-0001")
    more = page.locator(".nhsuk-header__menu-toggle")
    more.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = page.locator(".nhsuk-header__menu-list a").first
    expect(inside).to_be_focused()
    page.keyboard.press("Escape")
    expect(inside).to_be_hidden()
    expect(more).to_be_focused()
