"""What claims have used up of a contract, added up from rows put there by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select

from chec.actions.contract_use import keep_use
from chec.models import (
    Centre,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimRecord,
    ClaimShare,
    ClaimState,
    Clawback,
    Contract,
    DecisionLine,
    LineBasis,
    Organisation,
    PartState,
    RecordShare,
    RejectionReason,
)
from chec.queries.contract_use import (
    add_up_measure_use,
    add_up_payer_use,
    list_contracts_that_differ,
    list_measure_use,
    list_payer_use,
)
from tests import builders

TODAY = builders.NOW.date()
Row = TypeVar("Row", bound=SQLModel)


@dataclass
class Books:
    """A contract of two payers, and hands to write claims of it."""

    session: Session
    contract: Contract
    icb: Organisation
    council: Organisation
    venture_id: int

    def add(self, row: Row) -> Row:
        self.session.add(row)
        self.session.flush()
        return row

    def claim(self, *lines: tuple[str, int, Sequence[int]], year: int = 2024) -> Claim:
        """Submitted, with (measure, units, pence of each payer) a line."""
        claim = self.add(
            Claim(
                centre_id=self.contract.centre_id,
                contract_id=self.contract.id,
                venture_id=self.venture_id,
                starts_on=date(year, 4, 1),
                ends_before=date(year, 7, 1),
                state=ClaimState.SUBMITTED,
                prepared_at=builders.NOW,
                gross_pence=0,
                payable_pence=0,
            )
        )
        payers = (self.icb, self.council)
        for measure, units, pence in lines:
            line = ClaimLine(
                claim_id=claim.id, measure=measure, basis=LineBasis.COUNTS, units=units
            )
            line.taken_units = units
            self.add(line)
            for payer, asked in zip(payers, pence, strict=True):
                self.share(claim, measure, year, payer, asked)
        for place, payer in enumerate(payers):
            asked = sum(pence[place] for _, _, pence in lines)
            state = PartState.WAITING
            self.add(
                ClaimPart(
                    claim_id=claim.id,
                    payer_id=payer.id,
                    asked_pence=asked,
                    asked_on=builders.NOW.date(),
                    state=state,
                )
            )
        return claim

    def share(self, claim: Claim, measure: str, year: int, payer: Organisation, pence: int) -> None:
        if pence:
            self.add(
                ClaimShare(
                    claim_id=claim.id,
                    measure=measure,
                    financial_year=year,
                    payer_id=payer.id,
                    pence=pence,
                )
            )

    def line(self, claim: Claim, measure: str) -> ClaimLine:
        return next(line for line in self.lines(claim) if line.measure == measure)

    def lines(self, claim: Claim) -> Sequence[ClaimLine]:
        return self.session.exec(select(ClaimLine).where(ClaimLine.claim_id == claim.id)).all()

    def part(self, claim: Claim, payer: Organisation) -> ClaimPart:
        own = select(ClaimPart).where(ClaimPart.claim_id == claim.id)
        return self.session.exec(own.where(ClaimPart.payer_id == payer.id)).one()

    def decide(self, claim: Claim, payer: Organisation, *rejected: str) -> None:
        """The payer approves every line but those rejected."""
        part = self.part(claim, payer)
        part.state = PartState.REJECTED if rejected else PartState.APPROVED
        shares = select(ClaimShare).where(ClaimShare.claim_id == claim.id)
        own = self.session.exec(shares.where(ClaimShare.payer_id == payer.id))
        asked = {share.measure: share.pence for share in own}
        part.approved_pence = sum(
            pence for measure, pence in asked.items() if measure not in rejected
        )
        decision = self.add(
            ClaimDecision(
                part_id=part.id,
                state=part.state,
                approved_pence=part.approved_pence,
                decided_on=TODAY,
                decided_at=builders.NOW,
            )
        )
        for line in self.lines(claim):
            is_rejected = line.measure in rejected
            self.add(
                DecisionLine(
                    decision_id=decision.id,
                    line_id=line.id,
                    pence=0 if is_rejected else asked.get(line.measure, 0),
                    reason_code=RejectionReason.NOT_ACHIEVED if is_rejected else None,
                )
            )

    def claw_back(
        self,
        claim: Claim,
        payer: Organisation,
        units: int,
        pence: int,
        record: ClaimRecord | None = None,
    ) -> None:
        """Of M01; of one record of it, or without."""
        part = self.part(claim, payer)
        part.clawed_back_pence += pence
        self.add(
            Clawback(
                part_id=part.id,
                line_id=self.line(claim, "M01").id,
                record_id=record.id if record else None,
                financial_year=claim.starts_on.year,
                units=units,
                pence=pence,
                reason="It did not hold.",
                clawed_back_on=TODAY,
                recorded_at=builders.NOW,
            )
        )

    def record(self, claim: Claim, *pence: int) -> ClaimRecord:
        """A record of M01, and what it asks of each payer."""
        record = self.add(
            ClaimRecord(
                line_id=self.line(claim, "M01").id,
                person="a" * 64,
                achieved_on=claim.starts_on,
            )
        )
        for payer, each in zip((self.icb, self.council), pence, strict=True):
            self.add(RecordShare(record_id=record.id, payer_id=payer.id, pence=each))
        return record

    def units(self) -> dict[str, tuple[int, int]]:
        """Accepted and held, by measure."""
        return {
            use.measure: (use.accepted_units, use.held_units)
            for use in add_up_measure_use(self.session, self.contract.id)
        }

    def money(self, payer: Organisation) -> dict[tuple[str, int], tuple[int, int]]:
        """Accepted and held of a payer, by measure and year."""
        return {
            (use.measure, use.financial_year): (use.accepted_pence, use.held_pence)
            for use in add_up_payer_use(self.session, self.contract.id)
            if use.payer_id == payer.id
        }


@pytest.fixture
def books(session: Session) -> Books:
    centre = builders.a_centre(session)
    icb, council = builders.a_payer(session), builders.a_payer(session)
    measures = (builders.a_measure("M01"), builders.a_measure("M02"))
    contract = builders.a_contract(session, centre, icb, council, measures=measures)
    return Books(session, contract, icb, council, builders.a_venture(session, centre).id)


def test_a_submitted_claim_holds_what_it_asks(books: Books) -> None:
    books.claim(("M01", 3, (200, 100)), ("M02", 1, (50, 0)))
    books.claim(("M01", 2, (20, 10)), year=2025)
    assert books.units() == {"M01": (0, 5), "M02": (0, 1)}
    assert books.money(books.icb) == {
        ("M01", 2024): (0, 200),
        ("M01", 2025): (0, 20),
        ("M02", 2024): (0, 50),
    }
    assert books.money(books.council) == {("M01", 2024): (0, 100), ("M01", 2025): (0, 10)}


def test_units_are_accepted_once_any_payer_approved_and_pence_by_payer(books: Books) -> None:
    claim = books.claim(("M01", 3, (200, 100)))
    books.decide(claim, books.icb)
    assert books.units() == {"M01": (3, 0)}
    assert books.money(books.icb) == {("M01", 2024): (200, 0)}
    assert books.money(books.council) == {("M01", 2024): (0, 100)}
    books.decide(claim, books.council, "M01")
    assert books.units() == {"M01": (3, 0)}
    assert books.money(books.council) == {("M01", 2024): (0, 0)}


def test_units_are_held_while_a_payer_still_may_approve_them(books: Books) -> None:
    claim = books.claim(("M01", 3, (200, 100)), ("M02", 1, (50, 25)))
    books.decide(claim, books.icb, "M01")
    assert books.units() == {"M01": (0, 3), "M02": (1, 0)}
    books.decide(claim, books.council, "M01")
    assert books.units() == {"M01": (0, 0), "M02": (1, 0)}
    assert books.money(books.icb) == {("M01", 2024): (0, 0), ("M02", 2024): (50, 0)}


def test_a_withdrawn_claim_gives_everything_back(books: Books) -> None:
    claim = books.claim(("M01", 3, (200, 100)))
    for payer in (books.icb, books.council):
        books.part(claim, payer).state = PartState.WITHDRAWN
    books.session.flush()
    assert books.units() == {"M01": (0, 0)}
    assert books.money(books.icb) == {("M01", 2024): (0, 0)}


def test_pence_clawed_back_are_the_payers_own_and_units_wait_for_every_payer(books: Books) -> None:
    claim = books.claim(("M01", 3, (200, 100)))
    for payer in (books.icb, books.council):
        books.decide(claim, payer)
    books.claw_back(claim, books.icb, 2, 130)
    assert books.money(books.icb) == {("M01", 2024): (70, 0)}
    assert books.money(books.council) == {("M01", 2024): (100, 0)}
    assert books.units() == {"M01": (3, 0)}
    books.claw_back(claim, books.council, 1, 33)
    assert books.units() == {"M01": (2, 0)}


def test_who_pays_nothing_for_a_line_need_not_claw_it_back(books: Books) -> None:
    claim = books.claim(("M01", 3, (200, 0)))
    for payer in (books.icb, books.council):
        books.decide(claim, payer)
    books.claw_back(claim, books.icb, 1, 66)
    assert books.units() == {"M01": (2, 0)}


def test_a_record_is_given_back_when_all_that_pay_for_it_clawed_it_back(books: Books) -> None:
    claim = books.claim(("M01", 2, (200, 100)))
    for payer in (books.icb, books.council):
        books.decide(claim, payer)
    shared = books.record(claim, 100, 100)
    alone = books.record(claim, 100, 0)
    books.claw_back(claim, books.icb, 1, 100, shared)
    assert books.units() == {"M01": (2, 0)}
    books.claw_back(claim, books.icb, 1, 100, alone)
    assert books.units() == {"M01": (1, 0)}
    books.claw_back(claim, books.council, 1, 100, shared)
    assert books.units() == {"M01": (0, 0)}
    assert books.money(books.icb) == {("M01", 2024): (0, 0)}


def test_a_draft_uses_nothing(books: Books) -> None:
    claim = books.claim()
    for payer in (books.icb, books.council):
        books.session.delete(books.part(claim, payer))
    claim.state, claim.gross_pence, claim.payable_pence = ClaimState.DRAFT, None, None
    books.add(ClaimLine(claim_id=claim.id, measure="M01", basis=LineBasis.COUNTS, units=9))
    assert (books.units(), books.money(books.icb)) == ({}, {})


def test_what_is_kept_is_what_adds_up(books: Books) -> None:
    session, contract = books.session, books.contract
    claim = books.claim(("M01", 3, (200, 100)))
    assert list_contracts_that_differ(session) == [contract]
    keep_use(session, claim)
    assert list_contracts_that_differ(session) == []
    books.decide(claim, books.icb)
    assert list_contracts_that_differ(session) == [contract]
    keep_use(session, claim)
    [units] = list_measure_use(session, contract.id)
    assert (units.accepted_units, units.held_units) == (3, 0)
    assert {use.accepted_pence for use in list_payer_use(session, contract.id)} == {200, 0}
    assert list_contracts_that_differ(session) == []


@pytest.mark.parametrize("is_rejected", [True, False])
def test_who_pays_nothing_for_a_line_neither_accepts_nor_holds_it(
    books: Books, is_rejected: bool
) -> None:
    session = books.session
    claim = books.claim(("M01", 3, (200, 0)), ("M02", 1, (0, 50)))

    def used() -> dict[str, tuple[int, int]]:
        rows = add_up_measure_use(session, books.contract.id)
        return {use.measure: (use.held_units, use.accepted_units) for use in rows}

    books.decide(claim, books.council)
    assert used() == {"M01": (3, 0), "M02": (0, 1)}
    books.decide(claim, books.icb, *(["M01"] if is_rejected else []))
    assert used() == {"M01": (0, 0 if is_rejected else 3), "M02": (0, 1)}


def test_what_its_payer_rejected_is_not_held_for_one_who_pays_nothing(books: Books) -> None:
    claim = books.claim(("M01", 3, (200, 0)), ("M02", 1, (0, 50)))
    books.decide(claim, books.icb, "M01")
    used = add_up_measure_use(books.session, books.contract.id)
    assert {(use.measure, use.held_units) for use in used} == {("M01", 0), ("M02", 1)}


def test_an_outcome_that_costs_nothing_is_accepted_by_any_payer(books: Books) -> None:
    claim = books.claim(("M01", 3, (0, 0)), ("M02", 1, (50, 50)))
    books.line(claim, "M01").payable_pence = 0
    books.decide(claim, books.council)
    [use, _] = add_up_measure_use(books.session, books.contract.id)
    assert (use.measure, use.held_units, use.accepted_units) == ("M01", 0, 3)


def test_only_the_measures_of_the_claim_are_added_up_anew(books: Books) -> None:
    session, contract_id = books.session, books.contract.id
    first = books.claim(("M01", 3, (200, 100)))
    both = books.claim(("M01", 1, (20, 10)), ("M02", 1, (50, 0)))
    keep_use(session, both)
    assert list_contracts_that_differ(session) == []
    books.decide(first, books.icb)
    books.claw_back(first, books.icb, 1, 60)
    books.decide(both, books.icb, "M01")
    keep_use(session, first)
    assert kept_units(session, contract_id) == {"M01": (3, 1), "M02": (0, 1)}
    keep_use(session, both)
    assert kept_units(session, contract_id) == {"M01": (3, 1), "M02": (1, 0)}
    assert list_contracts_that_differ(session) == []


def kept_units(session: Session, contract_id: int) -> dict[str, tuple[int, int]]:
    """Accepted and held, by measure."""
    kept = list_measure_use(session, contract_id)
    return {use.measure: (use.accepted_units, use.held_units) for use in kept}


def test_claims_of_another_contract_are_no_use_of_this_one(books: Books) -> None:
    centre = books.session.get_one(Centre, books.contract.centre_id)
    other = builders.a_contract(books.session, centre, books.icb, books.council)
    books.claim(("M01", 3, (200, 100)))
    assert add_up_payer_use(books.session, other.id) == []
    assert add_up_measure_use(books.session, other.id) == []


def test_what_somebody_else_used_since_is_seen(books: Books, engine: Engine) -> None:
    session, contract_id = books.session, books.contract.id
    claim = books.claim(("M01", 3, (200, 100)))
    keep_use(session, claim)
    session.commit()
    with Session(engine) as reader:
        before = list_payer_use(reader, contract_id)
        assert {use.held_pence for use in before} == {200, 100}
        reader.commit()
        books.decide(claim, books.icb)
        keep_use(session, claim)
        session.commit()
        assert {use.accepted_pence for use in list_payer_use(reader, contract_id)} == {200, 0}
