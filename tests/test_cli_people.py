"""The way into an empty installation, as it is typed."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlmodel import Session, select

from chec.cli import main
from chec.models import Centre, Invitation, Membership, Role
from tests import builders
from tests.client import Client, soup

Chec = Callable[..., Result]


@pytest.fixture
def chec(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chec:
    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    monkeypatch.setenv("CHEC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHEC_PUBLIC_URL", "http://localhost")
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def invite(chec: Chec, email: str = "ada@chec.example", **options: str) -> Result:
    given = {"name": "Ada Min", "role": "administrator", "centre": "C-0001"} | options
    return chec("invite", email, *(part for key in given for part in (f"--{key}", given[key])))


def test_from_an_empty_installation_to_an_administrator_who_signs_in(
    chec: Chec, app: Flask, session: Session
) -> None:
    opened = chec("centre", "open", "Wren Valley", "--opened-on", "2026-04-01")
    assert (opened.exit_code, opened.output) == (0, "C-0001  Wren Valley\n")
    invited = invite(chec)
    assert invited.exit_code == 0
    assert invited.output.startswith("Ada Min is invited as administrator of Wren Valley.")
    [address] = re.findall(r"^http://localhost(/invitations/\S+)$", invited.output, re.MULTILINE)
    client = cast(Client, app.test_client())
    field = soup(client.get(address)).select_one("input[name=csrf_token]")
    assert field is not None
    data = {"csrf_token": field["value"], "password": "teapot lorry meadow"}
    assert client.post(address, data=data).status_code == 303
    held = session.exec(select(Membership)).one()
    assert (held.role, held.centre_id) == (Role.ADMINISTRATOR, 1)
    assert session.exec(select(Invitation)).one().invited_by_id is None


def test_a_link_that_was_lost_is_printed_anew(chec: Chec, session: Session) -> None:
    chec("centre", "open", "Wren Valley", "--opened-on", "2026-04-01")
    first, second = invite(chec), invite(chec)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output != second.output
    assert len(session.exec(select(Invitation)).all()) == 1


def test_whoever_has_an_account_gets_a_link_too(chec: Chec, session: Session) -> None:
    builders.a_centre(session, name="Wren Valley")
    builders.a_user(session, email="ada@chec.example")
    session.commit()
    done = invite(chec)
    assert done.output.startswith("Ada Min is invited as administrator of Wren Valley.")
    assert session.exec(select(Membership)).all() == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"email": "ada"}, "Give an email address"),
        ({"name": "943 476 5919"}, "NHS number"),
        ({"centre": "C-0002"}, "Say which centre is meant"),
        ({"role": "investor"}, "'investor' is not one of"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    chec: Chec, session: Session, options: dict[str, str], says: str
) -> None:
    builders.a_centre(session)
    session.commit()
    refused = invite(chec, **options)
    assert refused.exit_code != 0
    assert says in refused.output
    assert session.exec(select(Invitation)).all() == []


def test_a_centre_that_cannot_be_opened_is_refused_in_words(chec: Chec, session: Session) -> None:
    builders.a_centre(session, name="Wren Valley")
    session.commit()
    for name, day in (("wren valley", "2026-04-01"), ("", "2026-04-01"), ("East", "1 April")):
        assert chec("centre", "open", name, "--opened-on", day).exit_code != 0
    assert len(session.exec(select(Centre)).all()) == 1
