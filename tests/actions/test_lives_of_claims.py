"""Whatever becomes of claims, no cap is exceeded, and claims, use and ledger agree."""

from datetime import date, timedelta
from random import Random
from typing import TypeVar

import pytest
from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, select

from chec.actions.claim_decisions import decide_claim
from chec.actions.claim_payments import record_payment, return_payment, undo_payment
from chec.actions.claim_records import upload_records
from chec.actions.claims import withdraw_claim
from chec.actions.clawbacks import claw_back
from chec.errors import NotFound, RuleBroken
from chec.models import (
    BANK,
    AccountKey,
    AccountKind,
    Cause,
    Claim,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    ClaimRecord,
    ClaimRemoval,
    ClaimState,
    Contract,
    LineBasis,
    MeasureUse,
    PartState,
    PayerUse,
    RejectionReason,
)
from chec.permissions import SYSTEM
from chec.queries.accounts import find_account, list_balances
from chec.queries.contract_use import list_contracts_that_differ
from chec.queries.contracts import newest_of
from chec.rules.claim_approval import Rejection
from chec.rules.contract_terms import ContractTerms
from tests import builders

Row = TypeVar("Row", bound=SQLModel)
ACTS = 40


class Lives:
    """A centre with one contract of many caps, and acts on its claims as `dice` fall."""

    def __init__(self, session: Session, dice: Random) -> None:
        self.session, self.dice = session, dice
        self.centre = builders.a_centre(session)
        self.ventures = [builders.a_venture(session, self.centre) for _ in range(2)]
        self.payers = [builders.a_payer(session) for _ in range(2)]
        shares = ("2/3", "1/3")
        self.contract = builders.a_contract(
            session,
            self.centre,
            measures=(
                builders.a_measure(
                    "HELD", pence=10_001, cap_units=14, times_per_person=2, clawback_days=4000
                ),
                builders.a_measure(
                    "STILL", pence=5_003, follows="HELD", cap_pence=12_000, clawback_days=4000
                ),
            ),
            payers=[
                {"organisation": payer.name, "share": share, "commitment_pence": most}
                for payer, share, most in zip(self.payers, shares, (80_000, None), strict=True)
            ],
            cap_pence=130_000,
            yearly_caps_pence={"2024": 70_000},
            person_cap_pence=21_000,
            on_payer_exhausted=dice.choice(["lapse", "move"]),
        )
        builders.a_transfer(session, self.centre, Cause.GRANT, pence=10_000_000)
        self.number = 0

    def act(self) -> None:
        """One act, which a rule may refuse."""
        often = [self.claim, self.decide, self.pay] * 2
        rarely = [self.decide, self.claw_back, self.give_back, self.undo, self.withdraw]
        act = self.dice.choice([*often, *rarely])
        self.number += 1
        try:
            act()
        except (NotFound, RuleBroken):
            self.session.flush()

    def claim(self) -> None:
        starts_on = date(2024, 4, 1) + timedelta(days=self.dice.randrange(500))
        claim = builders.a_claim(
            self.session,
            self.contract,
            self.dice.choice(self.ventures),
            state=ClaimState.DRAFT,
            counts={"HELD": self.dice.randint(1, 9)} if self.dice.random() < 0.4 else {},
            starts_on=starts_on,
            ends_before=starts_on + timedelta(days=90),
        )
        if not self.session.exec(select(ClaimLine).where(ClaimLine.claim_id == claim.id)).first():
            rows = {
                f"{measure},p{self.dice.randint(1, 9)},{starts_on + timedelta(days=day)},seen,"
                for measure, day in zip(
                    self.dice.choices(["HELD", "STILL"], k=6), range(0, 90, 15), strict=True
                )
            }
            file = "\n".join(["measure,person,achieved_on,evidence,value", *sorted(rows)])
            upload_records(self.session, builders.an_actor(), claim, file.encode())
        builders.submit(self.session, claim)

    def decide(self) -> None:
        part = self._a_part(PartState.WAITING)
        lines = self._all(ClaimLine, col(ClaimLine.claim_id) == part.claim_id)
        rejection = Rejection(RejectionReason.OTHER, "Not shown.")
        verdicts = {line.id: rejection if self.dice.random() < 0.3 else None for line in lines}
        decide_claim(self.session, builders.an_actor(), part, verdicts)

    def pay(self) -> None:
        part = self._a_part(PartState.APPROVED)
        record_payment(
            self.session,
            builders.an_actor(),
            part,
            pence=self.dice.choice([part.due_pence, max(1, part.due_pence // 2), 10**9]),
            received_on=builders.NOW.date(),
            idempotency_key=f"pay:{self.number}",
        )

    def undo(self) -> None:
        payment = self.dice.choice(self._all(ClaimPayment))
        undo_payment(self.session, builders.an_actor(), payment, "Entered twice")

    def claw_back(self) -> None:
        part = self._a_part(PartState.APPROVED)
        line = self.dice.choice(self._all(ClaimLine, col(ClaimLine.claim_id) == part.claim_id))
        records = self._all(ClaimRecord, col(ClaimRecord.line_id) == line.id)
        claw_back(
            self.session,
            builders.an_actor(),
            part,
            line,
            record=self.dice.choice(records) if line.basis is LineBasis.RECORDS else None,
            units=1,
            reason="It did not hold.",
            idempotency_key=f"back:{self.number}",
        )

    def give_back(self) -> None:
        part = self._a_part(PartState.APPROVED)
        return_payment(
            self.session,
            builders.an_actor(),
            part,
            pence=part.owed_back_pence,
            returned_on=builders.NOW.date(),
            idempotency_key=f"return:{self.number}",
        )

    def withdraw(self) -> None:
        claims = self._all(Claim, col(Claim.state) == ClaimState.SUBMITTED)
        withdraw_claim(self.session, builders.an_actor(), self.dice.choice(claims))

    def _a_part(self, state: PartState) -> ClaimPart:
        return self.dice.choice(self._all(ClaimPart, col(ClaimPart.state) == state))

    def _all(self, table: type[Row], *conditions: ColumnElement[bool]) -> list[Row]:
        key = SQLModel.metadata.tables[str(table.__tablename__)].c.id
        found = list(self.session.exec(select(table).where(*conditions).order_by(key)))
        if not found:
            raise RuleBroken("There is none yet.")
        return found


@pytest.mark.parametrize("seed", range(3))
def test_no_cap_is_exceeded_and_all_agree_whatever_happens(session: Session, seed: int) -> None:
    lives = Lives(session, Random(seed))
    for _ in range(ACTS):
        lives.act()
        assert list_contracts_that_differ(session) == []
        no_cap_is_exceeded(session, lives.contract)
        ledger_agrees_with_claims(session, lives)
    assert len({claim.state for claim in session.exec(select(Claim))}) > 1
    assert len({removal.step for removal in session.exec(select(ClaimRemoval))}) > 2


def no_cap_is_exceeded(session: Session, contract: Contract) -> None:
    terms: ContractTerms = newest_of(session, contract).terms
    uses = session.exec(select(PayerUse).where(PayerUse.contract_id == contract.id)).all()
    units = {
        use.measure: use.held_units + use.accepted_units
        for use in session.exec(select(MeasureUse).where(MeasureUse.contract_id == contract.id))
    }

    def used(**where: object) -> int:
        return sum(
            use.held_pence + use.accepted_pence
            for use in uses
            if all(getattr(use, name) == value for name, value in where.items())
        )

    still, held = terms.measure("STILL"), terms.measure("HELD")
    assert terms.cap_pence
    assert still.cap_pence
    assert held.cap_units
    assert used() <= terms.cap_pence
    assert used(financial_year=2024) <= terms.yearly_caps_pence["2024"]
    assert used(measure="STILL") <= still.cap_pence
    assert units.get("HELD", 0) <= held.cap_units
    names = newest_of(session, contract).payers
    for payer in terms.payers:
        if payer.commitment_pence is not None:
            assert used(payer_id=names[payer.organisation]) <= payer.commitment_pence
    assert all(use.held_pence >= 0 and use.accepted_pence >= 0 for use in uses)
    assert all(count >= 0 for count in units.values())


def ledger_agrees_with_claims(session: Session, lives: Lives) -> None:
    """What each payer owes for each venture is what its parts say, to the penny."""
    balances = {
        each.id: each.balance_pence for each in list_balances(session, SYSTEM, lives.centre.id)
    }
    for venture in lives.ventures:
        for payer in lives.payers:
            key = AccountKey(AccountKind.OUTCOME_RECEIVABLE, venture.id, payer.id)
            account = find_account(session, lives.centre.id, key)
            parts = session.exec(
                select(ClaimPart)
                .join(Claim, col(ClaimPart.claim_id) == Claim.id)
                .where(Claim.venture_id == venture.id, ClaimPart.payer_id == payer.id)
            )
            owed = sum(part.due_pence - part.owed_back_pence for part in parts)
            assert owed == (balances[account.id] if account else 0)
    bank = find_account(session, lives.centre.id, BANK)
    assert bank
    assert balances[bank.id] >= 0
