"""Rows of everybody: of whoever asks, of neighbours in their centre, of another centre."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.actions.invitations import Invited, Sent, invite_person
from chec.models import (
    Cause,
    Centre,
    ClaimRecord,
    Invitation,
    Organisation,
    PaymentRequest,
    ReturnsRun,
    Role,
    User,
    Venture,
)
from chec.permissions import Grant
from tests import builders, payments
from tests.claim_parts import decide, line_of, pay
from tests.jobs.ledgers import result_of, run_of

OF_A_CENTRE = frozenset({Role.DIRECTOR, Role.EVALUATOR, Role.ADMINISTRATOR})
NO_ROW = 999_999


class Whose(StrEnum):
    """Whose row is asked for: `neighbours` is somebody else's of the same centre."""

    OWN = "own"
    NEIGHBOURS = "neighbour's"
    ELSEWHERE = "of another centre"
    NOBODYS = "not there"


class Paid(NamedTuple):
    """Keys of a second claim, which the payer has approved and paid: of its line, and so on."""

    claim: int
    line: int
    record: int
    transfer: int


class Member(NamedTuple):
    """Keys of somebody of the venture's team, who signs in nowhere here, and of their role."""

    user: int
    membership: int


class Rows(NamedTuple):
    """Keys of a venture's, an investor's and a payer's rows in one centre.

    The payer pays under the contract and was asked for its part of the claim, which has records.
    """

    centre: int
    venture: int
    investor: int
    payer: int
    contract: int
    claim: int
    paid: Paid
    run: int
    payment_request: int
    invitation: int
    member: Member
    transfers: Mapping[Role, int]
    returns: Mapping[Role, int]


class World(NamedTuple):
    """One user of each role, who holds it for the `OWN` rows, and one who holds none."""

    people: Mapping[Role | None, User]
    rows: Mapping[Whose, Rows]


@pytest.fixture
def world(engine: Engine, session: Session) -> World:
    here, there = (builders.a_centre(session, payment_limit_pence=0) for _ in range(2))
    own, neighbours, elsewhere = (Owners(session, centre) for centre in (here, here, there))
    people: dict[Role | None, User] = {role: own.add_person(session, role) for role in Role}
    people[None] = builders.a_user(session)
    session.commit()
    run, run_there = (run_of(engine, centre, as_of=builders.NOW.date()) for centre in (here, there))
    rows = {
        Whose.OWN: own.rows(session, run),
        Whose.NEIGHBOURS: neighbours.rows(session, run),
        Whose.ELSEWHERE: elsewhere.rows(session, run_there),
        Whose.NOBODYS: Rows(
            centre=NO_ROW,
            venture=NO_ROW,
            investor=NO_ROW,
            payer=NO_ROW,
            contract=NO_ROW,
            claim=NO_ROW,
            paid=Paid(NO_ROW, NO_ROW, NO_ROW, NO_ROW),
            run=NO_ROW,
            payment_request=NO_ROW,
            invitation=NO_ROW,
            member=Member(NO_ROW, NO_ROW),
            transfers=dict.fromkeys(Role, NO_ROW),
            returns=dict.fromkeys(Role, NO_ROW),
        ),
    }
    session.commit()
    return World(people, rows)


class Owners:
    """A venture, an investor and a payer of a centre, each with a transfer of their own."""

    def __init__(self, session: Session, centre: Centre) -> None:
        self.centre = centre
        self.venture = builders.a_venture(session, centre)
        self.investor = builders.an_investor(session)
        self.payer = builders.a_payer(session)
        self.contract = builders.a_contract(session, centre, self.payer)
        record = ("M01", "p01", date(2025, 5, 6))
        self.claim = builders.a_claim(session, self.contract, self.venture, records=[record])
        self.paid = self._paid(session)
        drawn = builders.a_transfer(session, centre, Cause.DRAWDOWN, investor=self.investor)
        paid = builders.a_transfer(
            session,
            centre,
            Cause.PAYMENT,
            payer=self.payer,
            venture=builders.a_venture(session, centre),
        )
        funded = builders.a_transfer(session, centre, Cause.TRANCHE, venture=self.venture)
        self.payment_request = self._payment_request(session)
        self.invitation = self._invitation(session)
        held = builders.a_membership(session, Role.PROVIDER, venture=self.venture)
        self.member = Member(held.user_id, held.id)
        self.transfers = dict.fromkeys(Role, drawn.id)
        self.transfers |= {Role.COMMISSIONER: paid.id, Role.PROVIDER: funded.id}

    def _paid(self, session: Session) -> Paid:
        record = ("M01", "p02", date(2025, 5, 6))
        claim = builders.a_claim(session, self.contract, self.venture, records=[record])
        decide(session, claim, self.payer)
        payment = pay(session, claim, self.payer, 5_000)
        line = line_of(session, claim)
        key = session.exec(select(ClaimRecord.id).where(ClaimRecord.line_id == line.id)).one()
        return Paid(claim.id, line.id, key, payment.transfer_id)

    def _payment_request(self, session: Session) -> PaymentRequest:
        """A tranche that waits for a second director."""
        builders.a_transfer(session, self.centre, Cause.GRANT, pence=5_000)
        tranche = payments.a_tranche(self.venture, 5_000)
        return payments.ask(session, builders.an_actor(), self.centre, tranche)

    def _invitation(self, session: Session) -> Invitation:
        grant = Grant(Role.PROVIDER, venture_id=self.venture.id)
        today = builders.NOW.date()
        invited = Invited(f"{self.venture.id}@chec.example", "Jo Reed", grant, today)
        sent = invite_person(session, builders.an_actor(), self.centre, invited)
        assert isinstance(sent, Sent)
        return sent.invitation

    def add_person(self, session: Session, role: Role) -> User:
        user = builders.a_user(session)
        held_for: Mapping[Role, dict[str, Any]] = {
            Role.INVESTOR: {"organisation": self.investor},
            Role.COMMISSIONER: {"organisation": self.payer},
            Role.PROVIDER: {"venture": self.venture},
        }
        builders.a_membership(
            session, role, user=user, **held_for.get(role, {"centre": self.centre})
        )
        return user

    def rows(self, session: Session, run: ReturnsRun) -> Rows:
        def returns_of(owner: Venture | Organisation | None = None) -> int:
            return result_of(session, run, owner).id

        returns = dict.fromkeys(Role, returns_of())
        returns |= {
            Role.INVESTOR: returns_of(self.investor),
            Role.PROVIDER: returns_of(self.venture),
        }
        return Rows(
            centre=self.centre.id,
            venture=self.venture.id,
            investor=self.investor.id,
            payer=self.payer.id,
            contract=self.contract.id,
            claim=self.claim.id,
            paid=self.paid,
            run=run.id,
            payment_request=self.payment_request.id,
            invitation=self.invitation.id,
            member=self.member,
            transfers=self.transfers,
            returns=returns,
        )
