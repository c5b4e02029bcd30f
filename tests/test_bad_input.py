"""Bad values in every field of every form and every parameter of every address, by every role.

Which fields there are is learned from what the application asks of a request, so that a new field
is tried too. Never a 500, never an echo that a browser would take for markup, never a change by a
request that only reads or was refused.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from flask import Flask, request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from chec.models import Role
from tests.access_world import Whose, World, world
from tests.client import Client
from tests.test_access_table import OPEN_TO_ALL, TABLE, Asker, answers
from tests.web.test_invitations import an_invitation

__all__ = ["world"]  # the rows that the access table asks about

MARKUP = "zq<b onload=alert(1)>\"'&zq"
TEMPLATE = "{{ 'zq' * 3 }}"
NASTY: dict[str, list[str]] = {
    "empty": [""],
    "blank": [" \t\r\n "],
    "endless": ["x" * 100_000],
    "NUL": ["a\0b"],
    "a lone surrogate": ["a\ud800b"],
    "right to left": ["\u202eabc\u202c\u200f"],
    "not in Unicode": ["a\uffff\ufdd0"],
    "SQL": ["' OR 1=1; DROP TABLE transfer; --"],
    "a template": [TEMPLATE],
    "markup": [MARKUP],
    "negative": ["-1"],
    "huge": ["9" * 30],
    "beyond 32 bits": ["2147483648"],
    "no number": ["NaN"],
    "a fraction": ["1e999"],
    "another key": ["1"],
    "another reference": ["C-0002"],
    "no such reference": ["CL-999999999"],
    "repeated": ["1", MARKUP, "-1"],
    "a list": ["[]"],
    "a formula": ["=cmd|' /C calc'!A0"],
    "a path": ["../../../../etc/passwd"],
    "other digits": ["١٢٣"],
    "lines": ["a\r\nSet-Cookie: zq=1\r\n\r\nb"],
}
_REFUSALS_ARE_RECORDED = {"audit_event", "audit_subject", "audit_head"}
_EVERY_TABLE = [
    f"SELECT * FROM {each.name}"
    for each in SQLModel.metadata.sorted_tables
    if each.name not in _REFUSALS_ARE_RECORDED
]
_REFUSED = 400


class Door(NamedTuple):
    """One way in: a route by one of its methods."""

    endpoint: str
    method: str


class Asked(NamedTuple):
    """What a door asks of a request: names in the address, in the form, and of files."""

    address: set[str]
    form: set[str]
    files: set[str]


class Listening(ImmutableMultiDict[str, Any]):
    """Remembers what it was asked for."""

    names: set[str]

    def _heard(self, key: object) -> None:
        if isinstance(key, str):
            self.names.add(key)

    def __getitem__(self, key: str) -> Any:
        self._heard(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._heard(key)
        return super().__contains__(key)

    def get(self, key: str, *args: Any, **options: Any) -> Any:
        self._heard(key)
        return super().get(key, *args, **options)

    def getlist(self, key: str, *args: Any) -> Any:
        self._heard(key)
        return super().getlist(key, *args)


class Visitor:
    """Goes through doors with values of its choice, and watches what comes back."""

    def __init__(self, app: Flask, engine: Engine, world: World) -> None:
        self.app, self.engine, self.world = app, engine, world
        self.asked: dict[Door, Asked] = defaultdict(lambda: Asked(set(), set(), set()))
        self.clients: dict[Role | None, Client] = {}
        app.config.update(RATELIMIT_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
        app.testing = False  # an error is a page then, as it would be
        app.before_request(self._listen)
        for role, user in world.people.items():
            self.clients[role] = _a_client(app)
            self.clients[role].sign_in(user)
        self.before = self.state()

    def _listen(self) -> None:
        # After the application has looked at what came in and taken out what may not.
        asked = self.asked[Door(request.endpoint or "", request.method)]
        for part, names in (("args", asked.address), ("form", asked.form), ("files", asked.files)):
            heard = Listening(getattr(request, part))
            heard.names = names
            setattr(request, part, heard)

    def doors(self, role: Role | None, whose: Whose = Whose.OWN) -> Iterator[Door]:
        """Those that open to the role, and are not refused whatever the values."""
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                if rule.endpoint in TABLE:
                    right = answers(self.app, rule.endpoint, method, role, whose)
                    if not right <= {403, 404}:
                        yield Door(rule.endpoint, method)

    def address_of(self, door: Door, role: Role | None, whose: Whose) -> str:
        values = TABLE[door.endpoint].values(self.world.rows[whose], role or Role.DIRECTOR)
        with self.app.test_request_context():
            return self.app.url_for(door.endpoint, **values)

    def plausible(self, door: Door, role: Role | None) -> dict[str, list[str]]:
        """What somebody would send: the page's own values, and something sensible in the rest."""
        page = self.clients[role].get(self.address_of(door, role, Whose.OWN))
        sent: dict[str, list[str]] = {}
        for field in BeautifulSoup(page.text, "html.parser").select("form [name]"):
            name = str(field["name"])
            if name != "csrf_token" and name not in sent:
                sent[name] = [_sensible(field, name)]
        for name in self.asked[door].form - {"csrf_token", "change"}:
            sent.setdefault(name, [_of_its_name(name)])
        return sent

    def send(
        self, door: Door, role: Role | None, whose: Whose, sent: Mapping[str, list[str]]
    ) -> TestResponse:
        """The answer, looked at, to these fields: in the form of a POST, else in the address."""
        client, address = self.clients[role], self.address_of(door, role, whose)
        answer = self.knock(client, door, address, sent)
        if (answer.location or "").startswith("/login"):  # it has signed itself out
            client.sign_in(self.world.people[role])
            self.before = self.state()
        return answer

    def knock(
        self, client: Client, door: Door, address: str, sent: Mapping[str, list[str]]
    ) -> TestResponse:
        """The answer at this address, looked at; only what is done here changes anything."""
        before = self.before
        if door.method == "GET":
            answer = client.get(f"{address}?{_encoded(sent)}")
        elif self.asked[door].files:
            answer = client.post(address, data=_with_files(sent, self.asked[door].files))
        else:
            answer = client.post(
                address,
                data=_encoded(sent),
                content_type="application/x-www-form-urlencoded",
            )
        what = f"{door.method} {address[:99]}, {sent if len(str(sent)) < 999 else '…'}"
        assert answer.status_code < 500, f"{what}: {answer.status_code}"
        if answer.mimetype == "text/html":
            assert "zq<" not in answer.text, f"{what}: markup came back"
            assert "zqzqzq" not in answer.text, f"{what}: a template was filled in"
        assert not any(each.startswith("zq") for each in answer.headers.getlist("Set-Cookie")), what
        self.before = self.state()
        if door.method == "GET" or answer.status_code >= _REFUSED:
            assert self.before == before, f"{what}: {answer.status_code}, and something changed"
        return answer

    def state(self) -> int:
        """Stands for every row but those of the trail, in which refusals are recorded."""
        with self.engine.connect() as connection:
            return hash(str([connection.exec_driver_sql(each).fetchall() for each in _EVERY_TABLE]))


@pytest.mark.parametrize("role", Role)
def test_no_field_breaks_a_page_and_nothing_refused_changes_anything(
    app: Flask, engine: Engine, world: World, role: Role
) -> None:
    """Each field by itself, the rest plausible; each bad value once, as whoever may."""
    visitor = Visitor(app, engine, world)
    tried = 0
    # People last: somebody may lose a role there, or the way in.
    for door in sorted(visitor.doors(role), key=_is_about_people):
        sent = visitor.plausible(door, role) if door.method == "POST" else {}
        visitor.send(door, role, Whose.OWN, sent)
        asked = visitor.asked[door]
        names = asked.address if door.method == "GET" else asked.form | asked.files
        for place, name in enumerate(sorted(names)):
            for bad in list(NASTY.values())[place % 3 :: 3]:
                visitor.send(door, role, Whose.OWN, {**sent, name: bad})
                tried += 1
            left_out = {other: value for other, value in sent.items() if other != name}
            visitor.send(door, role, Whose.OWN, left_out)
    assert tried > 100  # a page that asks nothing would pass


_text = st.one_of(
    st.sampled_from([value for values in NASTY.values() for value in values]),
    st.text(max_size=30),
    st.integers().map(str),
    st.builds("{}{}".format, st.text(max_size=5), st.just(MARKUP)),
)


class Visit(NamedTuple):
    """Who comes, for whose row, through which door, with what in which of its fields."""

    role: Role | None
    whose: Whose
    door: int
    bad: list[tuple[int, list[str]]]


_visits = st.builds(
    Visit,
    role=st.sampled_from([*Role, None]),
    whose=st.sampled_from(Whose),
    door=st.integers(0, 999),
    bad=st.lists(st.tuples(st.integers(0, 99), st.lists(_text, max_size=3)), max_size=6),
)


@given(visit=_visits)
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_combination_of_fields_breaks_a_page(
    app: Flask, engine: Engine, world: World, visit: Visit
) -> None:
    """Several fields at once, own rows and others', also by those who may not come in."""
    visitor = app.extensions.get("visitor") or Visitor(app, engine, world)
    app.extensions["visitor"] = visitor
    doors = _every_door(app)
    door = doors[visit.door % len(doors)]
    sent: dict[str, list[str]] = {}
    if door.method == "POST" and door in set(visitor.doors(visit.role)):
        sent = visitor.plausible(door, visit.role)
    asked = visitor.asked[door]
    names = sorted(asked.address | asked.form | asked.files | set(sent)) or ["page"]
    wrong = {names[place % len(names)]: values for place, values in visit.bad}
    visitor.send(door, visit.role, visit.whose, {**sent, **wrong})


@pytest.mark.parametrize("bad", NASTY.values(), ids=NASTY)
def test_nobody_signed_out_breaks_the_pages_that_are_open_to_all(
    app: Flask, engine: Engine, session: Session, bad: list[str]
) -> None:
    """Behind a link that opens something, too, and behind one that is `bad`."""
    sent = an_invitation(session)
    session.commit()
    visitor = Visitor(app, engine, World({}, {}))
    client = _a_client(app)
    token = BeautifulSoup(client.get("/login").text, "html.parser").select_one("[name=csrf_token]")
    assert token
    plausible = {"csrf_token": [str(token["value"])], "email": ["somebody@chec.example"]}
    for door, address in _open_doors(
        app, tokens=(sent.token, quote(bad[0][:999], safe="", errors="surrogatepass"))
    ):
        visitor.knock(client, door, address, plausible)  # to learn what it asks for
        asked = visitor.asked[door]
        for name in asked.address if door.method == "GET" else asked.form | {"csrf_token"}:
            visitor.knock(client, door, address, {**plausible, name: bad})
    assert "password" in visitor.asked[Door("invitations.accept", "POST")].form


def _open_doors(app: Flask, tokens: Sequence[str]) -> Iterator[tuple[Door, str]]:
    """Those that open to all, and where they are with each of the tokens."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            if rule.endpoint in OPEN_TO_ALL - {"static"}:
                before, open_at, after = rule.rule.partition("<token>")
                places = [f"{before}{token}{after}" for token in tokens] if open_at else [before]
                yield from ((Door(rule.endpoint, method), place) for place in places)


def _is_about_people(door: Door) -> bool:
    return door.endpoint.split(".")[0] in {"account", "invitations", "people", "roles", "security"}


def _a_client(app: Flask) -> Client:
    """Reads no page with care, which takes its time: other tests do."""
    app.test_client_class = Asker
    return cast(Client, app.test_client())


def _every_door(app: Flask) -> list[Door]:
    return [
        Door(rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint in TABLE and rule.endpoint not in OPEN_TO_ALL
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def _encoded(sent: Mapping[str, list[str]]) -> str:
    return "&".join(
        f"{_quoted(name)}={_quoted(value)}" for name, values in sent.items() for value in values
    )


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _with_files(sent: Mapping[str, list[str]], files: set[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, values in sent.items():
        clean = [value.encode("utf-8", "replace").decode() for value in values]
        if name in files:
            # Both what is in a file and what it is called may be bad.
            name_of = [value[:200].replace("\r", "").replace("\n", "") for value in clean]
            told[name] = [
                (io.BytesIO(value.encode()), called or "x.csv")
                for value, called in zip(clean, name_of, strict=True)
            ]
        else:
            told[name] = clean
    return told


def _sensible(field: Any, name: str) -> str:
    if field.name == "select":
        options = [str(each.get("value", each.text)) for each in field.select("option")]
        return next((value for value in reversed(options) if value), "")
    if field.name == "textarea":
        return field.text or _of_its_name(name)
    return str(field.get("value") or "") or _of_its_name(name)


def _of_its_name(name: str) -> str:
    endings = {"day": "5", "month": "5", "year": "2026", "pounds": "125.00", "on": "2026-05-05"}
    return next((value for end, value in endings.items() if name.endswith(end)), "Some words")
