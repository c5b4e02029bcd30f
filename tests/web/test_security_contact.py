"""Whom to tell of a hole."""

import pytest
import time_machine

from chec.config import Settings
from tests import builders
from tests.client import Client, serving
from tests.settings import behind_tls

pytestmark = pytest.mark.backend("sqlite")

ADDRESS = "/.well-known/security.txt"


@time_machine.travel(builders.NOW, tick=False)
def test_whoever_finds_a_hole_finds_whom_to_tell(settings: Settings) -> None:
    named = behind_tls(settings).model_copy(
        update={"security_contact": "mailto:security@chec.example"}
    )
    with serving(named) as app:
        response = app.test_client().get(ADDRESS, base_url="https://chec.example")
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.text.splitlines() == [
        "Contact: mailto:security@chec.example",
        "Expires: 2027-02-14T00:00:00Z",
        "Preferred-Languages: en",
        f"Canonical: https://chec.example{ADDRESS}",
    ]


def test_where_nobody_is_named_there_is_no_page(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 404
