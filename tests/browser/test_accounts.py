"""One's own account: a forgotten password, a new one, and where one is signed in."""

import email
import re
from email.policy import default

from flask import Flask
from playwright.sync_api import expect

from chec.models import Role
from tests.browser.journey import Journey
from tests.demo import demo_sign_in

NEW = "window marble seventeen"


def test_a_commissioner_sets_a_new_password_and_signs_in_with_it(
    journey: Journey, demo_app: Flask
) -> None:
    page, person = journey.page, demo_sign_in(Role.COMMISSIONER)
    journey.visit("/login")
    page.get_by_role("link", name="I have forgotten my password").click()
    expect(page.get_by_role("heading", name="Forgotten password")).to_be_visible()
    page.get_by_label("Email address").fill(person.email)
    journey.check()
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    journey.check()
    journey.visit(mailed_link(demo_app))
    expect(page).to_have_url(re.compile("/reset/new-password$"))
    page.get_by_label("New password", exact=True).fill("password1234")
    journey.expect_refusal(422)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("Others can guess this")
    journey.check()
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your new password is set. Sign in with it.")).to_be_visible()
    journey.check()
    page.get_by_label("Email address").fill(person.email)
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_an_investor_changes_the_password_and_signs_out_everywhere(journey: Journey) -> None:
    page, person = journey.page, demo_sign_in(Role.INVESTOR)
    journey.sign_in_as(Role.INVESTOR)
    journey.sign_in_as(Role.INVESTOR)
    journey.visit("/account")
    page.get_by_role("button", name="End the sign-in").click()
    expect(page.get_by_text("That sign-in is over.")).to_be_visible()
    expect(page.get_by_role("button", name="End the sign-in")).to_have_count(0)
    page.get_by_role("link", name="Change your password").first.click()
    expect(page.get_by_role("heading", name="Change your password")).to_be_visible()
    page.get_by_label("Current password", exact=True).fill(person.password)
    page.get_by_label("New password", exact=True).fill(NEW)
    journey.check()
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password was changed")).to_be_visible()
    journey.check()
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You were signed out everywhere.")).to_be_visible()
    journey.check()


def mailed_link(app: Flask) -> str:
    """The path of the link in the one mail that went out."""
    [file] = app.extensions["chec_settings"].mail_dir.glob("*.eml")
    text = email.message_from_bytes(file.read_bytes(), policy=default).get_content()
    found = re.search(r"http://localhost(/reset/\S+)", text)
    assert found
    return found[1]
