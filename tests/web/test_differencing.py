"""An investor fetches all there is, page by page and file by file, and compares."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from chec.actions.clawbacks import claw_back
from chec.evidence.disclosure import LEAST_SHOWN, ShownCut
from chec.finance.periods import Quarter
from chec.models import Cause, Centre, Claim, Organisation, Role, User, Venture
from chec.models.references import reference
from chec.permissions import MAY, Action
from chec.seeding.files import moment
from chec.web.access import Access, declared_access
from tests import builders
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.client import Client, soup
from tests.disclosure_attack import ENOUGH, PRICE_PENCE, at_the_price, left_possible
from tests.jobs.ledgers import run_of
from tests.quarters import claimed, closed

VENTURES = ("Asthma at home", "Bone clinic", "Copper ward", "Diabetes van", "Eye bus", "Falls team")
PEOPLE: Mapping[Quarter, tuple[int, ...]] = {
    Quarter(2024, 1): (7, 8, 8, 23, 0, 101),
    Quarter(2024, 2): (7, 7, 7, 8, 7, 40),
    Quarter(2024, 3): (3, 0, 12, 200, 0, 0),
    Quarter(2024, 4): (1, 2, 0, 0, 3, 0),
    Quarter(2025, 1): (1, 13, 0, 90, 0, 14),
}
"""Quarters in which rounded counts, joined money or the order of size would tell a number."""
CONTRACT = "DEED-7"
PAYERS = ("Oak Board", "Ash Council")
OTHER_FUND = "Other Fund"
OF_OUTCOMES = (*VENTURES, *PAYERS, CONTRACT, OTHER_FUND, "M01", "CL-0", "REC-0")
"""What no page but the published one may name to an investor."""
MOST_ROWS = 130
"""More rows of any kind than there are."""

Act = Callable[[date], object]


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session, name="Rook Hill", opened_on=date(2024, 4, 1))


@pytest.fixture
def world(session: Session, engine: Engine, centre: Centre) -> None:
    """Each quarter of PEOPLE decided and closed; then money paid and taken back, and a run."""
    payers = [builders.a_payer(session, name=name) for name in PAYERS]
    ventures = [builders.a_venture(session, centre, name=name) for name in VENTURES]
    claims: dict[tuple[Quarter, str], Claim] = {}
    measures = (builders.a_measure(pence=PRICE_PENCE, clawback_days=2_000),)
    contract = builders.a_contract(session, centre, *payers, measures=measures, reference=CONTRACT)

    def decided(key: tuple[Quarter, str], payer: Organisation, on: date) -> None:
        actor = somebody_of(session, payer, at=moment(on))
        decide(session, claims[key], payer, actor=actor)

    def submitted(key: tuple[Quarter, str], venture: Venture, people: int, on: date) -> None:
        claims[key] = claimed(session, contract, venture, on=on, people=people)
        decided(key, payers[0], on)

    def closes(quarter: Quarter, on: date) -> None:
        closed(session, centre, quarter.starts_on, on=on)

    def acts() -> Iterator[tuple[date, Act]]:
        """In every other quarter, the first payer had approved in the quarter before."""
        for quarter, counts in PEOPLE.items():
            first = (quarter if quarter.number % 2 else quarter.previous()).last_day
            for venture, people in zip(ventures, counts, strict=True):
                key = quarter, venture.name
                if people:
                    yield first.replace(day=10), partial(submitted, key, venture, people)
                    yield quarter.last_day.replace(day=20), partial(decided, key, payers[1])
            yield quarter.ends_before.replace(day=25), partial(closes, quarter)

    for on, act in sorted(acts(), key=lambda each: each[0]):
        act(on)
    for claim in claims.values():
        pay(session, claim, payers[0], PRICE_PENCE // 2)
    back = claims[max(PEOPLE), VENTURES[0]]
    claw_back(
        session,
        somebody_of(session, payers[0]),
        part_of(session, back, payers[0]),
        line_of(session, back),
        record=None,
        units=1,
        reason="Did not hold",
        idempotency_key="back",
    )
    claims[max(PEOPLE).next(), VENTURES[1]] = claimed(
        session, contract, ventures[1], on=date(2025, 9, 1), people=2
    )
    for name in ("Own Fund", OTHER_FUND):
        investor = builders.an_investor(session, name=name)
        terms = builders.an_instrument(session, centre, investor)
        for cause in (Cause.DRAWDOWN, Cause.DISTRIBUTION):
            builders.a_transfer(
                session, centre, cause, instrument=terms, pence=20_000_000, on=date(2025, 9, 3)
            )
    session.commit()
    run_of(engine, centre, as_of=builders.NOW.date())


@pytest.fixture
def investor(session: Session, world: None) -> User:
    own = session.exec(select(Organisation).where(Organisation.name == "Own Fund")).one()
    user = builders.a_user(session)
    builders.a_membership(session, Role.INVESTOR, user=user, organisation=own)
    session.commit()
    return user


def every_answer(app: Flask, client: Client) -> dict[str, str]:
    """What an investor gets: every reference tried in every address, and every link followed."""
    app.extensions["chec_limiter"].enabled = False  # an attacker has time
    tried = set(_addresses(app))
    waiting, answers = list(tried), {}
    while waiting:
        response = client.get(path := waiting.pop())
        if response.status_code == 200:
            answers[path] = response.text
            found = set(_links(response)) - tried
            waiting += found
            tried |= found
    return answers


def _addresses(app: Flask) -> Iterator[str]:
    """Of every page that is open to investors, with every key that there may be."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            access = declared_access(app, rule.endpoint)
            for_roles = MAY[access] if isinstance(access, Action) else ()
            is_open = access is Access.SIGNED_IN or Role.INVESTOR in for_roles
            if "GET" in (rule.methods or ()) and is_open:
                names = rule.arguments - {"centre_id"}
                for key in range(1, MOST_ROWS) if names else [1]:
                    told: dict[str, Any] = dict.fromkeys(names, key)
                    told |= {"centre_id": 1} if "centre_id" in rule.arguments else {}
                    yield app.url_for(rule.endpoint, **told)


def _links(response: TestResponse) -> Iterator[str]:
    for link in soup(response).select("a[href]"):
        address = urlsplit(str(link["href"]))
        if not address.netloc and address.path.startswith("/"):
            yield f"{address.path}?{address.query}" if address.query else address.path


def test_what_an_investor_can_fetch_names_no_outcome_but_the_published_ones(
    app: Flask, client: Client, centre: Centre, investor: User
) -> None:
    client.sign_in(investor)
    answers = every_answer(app, client)
    published = {path for path in answers if path.partition("?")[0].startswith(address(centre))}
    own = {path.split("/")[1] for path in answers.keys() - published}
    assert {"centres", "returns", "transfers"} <= own
    assert {f"{address(centre)}?page=2", f"{address(centre)}/outcomes.csv"} <= published
    for path in answers.keys() - published:
        text = answers[path]
        assert [word for word in OF_OUTCOMES if word in text] == [], path


def test_nobody_can_work_out_a_small_number_from_what_is_published(
    client: Client, centre: Centre, investor: User
) -> None:
    client.sign_in(investor)
    on_pages = [*cells_of_page(client, centre, 1), *cells_of_page(client, centre, 2)]
    in_file = cells_of_file(client, centre)
    assert on_pages == in_file
    hidden = 0
    for quarter, counts in PEOPLE.items():
        people = {name: count for name, count in zip(VENTURES, counts, strict=True) if count}
        cut = at_the_price(people)
        shown = [cell for cell in in_file if cell.quarter == quarter.code]
        assert shown == list(cells_of(quarter, cut))
        for name, count in people.items():
            if count < LEAST_SHOWN:
                hidden += 1
                assert Shown(quarter.code, name, "*", "") in shown
                assert len(left_possible(people, name, cut)) >= ENOUGH, (quarter, name)
    assert hidden == 10


class Shown(NamedTuple):
    """A line of a quarter; money in pounds, empty where none is shown."""

    quarter: str
    venture: str
    people: str
    pounds: str


def cells_of(quarter: Quarter, cut: ShownCut) -> Iterator[Shown]:
    """What ought to be shown."""
    for part in (*cut.parts, cut.total):
        is_total = part is cut.total
        if part.is_joined and not is_total:
            yield from (Shown(quarter.code, name, "*", "") for name in part.names)
        if is_total or not part.is_joined or part.pence is not None:
            name = "all ventures" if is_total else " + ".join(part.names)
            pounds = "" if part.pence is None else str(part.pence // 100)
            yield Shown(quarter.code, name, part.people, pounds)


def cells_of_file(client: Client, centre: Centre) -> list[Shown]:
    text = client.get(f"{address(centre)}/outcomes.csv").text.removeprefix("\ufeff")
    return [
        Shown(row["quarter"], row["venture"], row["people"], row["pounds"].removesuffix(".00"))
        for row in csv.DictReader(io.StringIO(text))
    ]


def cells_of_page(client: Client, centre: Centre, number: int) -> Iterator[Shown]:
    main = soup(client.get(f"{address(centre)}?page={number}")).select_one("main")
    assert main
    for title, table in zip(main.select("h2"), main.select("table"), strict=True):
        year, quarter = title.get_text().split()[:2]
        code = f"{year[:4]}-{quarter}"
        for row in table.select("tbody tr, tfoot tr"):
            cells = [each.get_text("|", strip=True) for each in row.select("th, td")]
            name, people, pounds, _each = cells
            name = name.removeprefix("Together|").replace(", ", " + ")
            name = "all ventures" if name == "All ventures" else name
            yield Shown(code, name, people.replace(",", ""), re.sub(r"\D", "", pounds))


def address(centre: Centre) -> str:
    return f"/centres/{reference('centre', centre.id)}/outcomes"
