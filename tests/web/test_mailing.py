"""Mail that a request sends, once it has done what the mail tells of."""

from pathlib import Path
from typing import cast

import pytest
from flask import Flask, Response
from pydantic import SecretStr

from chec.config import Settings
from chec.mail import Mail
from chec.web.access import open_to_all
from chec.web.browsers import browser_in_words
from chec.web.mailing import post
from tests.client import Client, serving
from tests.web.factors import mails, said

SOMEBODY = Mail("dee@chec.example", "Hello", "What happened.")


def a_client(
    app: Flask, *, status: int = 200, secretly: bool = False, if_refused: bool = False
) -> Client:
    """Of an application whose `/tell` posts a mail and answers with this status."""

    def tell() -> Response:
        post(SOMEBODY, secretly=secretly, if_refused=if_refused)
        return Response("told", status, content_type="text/plain")

    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/tell", view_func=open_to_all(tell), endpoint="tell", methods=["POST"])
    return cast(Client, app.test_client())


@pytest.mark.parametrize("secretly", [False, True])
def test_what_was_done_is_told_by_mail(app: Flask, settings: Settings, secretly: bool) -> None:
    a_client(app, secretly=secretly).post("/tell")
    assert mails(settings) == ["dee@chec.example\nWhat happened.\n"]


@pytest.mark.parametrize("secretly", [False, True])
@pytest.mark.parametrize("status", [400, 409, 422, 500])
def test_what_was_refused_is_not(
    app: Flask, settings: Settings, status: int, secretly: bool
) -> None:
    a_client(app, status=status, secretly=secretly).post("/tell")
    assert mails(settings) == []


def test_what_tells_of_a_refusal_is(app: Flask, settings: Settings) -> None:
    a_client(app, status=422, if_refused=True).post("/tell")
    assert len(mails(settings)) == 1


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("secretly", [False, True])
def test_a_mail_that_cannot_be_sent_changes_no_answer_and_names_nobody_in_the_log(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture, secretly: bool
) -> None:
    nowhere = settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:1")})
    with serving(nowhere) as app:
        client = a_client(app, secretly=secretly)
        assert client.post("/tell").status_code == 200
        told = said(client.get("/login"))
    assert ("could not be sent" in told) is not secretly
    assert "A mail could not be sent" in caplog.text
    for personal in (SOMEBODY.to, SOMEBODY.text):
        assert personal not in caplog.text


def test_a_secret_mail_waits_until_the_answer_has_gone_out(app: Flask, settings: Settings) -> None:
    client = a_client(app, secretly=True)
    answer = client.open("/tell", method="POST", buffered=False)
    assert next(iter(answer.response)) == b"told"
    assert mails(settings) == []
    answer.close()
    assert len(mails(settings)) == 1


@pytest.mark.parametrize(
    ("sent", "said_of_it"),
    [
        ("", ""),
        ("nonsense", ""),
        ("9434765919/1.0", ""),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like"
            " Gecko) Version/17.4 Safari/605.1.15",
            "Safari on Mac OS X",
        ),
        ("Mozilla/5.0 (" + "x" * 100_000, ""),
    ],
)
def test_a_browser_is_told_in_words(sent: str, said_of_it: str) -> None:
    assert browser_in_words(sent) == said_of_it
