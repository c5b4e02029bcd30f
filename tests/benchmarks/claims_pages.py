"""Pages of claims and contracts, and the inbox, each against its template on data in memory."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert
from sqlmodel import Session

from chec import database_schema
from chec.actions.contract_use import keep_use
from chec.app import create_app
from chec.db import make_engine, open_session
from chec.models import (
    Centre,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimRemoval,
    ClaimShare,
    ClaimState,
    Contract,
    DecisionLine,
    LineBasis,
    Organisation,
    PartState,
    RemovalStep,
    Role,
    User,
    Venture,
)
from tests import builders
from tests.benchmarks.pages import measure_page
from tests.settings import settings_for

SIZES = (100, 10_000)
REPEATS = 40
CONTRACTS, MEASURES, LINES = 4, 23, 3
FIRST_DAY = date(2022, 4, 1)
PAGES = (
    ("claims, director", "/centres/C-0001/claims", Role.DIRECTOR),
    ("claims waiting", "/centres/C-0001/claims?state=submitted&sort=age", Role.DIRECTOR),
    ("claim", "/claims/CL-0001", Role.DIRECTOR),
    ("contract", "/contracts/CN-0001", Role.DIRECTOR),
    ("contracts", "/centres/C-0001/contracts", Role.DIRECTOR),
    ("claims, commissioner", "/centres/C-0001/claims", Role.COMMISSIONER),
    ("inbox", "/inbox", Role.COMMISSIONER),
)


def report() -> None:
    """Print the table, on SQLite."""
    print("\nPages of claims, SQLite, medians of", REPEATS)
    print("| page | claims | queries | page, ms | template in memory, ms | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for claims in SIZES:
        with _centre_with(claims) as (app, people):
            for name, path, role in PAGES:
                cells = measure_page(app, people[role], path, REPEATS).cells
                print(f"| {name} | {claims:,} | {cells} |")


@contextmanager
def _centre_with(claims: int) -> Iterator[tuple[Flask, dict[Role, User]]]:
    """The application on a centre of so many claims, its director and a payer's commissioner."""
    with tempfile.TemporaryDirectory(prefix="chec-bench-") as folder:
        settings = settings_for(f"sqlite:///{folder}/chec.db", Path(folder))
        engine = make_engine(settings.url)
        database_schema.upgrade(engine)
        with open_session(engine, write=True) as session:
            people = _load(session, claims)
            session.commit()
        engine.dispose()
        app = create_app(settings)
        yield app, people
        app.extensions["chec_engine"].dispose()


def _load(session: Session, claims: int) -> dict[Role, User]:
    centre = builders.a_centre(session)
    payers = [builders.a_payer(session) for _ in range(2)]
    measures = tuple(builders.a_measure(f"M{n:02}", cap_units=10**6) for n in range(MEASURES))
    contracts = [
        builders.a_contract(session, centre, *payers, measures=measures) for _ in range(CONTRACTS)
    ]
    ventures = [builders.a_venture(session, centre) for _ in range(8)]
    session.flush()
    _insert_claims(session, claims, contracts, ventures, payers)
    for contract in contracts:
        keep_use(session, contract.id)
    return {
        Role.DIRECTOR: _somebody(session, Role.DIRECTOR, centre=centre),
        Role.COMMISSIONER: _somebody(session, Role.COMMISSIONER, organisation=payers[0]),
    }


def _somebody(
    session: Session,
    role: Role,
    *,
    centre: Centre | None = None,
    organisation: Organisation | None = None,
) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, role, user=user, centre=centre, organisation=organisation)
    return user


def _insert_claims(
    session: Session,
    claims: int,
    contracts: list[Contract],
    ventures: list[Venture],
    payers: list[Organisation],
) -> None:
    """Every other one has been approved, and half of these paid; by bulk, in the order of keys."""
    rows: dict[type, list[dict[str, Any]]] = {
        table: []
        for table in (
            *(Claim, ClaimLine, ClaimRemoval, ClaimShare),
            *(ClaimPart, ClaimDecision, DecisionLine),
        )
    }
    for number in range(1, claims + 1):
        contract, venture = contracts[number % CONTRACTS], ventures[number % len(ventures)]
        _add_claim(rows, number, contract, venture)
        for payer in payers:
            _add_part(rows, number, payer)
    for table, of_table in rows.items():
        session.execute(insert(table), of_table)


def _state(number: int) -> ClaimState:
    states = (ClaimState.SUBMITTED, ClaimState.APPROVED, ClaimState.SUBMITTED, ClaimState.PAID)
    return states[number % len(states)]


def _add_claim(
    rows: dict[type, list[dict[str, Any]]], number: int, contract: Contract, venture: Venture
) -> None:
    first = FIRST_DAY + timedelta(days=number % 1_000)
    rows[Claim].append(
        {
            "id": number,
            "centre_id": contract.centre_id,
            "contract_id": contract.id,
            "venture_id": venture.id,
            "starts_on": first,
            "ends_before": first + timedelta(days=90),
            "state": _state(number),
            "prepared_at": builders.NOW,
            "submitted_at": builders.NOW,
            "submitted_on": first + timedelta(days=100),
            "version_id": contract.id,
            "gross_pence": LINES * 11_000,
            "payable_pence": LINES * 10_000,
        }
    )
    for place in range(LINES):
        measure = f"M{(number + place) % MEASURES:02}"
        rows[ClaimLine].append(
            {
                "id": LINES * number + place,
                "claim_id": number,
                "measure": measure,
                "basis": LineBasis.COUNTS,
                "units": 11,
                "taken_units": 10,
                "gross_pence": 11_000,
                "payable_pence": 10_000,
            }
        )
        removed = {"units": 1, "pence": 1_000, "why": "The cap of 10 units was reached: 1 record."}
        rows[ClaimRemoval].append(
            {"claim_id": number, "step": RemovalStep.MEASURE, "measure": measure, **removed}
        )


def _add_part(rows: dict[type, list[dict[str, Any]]], number: int, payer: Organisation) -> None:
    approved = LINES * 5_000 if _state(number) is not ClaimState.SUBMITTED else 0
    part_id = len(rows[ClaimPart]) + 1
    rows[ClaimPart].append(
        {
            "id": part_id,
            "claim_id": number,
            "payer_id": payer.id,
            "asked_pence": LINES * 5_000,
            "state": PartState.APPROVED if approved else PartState.WAITING,
            "approved_pence": approved,
            "paid_pence": approved if _state(number) is ClaimState.PAID else 0,
        }
    )
    own = rows[ClaimLine][-LINES:]
    rows[ClaimShare] += [
        {
            "claim_id": number,
            "measure": line["measure"],
            "financial_year": 2022 + number % 3,
            "payer_id": payer.id,
            "pence": 5_000,
        }
        for line in own
    ]
    if not approved:
        return
    decision_id = len(rows[ClaimDecision]) + 1
    rows[ClaimDecision].append(
        {
            "id": decision_id,
            "part_id": part_id,
            "state": PartState.APPROVED,
            "approved_pence": approved,
            "decided_on": builders.NOW.date(),
            "decided_at": builders.NOW,
        }
    )
    rows[DecisionLine] += [
        {"decision_id": decision_id, "line_id": line["id"], "pence": 5_000} for line in own
    ]
