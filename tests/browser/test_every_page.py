"""Every page that somebody can reach by its links: usable, silent, and at home on a telephone."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest

from chec.models import Role
from tests.browser.journey import DESKTOP, TELEPHONE, Journey


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("role", list(Role))
def test_every_page_is_usable_on_a_desktop_and_on_a_telephone(journey: Journey, role: Role) -> None:
    journey.sign_in_as(role)
    seen = list(walk(journey))
    assert len(seen) > 1, seen


def walk(journey: Journey) -> Iterator[str]:
    """Follow every link once; of pages that differ only in their reference, the first."""
    waiting, met = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        journey.page.set_viewport_size(DESKTOP)
        journey.visit(path)
        yield path
        links = journey.page.locator("a[href]:not([download])").evaluate_all(
            "links => links.map(link => link.href)"
        )
        journey.page.set_viewport_size(TELEPHONE)
        journey.check()
        width = journey.page.evaluate("document.documentElement.scrollWidth")
        assert width <= TELEPHONE["width"], f"{path} is {width} pixels wide on a telephone"
        for link in links:
            address = urlsplit(urljoin(journey.page.url, link))
            kind = re.sub(r"[0-9]+", "0", address.path)
            if kind not in met:
                met.add(kind)
                waiting.append(address.path + (f"?{address.query}" if address.query else ""))
