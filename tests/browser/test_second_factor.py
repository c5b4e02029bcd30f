"""A second factor is set up and asked for; a passkey is added, used and removed."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, CDPSession, Page, expect
from sqlmodel import Session

from chec.models import User
from tests.browser.journey import Journey, walking
from tests.databases import Databases
from tests.web.factors import PASSWORD, a_user, app_with, code_of


@pytest.fixture
def user(session: Session) -> User:
    user = a_user(session)
    session.commit()
    return user


@pytest.fixture
def journey(browser: Browser, app: Flask, backend: Databases) -> Iterator[Journey]:
    """At the name of this machine: a number is no name that a passkey could be for."""
    with walking(browser, app, scripts=backend.name == "sqlite", name="localhost") as journey:
        settings = app.extensions["chec_settings"]
        public = {"public_url": journey.address}
        app.extensions["chec_settings"] = settings.model_copy(update=public)
        yield journey


def test_an_app_is_set_up_and_then_asked_for(journey: Journey, app: Flask, user: User) -> None:
    page = journey.page
    enter_password(journey, user)
    journey.visit("/tf-setup")
    page.get_by_role("button", name="Set up an authenticator app").click()
    key = page.locator(".chec-key").inner_text()
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    journey.check()
    secret = app_with(app, key)
    page.get_by_label("Code", exact=True).fill("1")
    journey.expect_refusal(422)
    page.get_by_role("button", name="Confirm").click()
    expect(page).to_have_title(re.compile("^Error: "))
    assert page.locator(".chec-key").inner_text() == key
    journey.check()
    page.get_by_label("Code", exact=True).fill(code_of(app, secret))
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    journey.check()
    codes = page.locator(".chec-codes li").all_inner_texts()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as a text file").click()
    assert saved.value.path().read_text().split() == codes

    page.get_by_role("button", name="I have kept them").click()
    sign_out(page)
    enter_password(journey, user)
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")
    journey.check()
    page.get_by_role("link", name="Use a recovery code").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter a recovery code")
    journey.check()
    page.get_by_role("link", name="Use your authenticator app").click()
    page.get_by_label("Code", exact=True).fill(code_of(app, secret, steps=1))
    page.get_by_role("button", name="Sign in").click()
    sign_out(page)

    enter_password(journey, user)
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Recovery code", exact=True).fill(codes[4])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You have 9 left")).to_be_visible()
    journey.visit("/mf-recovery-codes")
    expect(page.get_by_text("You have 9 recovery codes left")).to_be_visible()
    journey.visit("/tf-setup")
    page.get_by_role("button", name="Remove the second factor").click()
    expect(page.get_by_text("Your second factor was removed")).to_be_visible()


@pytest.mark.backend("sqlite")
def test_a_passkey_is_added_used_and_removed(journey: Journey, user: User) -> None:
    page = journey.page
    device = a_device(page)
    enter_password(journey, user)
    journey.visit("/wan-register")
    page.get_by_label("Name of the passkey").fill("Work laptop")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("“Work laptop” was added")).to_be_visible()
    journey.check()
    sign_out(page)

    page.goto("/login")
    sign_in_by_passkey(page)
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    journey.visit("/wan-register")
    page.get_by_role("button", name="Remove Work laptop").click()
    expect(page.get_by_text("“Work laptop” was removed")).to_be_visible()
    sign_out(page)
    page.goto("/login")
    sign_in_by_passkey(page)
    expect(page.get_by_text("The passkey was not taken")).to_be_visible()
    journey.check()

    device.send("WebAuthn.disable")
    device.send("WebAuthn.enable")  # and so without any passkey
    a_device(page)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_text("The device did not answer with a passkey")).to_be_visible()
    journey.check()


@pytest.mark.backend("postgresql")
def test_without_scripts_the_page_says_that_passkeys_need_them(
    journey: Journey, user: User
) -> None:
    page = journey.page
    journey.visit("/wan-signin")
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Use your passkey")).to_be_hidden()
    page.get_by_role("link", name="Sign in with your password").click()
    enter_password(journey, user)
    journey.visit("/wan-register")
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Continue")).to_be_hidden()


def a_device(page: Page) -> CDPSession:
    """A device that keeps passkeys and verifies its user, in the browser of the page."""
    chromium = page.context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return chromium


def enter_password(journey: Journey, user: User) -> None:
    page = journey.page
    journey.visit("/login")
    page.get_by_label("Email address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)


def sign_in_by_passkey(page: Page) -> None:
    page.get_by_role("link", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Use your passkey").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_have_count(0)
