"""Fields of our own, and how they are drawn."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, render_template_string
from werkzeug.datastructures import MultiDict
from wtforms import (  # type: ignore[attr-defined]  # SelectChoice is newer than the stubs
    BooleanField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from chec.web.forms.base import FilterForm, Form
from chec.web.forms.fields import DayField, IdempotencyField, MoneyField, read_day
from chec.web.forms.nhs import macro_of
from tests.client import check_html

pytestmark = pytest.mark.backend("sqlite")

CHOICES = [SelectChoice("a", "First"), SelectChoice("b", "Second")]
PAGE = """
{% from "components/forms.html" import error_summary, field, form_for %}
{{ error_summary(form) }}
{% call form_for(form, "Send", variant="warning") %}
  {% for each in form if each.name != "idempotency_key" %}{{ field(each) }}{% endfor %}
{% endcall %}
"""


class EveryKind(Form):
    amount = MoneyField("Amount", [InputRequired("Enter the amount.")])
    paid_on = DayField("Day of payment", [InputRequired("Enter the day.")], description="As paid.")
    memo = TextAreaField("Memo")
    name = StringField("Name")
    kind = SelectField("Kind", choices=CHOICES)
    choice = RadioField("Choice", choices=CHOICES)
    sure = BooleanField("I am sure")
    idempotency_key = IdempotencyField()


def filled(app: Flask, **fields: Any) -> EveryKind:
    """The form with what was typed; asked for validity."""
    good = {
        "amount": "1,250.50",
        "paid_on-day": "21",
        "paid_on-month": "11",
        "paid_on-year": "2026",
        "kind": "a",
        "choice": "b",
        "idempotency_key": "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
    }
    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context("/", method="POST"):
        form = EveryKind(formdata=MultiDict({**good, **fields}))
        form.validate()
        return form


def drawn(app: Flask, form: Form) -> str:
    with app.test_request_context("/"):
        html = render_template_string(PAGE, form=form)
    check_html(html, part=True)
    return html


def test_an_amount_is_whole_pence(app: Flask) -> None:
    assert filled(app).amount.data == 125_050


@pytest.mark.parametrize("text", ["1,250.5", "£1e3", "-5", "0", "1.005", "  ", "=1+1"])
def test_an_amount_that_cannot_be_read_says_why_and_stays_as_typed(app: Flask, text: str) -> None:
    form = filled(app, amount=text)
    assert len(form.amount.errors) == 1
    assert form.amount.data is None
    assert form.amount._value() == text


def test_a_day_is_read_from_its_three_inputs(app: Flask) -> None:
    assert filled(app).paid_on.data == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("day", "month", "year", "why"),
    [
        ("31", "2", "2026", "February 2026 has no day 31."),
        ("29", "2", "2025", "February 2025 has no day 29."),
        ("0", "2", "2026", "February 2026 has no day 0."),
        ("1", "13", "2026", "The month must be a number from 1 to 12."),
        ("1", "2", "26", "The year must be four digits from 1948 to 2199."),
        ("1", "2", "9999", "The year must be four digits from 1948 to 2199."),
        ("1", "", "2026", "The date needs a month."),
        ("1", "", "", "The date needs a month and a year."),
        ("first", "2", "2026", "Write the day in digits, as in 27 3 2026."),
        ("1", "2", "²026", "Write the year in digits, as in 27 3 2026."),
        ("1", "-2", "2026", "Write the month in digits, as in 27 3 2026."),
        ("9" * 5000, "2", "2026", "Write the day in digits, as in 27 3 2026."),
    ],
)
def test_a_day_that_is_none_says_why(app: Flask, day: str, month: str, year: str, why: str) -> None:
    typed = {"paid_on-day": day, "paid_on-month": month, "paid_on-year": year}
    form = filled(app, **typed)
    assert form.paid_on.errors == [why]
    assert form.paid_on.typed == [day, month, year]


def test_a_day_that_was_left_out_is_asked_for(app: Flask) -> None:
    form = filled(app, **{"paid_on-day": "", "paid_on-month": "", "paid_on-year": " "})
    assert form.paid_on.errors == ["Enter the day."]
    assert read_day("", "", "") is None


def test_a_page_is_issued_with_a_token_of_its_own(app: Flask) -> None:
    with app.test_request_context("/"):
        first, second = EveryKind(), EveryKind()
    assert UUID(first.idempotency_key.data).version == 4
    assert first.idempotency_key.data != second.idempotency_key.data


@pytest.mark.parametrize("token", ["", "reversal:90", "{0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d}"])
def test_a_token_that_no_page_has_issued_is_refused(app: Flask, token: str) -> None:
    form = filled(app, idempotency_key=token)
    assert "out of date" in form.errors["idempotency_key"][0]


def test_the_token_stays_the_same_when_the_form_comes_back(app: Flask) -> None:
    form = filled(app, amount="nonsense")
    assert form.idempotency_key.data == "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"


def test_every_kind_of_field_is_drawn_with_its_label_and_what_was_typed(app: Flask) -> None:
    html = drawn(app, filled(app, name='<b>"bold"</b>', memo="Two\nlines"))
    for text in ("Amount", "Day of payment", "As paid.", "Memo (optional)", "Kind", "I am sure"):
        assert text in html
    for value in ('value="1,250.50"', 'value="21"', "Two\nlines", "&lt;b&gt;"):
        assert value in html
    assert "<b>" not in html


def test_a_filter_does_not_call_its_fields_optional(app: Flask) -> None:
    class Search(FilterForm):
        text = StringField("Text")

    with app.test_request_context("/?text=found"):
        form = Search()
        name, parameters = macro_of(form.text, {"width": 10})
    assert name == "input"
    assert parameters["label"] == {"text": "Text"}
    assert (parameters["value"], parameters["width"]) == ("found", 10)


def test_a_form_without_faults_has_no_error_summary(app: Flask) -> None:
    assert "There is a problem" not in drawn(app, filled(app))


def test_each_error_leads_to_the_first_input_of_its_field(app: Flask) -> None:
    form = filled(app, amount="", choice="z", **{"paid_on-day": "32"})
    html = drawn(app, form)
    for field in ("amount", "paid_on-day", "choice"):
        assert f'href="#{field}"' in html
        assert f'id="{field}"' in html
    assert "Enter the amount." in html
