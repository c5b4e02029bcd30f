"""Signing in through the form, which the other journeys need not."""

import re

from playwright.sync_api import expect

from chec.models import Role
from tests.browser.journey import Journey
from tests.demo import demo_sign_in


def test_a_director_mistypes_the_password_and_then_signs_in(journey: Journey) -> None:
    page, director = journey.page, demo_sign_in(Role.DIRECTOR)
    journey.visit("/login")
    page.get_by_label("Email address").fill(director.email)
    page.get_by_label("Password", exact=True).fill("not the password")
    journey.expect_refusal(422)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title(re.compile("^Error: "))
    journey.check()
    page.get_by_label("Password", exact=True).fill(director.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    journey.check()


def test_a_signed_in_director_comes_home(journey: Journey) -> None:
    journey.sign_in_as(Role.DIRECTOR)
    journey.visit("/")
    expect(journey.page.get_by_role("button", name="Sign out")).to_be_visible()
