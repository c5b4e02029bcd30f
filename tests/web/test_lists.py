"""Pages, sorting and downloads of lists."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask, Response, render_template_string
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec.errors import NotFound
from chec.models import AuditEvent, Event
from chec.web.access import open_to_all
from chec.web.addresses import same_query
from chec.web.downloads import csv_download
from chec.web.lists import page_of, sort_of
from tests.client import check_html

pytestmark = pytest.mark.backend("sqlite")

HEADERS = """{% from "components/tables.html" import pagination, sort_header %}
<table><tr>
  {{ sort_header("Name", "name", "-money") }}
  {{ sort_header("Money", "money", "-money", number=true) }}
</tr></table>
{% if page %}{{ pagination(page) }}{% endif %}"""


def test_a_list_is_paged(app: Flask) -> None:
    with app.test_request_context("/login?page=3"):
        page = page_of(1234)
        assert (page.offset, page.limit, page.last) == (100, 50, 25)
        assert page.summary == "Rows 101 to 150 of 1,234"


def test_the_last_page_holds_the_rest(app: Flask) -> None:
    with app.test_request_context("/login?page=25"):
        assert page_of(1234).summary == "Rows 1,201 to 1,234 of 1,234"


@pytest.mark.parametrize("asked", ["0", "26", "-1", "x", "", "1.5", "²", "9" * 5000])
def test_a_page_that_is_not_there_is_not_found(app: Flask, asked: str) -> None:
    with app.test_request_context("/login", query_string={"page": asked}), pytest.raises(NotFound):
        page_of(1234)


def test_an_empty_list_has_one_page(app: Flask) -> None:
    with app.test_request_context("/login"):
        assert page_of(0).last == 1


def test_the_other_pages_keep_filter_and_sorting(app: Flask) -> None:
    with app.test_request_context("/login?page=2&cause=grant&cause=refund&sort=-on"):
        links = page_of(1234).links
        assert links["next"]["href"] == "/login?page=3&cause=grant&cause=refund&sort=-on"
        numbers = [item.get("number", "…") for item in links["items"]]
        assert numbers == [1, 2, 3, "…", 25]


def test_a_parameter_of_the_address_never_instructs_the_links(app: Flask) -> None:
    with app.test_request_context("/login?_external=1&_scheme=ftp&endpoint=x&_anchor=y"):
        following = page_of(1234).links["next"]["href"]
        assert following == "/login?_external=1&_scheme=ftp&endpoint=x&_anchor=y&page=2"


def test_the_file_of_a_list_is_filtered_as_the_list_is(app: Flask) -> None:
    with app.test_request_context("/login?cause=grant&cause=refund&endpoint=x&centre_id=7"):
        address = same_query("people.index", centre_id=1)
    query = "cause=grant&cause=refund&endpoint=x&centre_id=7"
    assert address == f"/centres/C-0001/people?{query}"


def test_a_list_is_sorted_by_its_columns_only(app: Flask) -> None:
    for asked, sort in (("name", "name"), ("-name", "-name"), ("secret", "-on"), ("--name", "-on")):
        with app.test_request_context("/login", query_string={"sort": asked}):
            assert sort_of({"name", "on"}, "-on") == sort


def test_a_heading_says_how_the_list_is_sorted_and_turns_it_round(app: Flask) -> None:
    with app.test_request_context("/login?page=2"):
        html = render_template_string(HEADERS, page=page_of(1234))
    check_html(html, part=True)
    assert 'aria-sort="descending"' in html
    assert 'href="/login?sort=money"' in html
    assert 'href="/login?sort=name"' in html
    assert "Rows 51 to 100 of 1,234" in html


def test_a_download_is_a_file_whose_text_is_no_formula(app: Flask, session: Session) -> None:
    rows: list[tuple[object, ...]] = [("=1+1", Decimal("-5.00")), ("Grüße, «you»", None)]
    file = downloaded(app, iter(rows))
    text = file.data.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["Name", "Pounds"],
        ["'=1+1", "-5.00"],
        ["Grüße, «you»", ""],
    ]
    assert file.headers["Content-Disposition"] == 'attachment; filename="ledger.csv"'
    taken = session.exec(select(AuditEvent).where(AuditEvent.event == Event.DOWNLOADED)).one()
    assert taken.subject == "GET /file"


def test_a_long_download_comes_whole(app: Flask) -> None:
    file = downloaded(app, ((f"row {number}", number) for number in range(20_000)))
    assert len(file.data.decode().splitlines()) == 20_001


def downloaded(app: Flask, rows: Iterator[tuple[object, ...]]) -> TestResponse:
    @open_to_all
    def view() -> Response:
        return csv_download("ledger", ["Name", "Pounds"], rows)

    app.add_url_rule("/file", view_func=view, endpoint="file")
    return app.test_client().get("/file")
