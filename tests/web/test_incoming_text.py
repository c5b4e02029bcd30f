"""What text may come in."""

import io
from typing import cast

import pytest
from flask import Flask, Response, request
from sqlmodel import Session, select
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from chec.evidence.nhs_number import REFUSAL
from chec.models import AuditEvent
from chec.web.access import open_to_all
from chec.web.forms.base import FilterForm, Form
from chec.web.incoming_text import LONGEST, TOO_LONG, UNREADABLE
from tests.client import Client, soup

pytestmark = pytest.mark.backend("sqlite")

# Test numbers that pass modulus 11 and are nobody's.
NUMBER = "943 476 5919"
DIGITS = "9434765919"


class NoteForm(Form):
    memo = TextAreaField("Memo", [InputRequired("Enter a memo.")])


class SearchForm(FilterForm):
    text = StringField("Text")


@pytest.fixture
def page(app: Flask) -> Client:
    """Pages that ask a form, and one that asks none; what a view read is in `app.config`."""
    app.config.update(WTF_CSRF_ENABLED=False, READ=[])

    def with_form() -> Response:
        form = NoteForm()
        good = form.validate_on_submit()
        app.config["READ"].append(form.memo.data)
        return Response(str(form.errors), 200 if good else 422, content_type="text/plain")

    def with_filter() -> Response:
        form = SearchForm()
        good = form.validate()
        return Response(str(form.errors), 200 if good else 422, content_type="text/plain")

    def without_form() -> Response:
        app.config["READ"] += [*request.values.values(), *request.files]
        return Response("done", content_type="text/plain")

    add = app.add_url_rule
    add("/note", view_func=open_to_all(with_form), endpoint="note", methods=["POST"])
    add("/search", view_func=open_to_all(with_filter), endpoint="search")
    add("/bare", view_func=open_to_all(without_form), endpoint="bare", methods=["GET", "POST"])
    return cast(Client, app.test_client())


@pytest.mark.parametrize(
    "text", [NUMBER, DIGITS, f"Ring {NUMBER} tomorrow", "９４３４７６５９１９"]
)
def test_a_form_says_at_its_field_that_an_nhs_number_may_not_be_entered(
    page: Client, text: str
) -> None:
    response = page.post("/note", data={"memo": text})
    assert response.status_code == 422
    assert response.text == str({"memo": [REFUSAL]})


def test_a_filter_says_it_at_its_field(page: Client) -> None:
    response = page.get("/search", query_string={"text": NUMBER})
    assert (response.status_code, response.text) == (422, str({"text": [REFUSAL]}))


def test_where_no_form_asks_a_page_names_the_field(page: Client) -> None:
    for response in (
        page.post("/bare", data={"patient_note": NUMBER}),
        page.get("/bare", query_string={"patient_note": NUMBER}),
        page.post("/bare", data={"patient_note": (io.BytesIO(b"x"), f"{DIGITS}.csv")}),
        page.post("/bare", data={"patient_note": ["fine", NUMBER]}),
        page.post("/note", data={"memo": "fine", "patient_note": NUMBER}),
    ):
        assert response.status_code == 422
        assert f"Patient note: {REFUSAL}" in soup(response).text


def test_an_nhs_number_as_the_name_of_a_field_is_refused(page: Client) -> None:
    response = page.post("/bare", data={DIGITS: "x"})
    assert response.status_code == 422
    assert "A field: " in response.text


@pytest.mark.parametrize(
    "address", [f"/{DIGITS}", "/centres/943%20476%205919", "/bare/943-476-5919"]
)
def test_an_nhs_number_in_the_address_is_refused(page: Client, address: str) -> None:
    assert page.get(address).status_code == 422


def test_an_nhs_number_is_refused_as_an_email_address(page: Client, session: Session) -> None:
    response = page.post("/login", data={"email": f"{DIGITS}@nhs.example", "password": "secret"})
    assert response.status_code == 422
    assert REFUSAL in soup(response).text
    assert DIGITS not in response.text


def test_a_refused_number_is_neither_read_nor_shown_nor_kept(
    page: Client, app: Flask, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    page.post("/note", data={"memo": NUMBER})
    answers = [
        page.post("/bare", data={"memo": NUMBER, NUMBER: "x"}).text,
        page.get("/bare", query_string={"memo": NUMBER}).text,
        page.get(f"/{DIGITS}").text,
    ]
    seen = " ".join([*answers, str(app.config["READ"]), caplog.text])
    kept = " ".join(str(row.model_dump()) for row in session.exec(select(AuditEvent)))
    for text in (NUMBER, DIGITS):
        assert text not in seen + kept


def test_a_number_with_its_prefix_is_let_through(page: Client, app: Flask) -> None:
    assert page.post("/note", data={"memo": f"Order PO-{DIGITS}"}).status_code == 200
    assert app.config["READ"] == [f"Order PO-{DIGITS}"]


def test_a_password_and_the_tokens_may_look_like_anything(page: Client) -> None:
    tokens = {"csrf_token": NUMBER, "idempotency_key": NUMBER, "password": NUMBER}
    assert page.post("/bare", data=tokens).text == "done"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\x00b", UNREADABLE),
        ("a\x85b", UNREADABLE),
        ("a\ufffeb", UNREADABLE),
        ("a" * (LONGEST + 1), TOO_LONG),
        ("9" * 100_000, TOO_LONG),
    ],
    ids=["NUL", "control", "no character", "too long", "endless digits"],
)
def test_text_that_cannot_be_kept_is_refused_at_its_field(
    page: Client, text: str, why: str
) -> None:
    assert page.post("/note", data={"memo": text}).text == str({"memo": [why]})
    assert page.post("/bare", data={"memo": text}).status_code == 422


def test_half_of_a_surrogate_pair_does_no_harm(page: Client) -> None:
    body = "memo=%ED%A0%80&%ED%A0%80=x"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert page.post("/note", data=body, headers=headers).status_code in {200, 422}
    assert page.get("/%ED%A0%80").status_code == 404
    assert page.get("/search?text=%ED%A0%80").status_code in {200, 422}
    assert page.post("/note", data=b"memo=\xff", headers=headers).status_code == 422


def test_lines_and_tabs_are_text(page: Client) -> None:
    assert page.post("/note", data={"memo": "One\r\n\tTwo"}).status_code == 200


def test_text_that_would_not_be_searched_is_not_taken(page: Client) -> None:
    for kind in ("application/json", "text/plain", "application/xml"):
        response = page.post("/bare", data=DIGITS, content_type=kind)
        assert response.status_code == 415, kind


def test_more_than_a_form_may_hold_is_refused(page: Client) -> None:
    assert page.post("/note", data={"memo": "x" * 2_000_000}).status_code == 413
    many = {f"field{number}": "x" for number in range(1100)}
    assert page.post("/note", data=many, content_type="multipart/form-data").status_code == 413
