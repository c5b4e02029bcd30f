"""Two worlds that differ only in rows that somebody may not see look the same to them.

Every page, file and part, with every row that is theirs and every row that is not, every filter and
every form that names one: the answers are the same, byte for byte. So another's row is as good as
not there, in lists, counts, sums, sorts, choices and messages too.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest
import time_machine
from bs4 import BeautifulSoup
from flask import Flask, request
from sqlalchemy import Engine, make_url
from sqlmodel import Session
from werkzeug.test import TestResponse

from chec.db import make_engine
from chec.models import Role, User
from chec.models.references import PREFIXES
from chec.permissions import MAY, Action
from chec.web.access import declared_access
from tests.access_world import Rows
from tests.client import Client, serving
from tests.row_worlds import Base, Others, publish, tell_base, tell_others
from tests.settings import settings_for
from tests.test_access_table import TABLE, Asker
from tests.test_bad_input import Listening

pytestmark = pytest.mark.backend("sqlite")

ANYHOW_ANOTHER = (
    re.compile(r'(?<=name="csrf_token")[^>]*'),
    re.compile(r'(?<=name="idempotency_key")[^>]*'),
    # One chain of events is of all centres, and every administrator is told where it ends.
    re.compile(r"(?<=The last event is number )[0-9]+"),
    re.compile(r'(?<=<td class="nhsuk-table__cell chec-number" role="cell">)[0-9]+(?=</td>)'),
    re.compile(r"^[0-9]+(?=,2026-)", re.MULTILINE),
    re.compile(r"\b[0-9a-f]{64}\b"),
)
"""What is not the same in two worlds, whatever is in them: tokens, and numbers of the trail."""
HEADERS = ("Location", "Content-Type", "Content-Disposition", "HX-Redirect", "HX-Refresh")
NOT_PROBED = {"page", "sort", "before", "after", "csrf_token", "idempotency_key", "confirmed"}
"""What names no row."""
SENSIBLE = {"day": "17", "month": "11", "year": "2026", "email": "new@chec.example", "investor": ""}
"""Where a form is empty; else `1`."""


class World:
    """One of the two, as one person comes to know it; `asked` are the fields that it reads."""

    def __init__(self, app: Flask, file: Path) -> None:
        self.app = app
        self._file, self._as_it_was = file, file.with_suffix(".before")
        self.asked: dict[str, set[str]] = defaultdict(set)
        app.config.update(RATELIMIT_ENABLED=False)
        app.extensions["chec_limiter"].enabled = False
        app.test_client_class = Asker
        app.before_request(self._listen)

    def begin_as(self, user: User) -> None:
        """Sign in; here it is put back to."""
        self.client = cast(Client, self.app.test_client())
        self.client.sign_in(user)
        _copy(self._file, self._as_it_was)

    def put_back(self) -> None:
        """To where it was after signing in."""
        self.app.extensions["chec_engine"].dispose()
        _copy(self._as_it_was, self._file)

    def _listen(self) -> None:
        for part in ("args", "form"):
            heard = Listening(getattr(request, part))
            heard.names = self.asked[f"{request.method} {request.endpoint}"]
            setattr(request, part, heard)

    def get(self, address: str, *, part: bool = False) -> TestResponse:
        return self.client.get(address, headers={"HX-Request": "true"} if part else {})


class Pair:
    """Both worlds, asked alike: what they answer differently is kept."""

    def __init__(self, without: World, with_others: World) -> None:
        self.without, self.with_others = without, with_others
        self.different: list[str] = []
        self.seen_count = 0

    def get(self, address: str, *, part: bool = False) -> TestResponse:
        """The answer of the world without the others."""
        answers = [each.get(address, part=part) for each in (self.without, self.with_others)]
        return self._compared(f"GET {address}", *answers)

    def post(self, address: str, sent: Mapping[str, str]) -> int:
        """The status of the answer; what it changes is put back."""
        worlds = (self.without, self.with_others)
        one, other = (each.client.post(address, data=sent) for each in worlds)
        if one.status_code < HTTPStatus.BAD_REQUEST:
            for world in worlds:
                world.put_back()
        return self._compared(f"POST {address} {sent}", one, other).status_code

    def _compared(self, what: str, one: TestResponse, other: TestResponse) -> TestResponse:
        self.seen_count += one.status_code == HTTPStatus.OK
        told, also = (_told_by(each) for each in (one, other))
        if told != also:
            first = next(pair for pair in zip(told, also, strict=False) if pair[0] != pair[1])
            self.different.append(f"{what}\n  without: {first[0]}\n  with:    {first[1]}")
        return one


def _told_by(answer: TestResponse) -> list[str]:
    headers = [f"{name}: {answer.headers.get(name)}" for name in HEADERS]
    body = answer.text
    if answer.status_code == HTTPStatus.SEE_OTHER:  # to something new, whose number is its own
        headers, body = [re.sub(r"-[0-9]{4,}", "-…", each) for each in headers], ""
    for another in ANYHOW_ANOTHER:
        body = another.sub("…", body)
    return [str(answer.status_code), *headers, *body.splitlines(), "the end"]


@pytest.fixture(autouse=True)
def at_noon() -> object:
    with time_machine.travel("2026-11-17 12:00Z", tick=False) as traveller:
        yield traveller


@pytest.mark.parametrize("role", Role)
def test_rows_that_are_not_to_be_seen_make_no_difference(
    session: Session, engine: Engine, tmp_path: Path, role: Role
) -> None:
    base = tell_base(session, engine)
    with ExitStack() as stack:
        others, pair = _two_worlds(stack, base, role, session, tmp_path)
        for endpoint, (own, *mixed) in _pages(pair.without.app, role, base, others, "GET"):
            part = TABLE[endpoint].part
            for address in (own, *mixed):
                pair.get(address, part=part)
            fields = pair.without.asked[f"GET {endpoint}"]
            for name, value in _naming(fields, others, every=3):
                pair.get(f"{own}?{urlencode({name: value})}", part=part)
        assert pair.seen_count > 5
        assert not pair.different, "\n\n".join(pair.different)


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.COMMISSIONER, Role.ADMINISTRATOR])
def test_forms_say_nothing_of_rows_that_are_not_to_be_seen(
    session: Session, engine: Engine, tmp_path: Path, role: Role
) -> None:
    base = tell_base(session, engine)
    with ExitStack() as stack:
        others, pair = _two_worlds(stack, base, role, session, tmp_path)
        answered = Counter[int]()
        for endpoint, (own, *_mixed) in _pages(pair.without.app, role, base, others, "POST"):
            if endpoint.startswith(("security.", "account.")):
                continue  # of the asker's own account
            sent = _filled_in(pair.without.client.get(own))
            pair.with_others.client.get(own)
            for name, value in _naming(set(sent), others, every=5):
                answered[pair.post(own, {**sent, name: value})] += 1
        assert answered[HTTPStatus.BAD_REQUEST] == answered[HTTPStatus.NOT_FOUND] == 0, answered
        assert answered[HTTPStatus.UNPROCESSABLE_ENTITY] > 5, answered
        assert not pair.different, "\n\n".join(pair.different)


def _filled_in(page: TestResponse) -> dict[str, str]:
    """What the form of the page sends, with something sensible where it is empty."""
    sent: dict[str, str] = {}
    for field in BeautifulSoup(page.text, "html.parser").select("main form [name]"):
        name, kind = str(field["name"]), field.get("type")
        if kind == "file" or name in sent or name == "csrf_token":
            continue
        options = [str(each["value"]) for each in field.select("option") if each.get("value")]
        told = options[0] if options else str(field.get("value", ""))
        sent[name] = told or SENSIBLE.get(name.rpartition("-")[2], "1")
    return sent


def _two_worlds(
    stack: ExitStack, base: Base, role: Role, session: Session, folder: Path
) -> tuple[Others, Pair]:
    """The world of `session`, served from copies: as it is, and with what `role` may not see."""
    user = session.get_one(User, base.people[role])
    source = make_url(str(session.get_bind().url)).database  # type: ignore[union-attr]
    session.commit()
    assert source
    files = [_copy(Path(source), folder / name) for name in ("without.db", "with.db")]
    engines = [make_engine(f"sqlite:///{file}") for file in files]
    others = tell_others(engines[1], base, role)
    for engine in engines:
        publish(engine, base)
        engine.dispose()
    apps = [
        stack.enter_context(serving(settings_for(f"sqlite:///{file}", file.with_suffix(""))))
        for file in files
    ]
    worlds = [World(app, file) for app, file in zip(apps, files, strict=True)]
    for world in worlds:
        _leave_traces(world, session.get_one(User, base.guest), base)
        world.begin_as(user)
    return others, Pair(*worlds)


def _leave_traces(world: World, guest: User, base: Base) -> None:
    """Somebody with roles in both centres is refused, and takes a file away."""
    client = cast(Client, world.app.test_client())
    client.sign_in(guest)
    centre = f"/centres/C-{base.rows.centre:04d}"
    assert client.get("/audit").status_code == HTTPStatus.FORBIDDEN
    assert client.get(f"{centre}/ledger/transfers.csv").status_code == HTTPStatus.OK


def _copy(source: Path, to: Path) -> Path:
    with sqlite3.connect(source) as one, sqlite3.connect(to) as other:
        one.backup(other)
    return to


def _pages(
    app: Flask, role: Role, base: Base, others: Others, method: str
) -> Iterator[tuple[str, Sequence[str]]]:
    """Every page that opens to the role, with its addresses: of own rows, of others', and mixed."""
    for rule in app.url_map.iter_rules():
        access = declared_access(app, rule.endpoint)
        is_open = not isinstance(access, Action) or role in MAY[access]
        if rule.endpoint in TABLE and method in (rule.methods or ()) and is_open:
            with app.test_request_context():
                found = [
                    app.url_for(rule.endpoint, **values)
                    for values in _values(rule.endpoint, role, base, others)
                ]
            yield rule.endpoint, list(dict.fromkeys(found))


def _values(endpoint: str, role: Role, base: Base, others: Others) -> Iterator[dict[str, Any]]:
    own = TABLE[endpoint].values(base.rows, role)
    yield own
    if "claim_id" in own:
        for claim_id in (base.rows.claim, base.rows.paid.claim, base.joint_claim):
            yield {**own, "claim_id": claim_id}
    if "contract_id" in own:
        yield {**own, "contract_id": base.joint_contract}
    for rows in others.rows:
        theirs = TABLE[endpoint].values(rows, role)
        yield theirs
        yield from ({**own, name: theirs[name]} for name in own)


def _naming(names: set[str], others: Others, *, every: int) -> Iterator[tuple[str, str]]:
    """These fields with others' rows, as references name them and as people do.

    Each field has every third of them, or so, beginning at another place.
    """
    told = [*_references(others.rows), *others.names]
    for place, name in enumerate(sorted(names - NOT_PROBED)):
        for value in told[place % every :: every]:
            yield name, value


def _references(rows: Sequence[Rows]) -> Iterator[str]:
    keys = {
        "centre": "centre",
        "venture": "venture",
        "organisation": "investor",
        "contract": "contract",
        "claim": "claim",
        "returns_run": "run",
    }
    for each in rows:
        for noun, name in keys.items():
            yield f"{PREFIXES[noun]}-{getattr(each, name):04d}"
        yield f"{PREFIXES['organisation']}-{each.payer:04d}"
        yield f"{PREFIXES['user']}-{each.member.user:04d}"
        yield f"{PREFIXES['transfer']}-{each.paid.transfer:04d}"
