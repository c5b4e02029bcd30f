"""A centre with any number of claims on one contract, loaded in bulk.

Rows go past the actions but not past the constraints. Of each ten claims one waits for both payers,
two are approved and seven are paid; each has lines priced from counts, and its transfers.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select
from sqlmodel import Session, SQLModel

from chec import database_schema
from chec.actions.accounts import account_for
from chec.app import create_app
from chec.db import make_engine, open_session
from chec.finance.periods import financial_year_of
from chec.models import (
    BANK,
    AccountKey,
    AccountKind,
    Cause,
    Centre,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
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
    Transfer,
    User,
    Venture,
)
from chec.queries.contract_use import add_up_measure_use, add_up_payer_use
from tests import builders
from tests.settings import settings_for

MEASURES, LINES, VENTURES = 23, 3, 8
UNITS, PRICE_PENCE = 10, 1_000
FIRST_DAY = date(2022, 4, 1)
STATES = (ClaimState.SUBMITTED, *2 * [ClaimState.APPROVED], *7 * [ClaimState.PAID])

# Each after those that it refers to.
_TABLES: tuple[type[SQLModel], ...] = (
    *(Transfer, Claim, ClaimLine, ClaimRemoval, ClaimShare, ClaimPart),
    *(ClaimDecision, DecisionLine, ClaimPayment),
)


@dataclass(frozen=True)
class Loaded:
    """What was loaded, of which `director` and `commissioner` (of the first payer) are people."""

    app: Flask
    contract: Contract
    venture: Venture
    payers: list[Organisation]
    director: User
    commissioner: User

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction on its database, committed at the end."""
        with open_session(self.app.extensions["chec_engine"], write=True) as session:
            yield session
            session.commit()


@contextmanager
def centre_with(claims: int) -> Iterator[Loaded]:
    """The application on a new SQLite database with so many claims."""
    with tempfile.TemporaryDirectory(prefix="chec-bench-") as folder:
        settings = settings_for(f"sqlite:///{folder}/chec.db", Path(folder))
        engine = make_engine(settings.url)
        database_schema.upgrade(engine)
        app = create_app(settings)
        with open_session(engine, write=True) as session:
            loaded = _load(session, app, claims)
            session.commit()
        engine.dispose()
        yield loaded
        app.extensions["chec_engine"].dispose()


def _load(session: Session, app: Flask, claims: int) -> Loaded:
    centre = builders.a_centre(session)
    payers = [builders.a_payer(session) for _ in range(2)]
    contract = contract_of_many_measures(session, centre, payers)
    ventures = [builders.a_venture(session, centre) for _ in range(VENTURES)]
    ClaimsInBulk(session, contract, payers).insert(range(1, claims + 1), ventures)
    session.add_all(add_up_payer_use(session, contract.id))
    session.add_all(add_up_measure_use(session, contract.id))
    director, commissioner = (builders.a_user(session) for _ in range(2))
    builders.a_membership(session, Role.DIRECTOR, user=director, centre=centre)
    builders.a_membership(session, Role.COMMISSIONER, user=commissioner, organisation=payers[0])
    return Loaded(app, contract, ventures[0], payers, director, commissioner)


def contract_of_many_measures(
    session: Session, centre: Centre, payers: list[Organisation]
) -> Contract:
    """M00 to M22, which the payers share alike; decided within twenty days."""
    measures = tuple(
        builders.a_measure(f"M{n:02}", pence=PRICE_PENCE, cap_units=10**6) for n in range(MEASURES)
    )
    return builders.a_contract(session, centre, *payers, measures=measures, decide_within_days=20)


@dataclass
class ClaimsInBulk:
    """Claims on a contract of many measures.

    It gives out keys itself, so that on PostgreSQL nothing can be claimed by an action afterwards.
    """

    session: Session
    contract: Contract
    payers: list[Organisation]
    _by_table: dict[type[SQLModel], list[dict[str, Any]]] = field(
        default_factory=lambda: {table: [] for table in _TABLES}
    )
    _newest: dict[type[SQLModel], int] = field(default_factory=dict)
    _accounts: dict[AccountKey, int] = field(default_factory=dict)

    def insert(self, numbers: Iterable[int], ventures: list[Venture]) -> None:
        """A claim for each number, whose last digit tells its state."""
        for number in numbers:
            self._add_claim(number, ventures[number % len(ventures)])
        for table, rows in self._by_table.items():
            if rows:
                self.session.execute(insert(table), rows)
            rows.clear()

    def _add_claim(self, number: int, venture: Venture) -> None:
        first = FIRST_DAY + timedelta(days=number % 1_000)
        claim = self._add(
            Claim,
            centre_id=self.contract.centre_id,
            contract_id=self.contract.id,
            venture_id=venture.id,
            starts_on=first,
            ends_before=first + timedelta(days=90),
            state=STATES[number % len(STATES)],
            prepared_at=builders.NOW,
            submitted_at=builders.NOW,
            submitted_on=first + timedelta(days=100),
            version_id=1,
            gross_pence=LINES * (UNITS + 1) * PRICE_PENCE,
            payable_pence=LINES * UNITS * PRICE_PENCE,
        )
        lines = [self._add_line(claim, (number + place) % MEASURES) for place in range(LINES)]
        for payer in self.payers:
            self._add_part(claim, lines, payer)

    def _add_line(self, claim: dict[str, Any], place: int) -> dict[str, Any]:
        line = self._add(
            ClaimLine,
            claim_id=claim["id"],
            measure=f"M{place:02}",
            basis=LineBasis.COUNTS,
            units=UNITS + 1,
            taken_units=UNITS,
            gross_pence=(UNITS + 1) * PRICE_PENCE,
            payable_pence=UNITS * PRICE_PENCE,
        )
        self._add(
            ClaimRemoval,
            claim_id=claim["id"],
            step=RemovalStep.MEASURE,
            measure=line["measure"],
            units=1,
            pence=PRICE_PENCE,
            why=f"{line['measure']} has reached its cap of 1,000,000: 1 is not paid.",
        )
        return line

    def _add_part(
        self, claim: dict[str, Any], lines: list[dict[str, Any]], payer: Organisation
    ) -> None:
        pence = UNITS * PRICE_PENCE // len(self.payers)
        is_decided = claim["state"] is not ClaimState.SUBMITTED
        is_paid = claim["state"] is ClaimState.PAID
        part = self._add(
            ClaimPart,
            claim_id=claim["id"],
            payer_id=payer.id,
            asked_pence=LINES * pence,
            asked_on=claim["submitted_on"],
            decide_by_on=claim["submitted_on"] + timedelta(days=20),
            state=PartState.APPROVED if is_decided else PartState.WAITING,
            approved_pence=LINES * pence if is_decided else 0,
            paid_pence=LINES * pence if is_paid else 0,
        )
        year = financial_year_of(claim["ends_before"] - timedelta(days=1)).year
        for line in lines:
            self._add(
                ClaimShare,
                claim_id=claim["id"],
                measure=line["measure"],
                financial_year=year,
                payer_id=payer.id,
                pence=pence,
            )
        if is_decided:
            self._approve(claim, part, lines)
        if is_paid:
            owed = AccountKey(AccountKind.OUTCOME_RECEIVABLE, claim["venture_id"], payer.id)
            paid = self._post(part, Cause.PAYMENT, BANK, owed)
            self._add(ClaimPayment, part_id=part["id"], transfer_id=paid["id"])

    def _approve(
        self, claim: dict[str, Any], part: dict[str, Any], lines: list[dict[str, Any]]
    ) -> None:
        owed = AccountKey(AccountKind.OUTCOME_RECEIVABLE, claim["venture_id"], part["payer_id"])
        income = AccountKey(AccountKind.OUTCOME_INCOME, claim["venture_id"])
        approved = self._post(part, Cause.APPROVAL, owed, income)
        decision = self._add(
            ClaimDecision,
            part_id=part["id"],
            state=part["state"],
            approved_pence=part["approved_pence"],
            decided_on=approved["on"],
            decided_at=builders.NOW,
            transfer_id=approved["id"],
        )
        for line in lines:
            pence = part["approved_pence"] // LINES
            self._add(DecisionLine, decision_id=decision["id"], line_id=line["id"], pence=pence)

    def _post(
        self, part: dict[str, Any], cause: Cause, debit: AccountKey, credit: AccountKey
    ) -> dict[str, Any]:
        return self._add(
            Transfer,
            centre_id=self.contract.centre_id,
            on=part["decide_by_on"],
            debit_account_id=self._account(debit),
            credit_account_id=self._account(credit),
            pence=part["approved_pence"],
            cause=cause,
            recorded_at=builders.NOW,
            idempotency_key=f"benchmark:{cause}:{part['id']}",
        )

    def _account(self, key: AccountKey) -> int:
        if key not in self._accounts:
            self._accounts[key] = account_for(self.session, self.contract.centre_id, key).id
        return self._accounts[key]

    def _add(self, table: type[SQLModel], **told: Any) -> dict[str, Any]:
        if table not in self._newest:
            query = select(func.max(table.__table__.c.id))  # type: ignore[attr-defined]
            self._newest[table] = self.session.scalar(query) or 0
        self._newest[table] += 1
        self._by_table[table].append({"id": self._newest[table], **told})
        return self._by_table[table][-1]
