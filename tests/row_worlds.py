"""A world for each role, and what can be added to it that the role may not see."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from chec.actions.clawbacks import claw_back
from chec.actions.quarters import close_quarter
from chec.db import open_session
from chec.finance.periods import Quarter
from chec.models import (
    Cause,
    Centre,
    Claim,
    ClaimRecord,
    ClaimState,
    Contract,
    Organisation,
    Role,
    User,
    Venture,
)
from chec.permissions import Actor
from tests import builders
from tests.access_world import OF_A_CENTRE, Owners, Rows
from tests.claim_parts import decide, line_of, part_of, pay, somebody_of
from tests.jobs.ledgers import post, run_of
from tests.quarters import accepted

DECIDED_ON = date(2026, 5, 20)
DECIDED_IN = Quarter(2026, 1)
PERSONAL = {
    "claim_record": "person = 'q' || person, evidence = 'another letter'",
    "clawback": "reason = 'Another reason' WHERE record_id IS NOT NULL",
}
PSEUDONYMS = {"claim_record": "person = 'q' || person"}


class Base(NamedTuple):
    """Keys of what an investor, a payer and a venture have in a centre, and of its people.

    The payer shares a contract and its claim with another one. `guest` has roles elsewhere too,
    where there is another centre.
    """

    rows: Rows
    joint_contract: int
    joint_claim: int
    co_payer: int
    guest: int
    people: Mapping[Role, int]


class Others(NamedTuple):
    """Rows that were added, and the names in them."""

    rows: Sequence[Rows]
    names: Sequence[str]


def tell_base(session: Session, engine: Engine) -> Base:
    """What is there in both worlds, committed."""
    here = builders.a_centre(session, payment_limit_pence=0)
    own = Owners(session, here)
    people = {role: own.add_person(session, role) for role in Role}
    guest = own.add_person(session, Role.EVALUATOR)
    co_payer = builders.a_payer(session)
    measures = (builders.a_measure(clawback_days=2_000),)
    joint = builders.a_contract(session, here, own.payer, co_payer, measures=measures)
    claim = _joint_claim(session, joint, own.venture, (own.payer, co_payer))
    builders.a_claim(session, joint, own.venture, counts={"M01": 4}, state=ClaimState.DRAFT)
    for venture, count in ((own.venture, 20), (builders.a_venture(session, here), 3)):
        accepted(session, joint, venture, (own.payer, co_payer), on=DECIDED_ON, people=count)
    session.commit()
    rows = own.rows(session, run_of(engine, here, as_of=builders.NOW.date()))
    told = {role: user.id for role, user in people.items()}
    found = Base(rows, joint.id, claim.id, co_payer.id, guest.id, told)
    session.commit()
    return found


def tell_others(engine: Engine, base: Base, role: Role) -> Others:
    """Rows that `role` may not see, committed: of another centre, and of neighbours in this one."""
    with open_session(engine, write=True) as session:
        there = Owners(session, builders.a_centre(session, payment_limit_pence=0))
        others = [there]
        guest = session.get_one(User, base.guest)
        builders.a_membership(session, Role.DIRECTOR, user=guest, centre=there.centre)
        builders.a_membership(session, Role.INVESTOR, user=guest, organisation=there.investor)
        if role in OF_A_CENTRE:
            _deal_with_the_same(session, base, there)
        else:
            others.append(Owners(session, session.get_one(Centre, base.rows.centre)))
            _draft_unseen(session, base)
            if role is not Role.PROVIDER:
                _pay_unseen(session, base)
        if role is Role.ADMINISTRATOR:
            _move_money(session, base)
        names = [name for each in others for name in _names(session, each)]
        session.commit()
        run = run_of(engine, there.centre, as_of=builders.NOW.date())
        rows = [there.rows(session, run)]
        rows += [_without_a_run(each, rows[0]) for each in others[1:]]
        session.commit()
    if role is Role.EVALUATOR:
        _change(engine, PERSONAL)
        _rename_people(engine, base.people[role])
    elif role is not Role.DIRECTOR:
        _change(engine, PSEUDONYMS)
    return Others(rows, names)


def publish(engine: Engine, base: Base) -> None:
    """Close the quarter in which the base was decided."""
    with open_session(engine, write=True) as session:
        centre = session.get_one(Centre, base.rows.centre)
        close_quarter(session, builders.an_actor(), centre, DECIDED_IN)
        session.commit()


def _joint_claim(
    session: Session, contract: Contract, venture: Venture, payers: Sequence[Organisation]
) -> Claim:
    """Approved by its payers, one of whom clawed a record back."""
    records = [("M01", f"j{number}", date(2025, 5, 6)) for number in range(3)]
    claim = builders.a_claim(session, contract, venture, records=records)
    for payer in payers:
        decide(session, claim, payer)
    line = line_of(session, claim)
    record = session.exec(select(ClaimRecord).where(ClaimRecord.line_id == line.id)).first()
    claw_back(
        session,
        somebody_of(session, payers[0]),
        part_of(session, claim, payers[0]),
        line,
        record=record,
        units=1,
        reason="Was admitted after all",
        idempotency_key="back",
    )
    return claim


def _deal_with_the_same(session: Session, base: Base, there: Owners) -> None:
    """The other centre has the investor, the payer and the people of this one, too."""
    investor = session.get_one(Organisation, base.rows.investor)
    payer = session.get_one(Organisation, base.rows.payer)
    terms = builders.an_instrument(session, there.centre, investor)
    builders.a_transfer(session, there.centre, Cause.DRAWDOWN, instrument=terms)
    contract = builders.a_contract(session, there.centre, payer)
    commissioner = Actor(base.people[Role.COMMISSIONER], "", "", builders.NOW)
    claim = builders.a_claim(session, contract, there.venture)
    decide(session, claim, payer, actor=commissioner)
    user = session.get_one(User, base.people[Role.PROVIDER])
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=there.centre)


def _draft_unseen(session: Session, base: Base) -> None:
    contract = session.get_one(Contract, base.joint_contract)
    venture = session.get_one(Venture, base.rows.venture)
    builders.a_claim(session, contract, venture, counts={"M01": 7}, state=ClaimState.DRAFT)


def _pay_unseen(session: Session, base: Base) -> None:
    """By the payer that shares the claim."""
    co_payer = session.get_one(Organisation, base.co_payer)
    pay(session, session.get_one(Claim, base.joint_claim), co_payer, 1_000)


def _move_money(session: Session, base: Base) -> None:
    """Not told to the trail, which administrators see all of."""
    here = session.get_one(Centre, base.rows.centre)
    session.commit()
    investor = session.get_one(Organisation, base.rows.investor)
    terms = builders.an_instrument(session, here, investor)
    today = builders.NOW.date()
    post(session, here, Cause.DRAWDOWN, 50_000, on=today, instrument=terms)
    post(session, here, Cause.RUNNING_COST, 20_000, on=today)
    session.info["audit_events"].clear()


def _names(session: Session, owners: Owners) -> list[str]:
    member = session.get_one(User, owners.member.user)
    return [
        owners.centre.name,
        owners.venture.name,
        owners.investor.name,
        owners.payer.name,
        owners.contract.reference,
        member.email,
        member.name,
    ]


def _without_a_run(owners: Owners, elsewhere: Rows) -> Rows:
    """The keys of neighbours, of whom no run knows yet."""
    made = {name: getattr(owners, name) for name in ("paid", "transfers", "member")}
    keys = {
        name: getattr(owners, name).id
        for name in ("venture", "investor", "payer", "contract", "claim", "invitation")
    }
    asked = owners.payment_request.id
    return elsewhere._replace(centre=owners.centre.id, payment_request=asked, **made, **keys)


def _change(engine: Engine, changes: Mapping[str, str]) -> None:
    """As nobody could: a table that is never changed, changed."""
    with engine.begin() as connection:
        for table, change in changes.items():
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
            for (name,) in connection.execute(text(triggers), {"table": table}).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text(f"UPDATE {table} SET {change}"))


def _rename_people(engine: Engine, but_id: int) -> None:
    renamed = "name = 'Renamed ' || id, email = 'renamed' || id || '@chec.example'"
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE app_user SET {renamed} WHERE id <> {but_id}"))
