"""Templates: all of them can be read, escape what they show, and tell a wrong name."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask, render_template_string
from jinja2 import UndefinedError
from markupsafe import Markup

from chec.models import Stage
from tests.client import check_html

pytestmark = pytest.mark.backend("sqlite")

FURNITURE = """
{% from "components/page.html" import breadcrumb, download_link, empty, heading, inset, link_button,
   stage_tag, tag, warning %}
{% from "components/figures.html" import figure, figures %}
{% from "components/charts.html" import chart %}
{% from "components/tables.html" import table_region %}
{{ breadcrumb([("Portfolio", "/"), ("Not there yet", none)]) }}
{{ heading(text, caption=text) }}
{% call inset() %}{{ text }}{% endcall %}
{% call warning("The bank is overdrawn") %}<p>{{ text }}</p>{% endcall %}
{% call empty(text) %}<p>Begin.</p>{% endcall %}
{% for stage in stages %}{{ stage_tag(stage) }}{% endfor %}
{{ tag(text, "blue") }}{{ download_link("/file") }}{{ link_button(text, "/do") }}
{% call figures() %}
  {{ figure("Raised", 125000000 | pounds(whole=true), "/made-of", note=text) }}
  {{ figure("IRR", none, note="Nothing has come back yet.") }}
{% endcall %}
{{ chart(text, svg, text, ["Year", "Pounds"], [["2025", "1"], ["2026", text]]) }}
{{ chart("No drawing", none, text, ["Year"], []) }}
{% call table_region(text) %}<table><tr><td>{{ text }}</td></tr></table>{% endcall %}
"""


@pytest.fixture
def page(app: Flask) -> Iterator[Flask]:
    with app.test_request_context("/"):
        yield app


def test_every_template_can_be_read(page: Flask) -> None:
    ours = [name for name in page.jinja_env.list_templates() if "/" in name]
    own = [name for name in ours if name.split("/")[0] not in {"nhsuk"}]
    assert "layouts/page.html" in own
    for name in own:
        page.jinja_env.get_template(name)


def test_the_furniture_is_valid_and_escapes_what_it_shows(page: Flask) -> None:
    nasty = "<script>alert('x')</script> & \\"
    svg = Markup('<svg role="img"><title>Money</title></svg>')
    html = render_template_string(FURNITURE, text=nasty, stages=list(Stage), svg=svg)
    check_html(html, part=True)
    assert "<script" not in html
    assert "£1,250,000" in html
    assert "<svg" in html
    assert "The chart could not be drawn." in html
    assert "Not there yet" not in html


def test_a_name_that_is_not_there_is_an_error_in_our_templates(page: Flask) -> None:
    with pytest.raises(UndefinedError):
        render_template_string("{{ centre.nmae }}", centre={})
    with pytest.raises(UndefinedError):
        render_template_string("{{ forgotten }}")


def test_text_in_a_macro_of_others_is_escaped_too(page: Flask) -> None:
    html = render_template_string(
        '{% from "nhsuk/components/tag/macro.jinja" import tag %}{{ tag({"text": "<b>x</b>"}) }}'
    )
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ 125050 | pounds }}", "£1,250.50"),
        ("{{ -100 | pounds(whole=true) }}", "−£1"),
        ("{{ day | date }}", "1 November 2026"),
        ("{{ day | short_date }}", "1 Nov 2026"),
        ("{{ moment | moment }}", "1 July 2026 at 00:30"),
        ("{{ moment | date }}", "1 July 2026"),
        ("{{ 0.125 | percent }}", "12.5%"),
        ("{{ -0.0345 | percent(2) }}", "−3.45%"),
        ("{{ 1.4159 | multiple }}", "1.42×"),
        ("{{ 42 | reference('transfer') }}", "T-0042"),
        ("{{ 'spin-out' | sentence_case }}", "Spin-out"),
    ],
)
def test_figures_are_written_as_people_read_them(page: Flask, template: str, shown: str) -> None:
    moment = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert render_template_string(template, day=date(2026, 11, 1), moment=moment) == shown
