"""What may be sent: how much, by whom, and files of which kind."""

import io
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session

from chec.models import Centre, ClaimState, Role
from tests import builders
from tests.client import Client, soup

pytestmark = pytest.mark.backend("sqlite")

KB, MB = 1024, 1024 * 1024
RECORDS = b"measure,person,achieved_on\nM01,p01,2025-05-06\n"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def director(client: Client, session: Session, centre: Centre) -> Client:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    client.sign_in(user)
    return client


@pytest.fixture
def upload(director: Client, session: Session, centre: Centre) -> str:
    """The address at which records are added to a draft."""
    payer = builders.a_payer(session)
    contract = builders.a_contract(session, centre, payer)
    claim = builders.a_claim(session, contract, state=ClaimState.DRAFT, counts={})
    session.commit()
    return f"/claims/CL-{claim.id:04d}/upload"


def test_only_a_csv_file_is_taken_as_records(director: Client, upload: str) -> None:
    for name in ("records.txt", "records", "records.csv.exe", "records.xlsx", "csv", "../.csv/x"):
        response = director.post(upload, data={"file": (io.BytesIO(RECORDS), name)})
        assert response.status_code == 422, name
        assert "Choose a CSV file: its name ends with .csv." in soup(response).text


def test_only_a_json_file_is_taken_as_a_contract(director: Client) -> None:
    for name in ("contract.txt", "contract.json.html", "contract"):
        data = {"file": (io.BytesIO(b"{}"), name)}
        response = director.post("/centres/C-0001/contracts/import", data=data)
        assert response.status_code == 422, name
        assert "Choose a JSON file: its name ends with .json." in soup(response).text


def test_what_is_inside_has_to_be_what_the_name_says(director: Client, upload: str) -> None:
    for content in (
        b"MZ\x90\x00\x03\x00",
        b"PK\x03\x04\x14\x00",
        b"\x89PNG\r\n\x1a\n\x00",
        b"measure,person,achieved_on\nM01,p\x0001,2025-05-06\n",
        b"measure,person,achieved_on\nM01,p\xff,2025-05-06\n",
        b"<html><script>alert(1)</script></html>",
    ):
        response = director.post(upload, data={"file": (io.BytesIO(content), "records.csv")})
        assert response.status_code == 422, content
        assert "Nothing was added" in soup(response).text
        assert "<script>alert" not in response.text


def test_a_name_is_only_a_name(director: Client, upload: str) -> None:
    for name in ("../../etc/cron.d/x.csv", "/etc/x.csv", "C:\\x.csv", "x\u202e.csv"):
        response = director.post(upload, data={"file": (io.BytesIO(RECORDS), name)})
        assert response.status_code in {303, 422}, name
        assert "cron.d" not in response.text


def test_a_form_takes_less_of_somebody_who_has_not_signed_in(
    client: Client, director: Client, upload: str, app: Flask
) -> None:
    stranger = app.test_client()
    for path in ("/login", upload, "/nowhere"):
        assert send(stranger, path, 255 * KB) != 413, path
        assert send(stranger, path, 257 * KB) == 413, path
    assert send(director, "/centres/C-0001/runs/new", 1000 * KB) != 413
    assert send(director, "/centres/C-0001/runs/new", 1025 * KB) == 413


def test_a_file_may_be_as_large_as_its_route_needs(director: Client, upload: str) -> None:
    for path, most in ((upload, 16 * MB), ("/centres/C-0001/contracts/import", 4 * MB)):
        assert send_file(director, path, most - 2 * KB) == 422, path
        assert send_file(director, path, most) == 413, path
    assert send_file(director, "/centres/C-0001/runs/new", 2 * MB) == 413


def test_who_signed_in_says_the_cookie_and_not_the_client(app: Flask, upload: str) -> None:
    stranger = app.test_client()
    stranger.set_cookie(app.config["SESSION_COOKIE_NAME"], "eyJfdXNlcl9pZCI6IngifQ.x.x")
    assert send_file(stranger, upload, MB) == 413


def test_a_form_of_a_million_fields_is_refused_at_once(director: Client) -> None:
    begun = time.process_time()
    fields = b"a=&" * 340_000
    assert director.post("/logout", data=fields, content_type=FORM).status_code == 413
    many = b"&".join(b"a%d=" % number for number in range(6_000))
    assert director.post("/logout", data=many, content_type=FORM).status_code == 413
    parts = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 15_000
    boundary = "multipart/form-data; boundary=x"
    assert director.post("/logout", data=parts, content_type=boundary).status_code == 413
    assert time.process_time() - begun < 10


def test_what_is_packed_is_not_unpacked(director: Client, upload: str) -> None:
    for packing in ("gzip", "deflate", "br", "x-unknown", "identity, gzip"):
        response = director.post(upload, data=b"x", headers={"Content-Encoding": packing})
        assert response.status_code == 415, packing


def send(client: FlaskClient, path: str, size: int) -> int:
    """The status of a form with so many bytes."""
    body = b"csrf_token=" + b"x" * (size - len(b"csrf_token="))
    return client.post(path, data=body, content_type=FORM).status_code


def send_file(client: FlaskClient, path: str, size: int) -> int:
    """The status of a file with so many bytes, which holds nothing of use."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="file.csv"\r\n\r\n'
    body = b"".join([head, b"\n" * size, b"\r\n--x--\r\n"])
    boundary = "multipart/form-data; boundary=x"
    return client.post(path, data=body, content_type=boundary).status_code
