"""One person at a browser, walking through the product."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize
from werkzeug.serving import make_server

from chec.models import Role
from chec.web.cookies import Sessions
from tests.client import signed_in
from tests.demo import demo_user

USER_AGENT = "A journey of CHEC's tests"
DESKTOP = ViewportSize(width=1280, height=900)
TELEPHONE = ViewportSize(width=375, height=812)
_TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Journey:
    """A page of the browser, watched: what a visitor would not see, the console for one, counts.

    `page` is Playwright's; `address` is where the product is; `scripts`: whether JavaScript runs.
    """

    def __init__(self, app: Flask, address: str, page: Page, *, scripts: bool) -> None:
        self.page = page
        self.scripts = scripts
        self._app = app
        self.address = address
        self._complaints: list[str] = []
        self._expected: list[int] = []
        page.on("console", self._hear_console)
        page.on("pageerror", lambda error: self._complain(f"script error: {error}"))
        page.on("request", self._hear_request)
        page.on("requestfailed", self._hear_failure)

    def sign_in_as(
        self, role: Role, acting_for: str | None = None, *, name: str | None = None
    ) -> None:
        """From here on the browser is that of the demo's first person with `role`.

        Of those who hold it for this body, or who have this name.
        """
        user = demo_user(self._app.extensions["chec_engine"], role, acting_for, name=name)
        browser = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": USER_AGENT}
        state, _token = signed_in(self._app, user, browser)
        serializer = Sessions().get_signing_serializer(self._app)
        assert serializer
        name = self._app.config["SESSION_COOKIE_NAME"]
        self.page.context.add_cookies(
            [{"name": name, "value": serializer.dumps(state), "url": self.address}]
        )

    def visit(self, path: str) -> None:
        """Open an address and check the page."""
        self.page.goto(path)
        self.check()

    def check(self) -> None:
        """Fail where somebody who sees, hears or types otherwise could not use the page."""
        if self.scripts:
            self.page.evaluate(_TWO_FRAMES)  # the menu is fitted to the width in the first
        with self._scripts_on():
            found = Axe().run(self.page).response
        for violation in found["violations"]:
            places = "; ".join(node["html"] for node in violation["nodes"])
            self._complain(f"{self.page.url}: {violation['help']}: {places}")

    def expect_refusal(self, status: int) -> None:
        """The next step is answered with this status, which Chromium notes on its console."""
        self._expected.append(status)

    def finish(self) -> None:
        """Fail with everything that was noticed on the way."""
        for status in self._expected:
            noted = [text for text in self._complaints if f"status of {status} " in text]
            assert noted, f"Nothing was refused with {status}."
            self._complaints.remove(noted[0])
        assert not self._complaints, "\n".join(self._complaints)

    @contextmanager
    def _scripts_on(self) -> Iterator[None]:
        """Let the tests' own script run to its end on a page whose scripts have not run."""
        if self.scripts:
            yield
            return
        chromium = self.page.context.new_cdp_session(self.page)
        for disabled in (True, False):  # a session can only take back what it asked for itself
            chromium.send("Emulation.setScriptExecutionDisabled", {"value": disabled})
        yield
        chromium.send("Emulation.setScriptExecutionDisabled", {"value": True})

    def _complain(self, text: str) -> None:
        self._complaints.append(text)

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.text.startswith("Clear-Site-Data header on"):
            return  # Chromium says that it did what signing out asks for
        self._complain(f"{self.page.url}: console {message.type}: {message.text}")

    def _hear_request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self._complain(f"{self.page.url}: asked another host: {request.url}")

    def _hear_failure(self, request: Request) -> None:
        # Given up by the page: a navigation that turns out to be a download, or what it had not
        # loaded yet when the next page was asked for.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"{self.page.url}: {request.url} failed: {request.failure}")


@contextmanager
def served(app: Flask, name: str = "127.0.0.1") -> Iterator[str]:
    """The address at which a thread serves `app` on this machine, which is called `name`."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{name}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def walking(
    browser: Browser, app: Flask, *, scripts: bool, name: str = "127.0.0.1"
) -> Iterator[Journey]:
    """A journey through `app` in a fresh browser context."""
    with (
        served(app, name) as address,
        browser.new_context(
            base_url=address,
            java_script_enabled=scripts,
            user_agent=USER_AGENT,
            viewport=DESKTOP,
        ) as context,
    ):
        context.set_default_timeout(10_000)
        journey = Journey(app, address, context.new_page(), scripts=scripts)
        yield journey
    journey.finish()
