"""Somebody is invited, comes in, acts in the role, and loses it."""

import re
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, expect

from chec.models import Role
from tests.browser.journey import TELEPHONE, Journey, walking

PASSWORD = "teapot lorry meadow"


def test_somebody_is_invited_comes_in_and_loses_the_role(
    journey: Journey, browser: Browser, demo_app: Flask
) -> None:
    with walking(browser, demo_app, scripts=journey.scripts) as theirs:
        invite(journey, "Jo Reed", "jo@chec.example", "Director of Wren Valley")
        come_in(theirs, link_in_mail(demo_app))
        line = theirs.page.get_by_role("region", name="Whom you act for")
        expect(line).to_contain_text("Acting as director of Wren Valley")
        theirs.page.get_by_role("link", name="My roles").click()
        expect(theirs.page.get_by_role("heading", level=1)).to_have_text("My roles")
        theirs.check()
        end_role(journey, "Jo Reed")
        theirs.expect_refusal(403)
        theirs.visit("/centres/C-0001")
        expect(theirs.page.get_by_role("heading", level=1)).to_have_text(
            "You may not open this page"
        )
        theirs.visit("/")
        expect(theirs.page.get_by_role("heading", level=1)).to_have_text("You have no role today")


def test_an_invitation_is_withdrawn_and_opens_nothing(
    journey: Journey, browser: Browser, demo_app: Flask
) -> None:
    page = journey.page
    page.set_viewport_size(TELEPHONE)
    invite(journey, "Jo Reed", "jo@chec.example", "Provider team of COPD helpline")
    page.get_by_role("link", name="Jo Reed (invitation)").click()
    journey.check()
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("The invitation of Jo Reed is withdrawn.")).to_be_visible()
    journey.check()
    with walking(browser, demo_app, scripts=journey.scripts) as theirs:
        theirs.expect_refusal(404)
        theirs.visit(link_in_mail(demo_app))
        expect(theirs.page.get_by_role("heading", level=1)).to_have_text(
            "This invitation cannot be used"
        )


def test_what_is_wrong_in_an_invitation_is_said_and_mended(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.ADMINISTRATOR)
    journey.visit("/centres/C-0001/people/invite")
    page.get_by_label("Name", exact=True).fill("Jo Reed")
    page.get_by_label("Email address").fill("jo at chec")
    page.get_by_label("Role").select_option(label="Choose a role")
    journey.expect_refusal(422)
    page.get_by_role("button", name="Send the invitation").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Choose the role.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jo Reed")
    journey.check()


def test_an_account_is_locked_and_unlocked(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.ADMINISTRATOR)
    journey.visit("/centres/C-0001/people")
    page.get_by_role("link", name="Mei Lin Carter").click()
    for act, state in (("Lock", "Locked"), ("Unlock", "Open")):
        page.get_by_role("button", name=f"{act} the account").click()
        journey.check()
        page.get_by_role("button", name=f"{act} the account").click()
        expect(page.locator(".nhsuk-summary-list")).to_contain_text(state)
        journey.check()


def invite(journey: Journey, name: str, email: str, role: str) -> None:
    """By the administrator, who then looks at everybody invited."""
    page = journey.page
    journey.sign_in_as(Role.ADMINISTRATOR)
    journey.visit("/centres/C-0001/people")
    page.get_by_role("button", name="Invite a person").click()
    journey.check()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Email address").fill(email)
    choice = page.get_by_label("Role").get_by_text(re.compile(f"^\\s*{role}"))
    page.get_by_label("Role").select_option(choice.get_attribute("value"))
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text(f"{name} is invited.")).to_be_visible()
    journey.check()


def come_in(theirs: Journey, link: str) -> None:
    """By the link: a password that is refused, one that is taken, and signing in with it."""
    page = theirs.page
    theirs.visit(link)
    page.get_by_label("Choose a password").fill("password1234")
    theirs.expect_refusal(422)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_contain_text("Others can guess this")
    theirs.check()
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_text("Your account is ready.")).to_be_visible()
    theirs.check()
    page.get_by_label("Email address").fill("jo@chec.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Wren Valley")
    theirs.check()


def end_role(journey: Journey, name: str) -> None:
    """By the administrator, who looks at what is lost first."""
    page = journey.page
    journey.visit("/centres/C-0001/people")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="End the role").click()
    journey.check()
    page.get_by_role("button", name="End the role").click()
    expect(page.get_by_text(f"{name} is no longer director")).to_be_visible()
    journey.check()


def link_in_mail(app: Flask) -> str:
    """The path of the link in the one mail that was written instead of sent."""
    folder: Path = app.extensions["chec_settings"].mail_dir
    [mail] = folder.glob("*.eml")
    found = re.search(r"http://localhost(/invitations/\S+)", mail.read_text())
    assert found
    return found[1]
