"""Walking through the pages of a payer's part of a claim: filled in, looked at, confirmed."""

import re
from collections.abc import Mapping

from bs4 import Tag
from werkzeug.test import TestResponse

from chec.models import Claim, Organisation
from tests.client import Client, soup


def address(claim: Claim, payer: Organisation, rest: str = "/decide") -> str:
    return f"/claims/CL-{claim.id:04d}/payers/O-{payer.id:04d}{rest}"


def sent(response: TestResponse) -> dict[str, str]:
    """What the form of the page sends where nobody touches it."""
    inputs = soup(response).select("main form input:not([type=radio])")
    return {str(each["name"]): str(each.get("value", "")) for each in inputs}


def ask(client: Client, path: str, told: Mapping[str, str]) -> TestResponse:
    """The form of the page, filled in: the page to confirm, or what is wrong."""
    return client.post(path, data={**sent(client.get(path)), **told})


def confirm(client: Client, path: str, asked: TestResponse) -> TestResponse:
    """The page to confirm, confirmed."""
    assert asked.status_code == 200, asked.text
    return client.post(path, data={**sent(asked), "confirmed": "yes"})


def heading(response: TestResponse) -> str:
    found = soup(response).h1
    assert isinstance(found, Tag)
    return re.sub(r"\s+", " ", found.get_text(" ", strip=True))


def text_of(response: TestResponse) -> str:
    """What the page says, without its line breaks."""
    return re.sub(r"\s+", " ", soup(response).get_text(" ", strip=True))
