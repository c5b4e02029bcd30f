"""A director reads the portfolio, opens a figure down to its transfer, and mends a mistake."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from flask import Flask
from playwright.sync_api import expect

from chec import clock
from chec.jobs.returns import RETURNS_JOB
from chec.jobs.worker import Worker
from chec.models import Role
from chec.web import formats
from tests.browser.journey import Journey


def test_a_figure_opens_down_to_the_transfer_it_was_made_from(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.DIRECTOR)
    journey.visit("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Wren Valley")
    page.get_by_role("link", name="COPD helpline").first.click()
    journey.check()
    page.get_by_role("link", name="See every flow behind these figures").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Return R-0001 – Return of COPD helpline"
    )
    journey.check()
    page.get_by_role("link", name="T-0004").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("£60,000.00, tranche")
    journey.check()


def test_each_figure_of_the_portfolio_equals_the_ledger_behind_it(journey: Journey) -> None:
    page = journey.page
    journey.sign_in_as(Role.DIRECTOR)
    for label in ("Raised", "Funded", "Earned", "Running costs"):
        journey.visit("/centres/C-0001")
        figure = page.locator(".chec-figure", has=page.get_by_text(label, exact=True)).first
        link = figure.get_by_role("link")
        shown = (link.text_content() or "").partition(":")[0]
        link.click()
        total = page.locator("tfoot td").nth(1).text_content() or ""
        assert total.lstrip("−").removesuffix(".00") == shown.removesuffix(".00")


def test_a_mistake_is_reversed_and_the_returns_follow(journey: Journey, demo_app: Flask) -> None:
    page = journey.page
    journey.sign_in_as(Role.DIRECTOR)
    journey.visit("/centres/C-0001/ledger?cause=running+cost")
    newest = page.locator("tbody tr").first
    amount = newest.locator("td.chec-number").first.text_content()
    newest.get_by_role("link").click()
    page.get_by_role("button", name="Reverse this transfer").click()
    journey.check()
    journey.expect_refusal(422)
    page.get_by_role("button", name=f"Reverse {amount}").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why the transfer is wrong.")
    journey.check()
    page.get_by_label("Why is this transfer wrong?").fill("Entered twice")
    page.get_by_role("button", name=f"Reverse {amount}").click()
    expect(page.get_by_text("was reversed by").first).to_be_visible()
    journey.check()
    journey.visit("/centres/C-0001")
    page.get_by_role("button", name="Compute returns now").click()
    expect(page.get_by_text("The returns will be computed")).to_be_visible()
    journey.check()
    with a_worker(demo_app):
        wait_for_new_figures(journey)
    journey.check()


def wait_for_new_figures(journey: Journey) -> None:
    """With scripts the page asks after the run; without, its reader reloads it."""
    new = journey.page.get_by_text(f"as of {formats.day(clock.today())}")
    for _ in range(30):
        if not journey.scripts:
            journey.page.reload()
        journey.page.wait_for_timeout(500)
        if new.is_visible():
            return
    expect(new).to_be_visible()


@contextmanager
def a_worker(app: Flask) -> Iterator[None]:
    """A worker is at work beside the web."""
    stop = Event()
    engine = app.extensions["chec_engine"]
    worker = Worker(engine, [RETURNS_JOB], pause=timedelta(seconds=0.3))
    thread = Thread(target=worker.work, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
