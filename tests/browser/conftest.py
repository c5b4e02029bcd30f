"""Journeys through the demo in a real Chromium.

A test that asks for `journey` runs twice: with JavaScript on SQLite, without on PostgreSQL.
`tests/browser/journey.py` says what it can do and what it watches.
"""

import shutil
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from tests.browser.journey import Journey, walking
from tests.databases import Databases

# As root Chromium has no sandbox; in a container /dev/shm is small and there is no graphics card.
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium a worker: the machine's, not a download of Playwright's."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


@pytest.fixture
def journey(browser: Browser, demo_app: Flask, backend: Databases) -> Iterator[Journey]:
    with walking(browser, demo_app, scripts=backend.name == "sqlite") as journey:
        yield journey
