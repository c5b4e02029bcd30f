from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select

from chec import database_schema, seeding
from chec.actions.ledger_imports import import_ledger
from chec.clock import london_day
from chec.config import project_dir
from chec.errors import RuleBroken
from chec.finance.cash_flow import CashFlow, net_by_day, running_totals
from chec.finance.returns import annual_irr
from chec.models import (
    BANK,
    Account,
    AccountKind,
    AuditEvent,
    Cause,
    Centre,
    Instrument,
    InstrumentKind,
    Organisation,
    OrganisationKind,
    Role,
    Stage,
    Transfer,
    User,
    Venture,
)
from chec.models.account import OF_AN_INSTRUMENT
from chec.permissions import SYSTEM, system_actor
from chec.queries.accounts import find_account, list_balances
from chec.queries.centres import closed_before

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

on_sqlite = pytest.mark.backend("sqlite")


def load(session: Session, today: date = TODAY) -> Centre:
    seeding.load_demo(session, today, lambda password: f"hash of {password}")
    return session.exec(select(Centre)).one()


def flows_through_the_bank(session: Session, centre: Centre) -> list[tuple[Account, CashFlow]]:
    """Each movement of the bank, with the account on its other side."""
    bank = find_account(session, centre.id, BANK)
    assert bank
    accounts = {account.id: account for account in session.exec(select(Account))}
    transfers = session.exec(select(Transfer))
    return [
        (accounts[t.credit_account_id], CashFlow(t.on, t.pence))
        if t.debit_account_id == bank.id
        else (accounts[t.debit_account_id], CashFlow(t.on, -t.pence))
        for t in transfers
        if bank.id in {t.debit_account_id, t.credit_account_id}
    ]


def rate_of(session: Session, centre: Centre, name: str) -> float | str | None:
    venture = session.exec(select(Venture).where(Venture.name == name)).one()
    flows = flows_through_the_bank(session, centre)
    irr = annual_irr(net_by_day(flow for other, flow in flows if other.venture_id == venture.id))
    return irr.reason or irr.rate


def rows_of(session: Session) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: [
            tuple(row)
            for row in session.execute(
                select(*(c for c in table.c if c.name != "fs_uniquifier")).order_by(
                    *table.primary_key
                )
            )
        ]
        for table in SQLModel.metadata.sorted_tables
    }


def test_the_demo_and_its_example_file_keep_every_invariant(
    session: Session, engine: Engine
) -> None:
    centre = load(session)
    ledger = project_dir("seeds") / "demo" / "ledger.csv"
    for added in (39, 0):
        with ledger.open("rb") as lines:
            done = import_ledger(session, system_actor(NOON), centre, lines)
        assert (done.added_count, done.present_count) == (added, 39 - added)
    session.commit()
    assert database_schema.check(engine) == []


@on_sqlite
@pytest.mark.parametrize("today", [date(2027, 1, 1), date(2028, 2, 29), date(2027, 3, 31)])
def test_whatever_the_day_of_loading_nothing_lies_in_the_future(
    session: Session, today: date
) -> None:
    load(session, today)
    transfers = session.exec(select(Transfer)).all()
    assert max(transfer.on for transfer in transfers) > today - timedelta(days=40)
    for transfer in transfers:
        assert transfer.on < london_day(transfer.recorded_at) < today
    for event in session.exec(select(AuditEvent)):
        assert london_day(event.at) < today


@on_sqlite
def test_money_is_known_within_days_of_its_moving_and_in_that_order(session: Session) -> None:
    load(session)
    transfers = session.exec(select(Transfer).order_by(col(Transfer.id))).all()
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(transfers))
    slow = [t for t in transfers if london_day(t.recorded_at) - t.on > timedelta(days=3)]
    assert [t.reverses_id is not None for t in slow] == [True]


@on_sqlite
def test_the_same_day_of_loading_gives_the_same_rows(session: Session) -> None:
    load(session)
    first = rows_of(session)
    session.rollback()
    load(session)
    assert rows_of(session) == first


@on_sqlite
def test_the_demo_is_loaded_once(session: Session) -> None:
    load(session)
    before = rows_of(session)
    with pytest.raises(RuleBroken, match="The demo is there already: Wren Valley"):
        load(session)
    assert rows_of(session) == before


@on_sqlite
def test_quarters_over_for_two_years_are_closed(session: Session) -> None:
    centre = load(session)
    assert closed_before(session, centre.id) == date(2024, 10, 1)


@on_sqlite
def test_one_mistake_is_mended_by_a_reversal_that_says_why(session: Session) -> None:
    load(session)
    reversal = session.exec(select(Transfer).where(col(Transfer.reverses_id).is_not(None))).one()
    wrong = session.get(Transfer, reversal.reverses_id)
    assert wrong
    assert (reversal.pence, reversal.debit_account_id) == (wrong.pence, wrong.credit_account_id)
    assert "bank statement" in reversal.memo


@on_sqlite
def test_the_bank_is_never_overdrawn(session: Session) -> None:
    centre = load(session)
    flows = [flow for _, flow in flows_through_the_bank(session, centre)]
    assert min(total.pence for total in running_totals(flows)) > 0


@on_sqlite
def test_the_portfolio_is_of_every_kind(session: Session) -> None:
    load(session)
    stages = [venture.stage for venture in session.exec(select(Venture))]
    kinds = [each.kind for each in session.exec(select(Organisation))]
    committed = session.exec(select(Instrument.kind, Instrument.committed_pence)).all()
    assert len(stages) == 8
    assert {Stage.IDEA, Stage.PILOT, Stage.SCALE, Stage.SPIN_OUT, Stage.STOPPED} < set(stages)
    assert kinds.count(OrganisationKind.INVESTOR) == 3
    assert {kind for kind, _ in committed} == set(InstrumentKind)
    assert sum(pence for _, pence in committed) == 320_000_000


@on_sqlite
def test_every_cause_but_those_of_a_finished_spin_out_happened(session: Session) -> None:
    load(session)
    happened = set(session.exec(select(Transfer.cause).distinct()))
    missing = {Cause.SPIN_OUT_PAID, Cause.SPIN_OUT_COMPLETED, Cause.SURPLUS_USED}
    assert happened == set(Cause) - missing


@on_sqlite
def test_some_ventures_do_well_some_poorly_and_one_is_lost(session: Session) -> None:
    centre = load(session)
    good = [rate_of(session, centre, v) for v in ("COPD helpline", "Open-access physiotherapy")]
    assert all(isinstance(rate, float) and 0.10 < rate < 0.25 for rate in good)
    poor = rate_of(session, centre, "Warm dry homes")
    assert isinstance(poor, float)
    assert -0.10 < poor < 0
    assert "only money out" in str(rate_of(session, centre, "Steady on your feet"))
    assert rate_of(session, centre, "Asthma at school") == "no flows"


@on_sqlite
def test_what_the_stopped_venture_lost_is_written_off(session: Session) -> None:
    centre = load(session)
    balances = {b.name: b.balance_pence for b in list_balances(session, SYSTEM, centre.id)}
    assert balances["venture funding: Evening crisis café"] == 0
    assert balances["write-off: Evening crisis café"] > 15_000_000


@on_sqlite
def test_investors_wait_two_years_and_have_most_of_their_money_back_after_four(
    session: Session,
) -> None:
    centre = load(session)
    flows = [
        flow
        for other, flow in flows_through_the_bank(session, centre)
        if other.kind in OF_AN_INSTRUMENT
    ]
    paid_in = sum(flow.pence for flow in flows if flow.pence > 0)
    paid_back = [flow for flow in flows if flow.pence < 0]
    assert date(2024, 11, 1) < min(flow.on for flow in paid_back) < date(2025, 11, 1)
    assert 0.6 < -sum(flow.pence for flow in paid_back) / paid_in < 0.8


@on_sqlite
def test_some_approved_money_is_still_to_come(session: Session) -> None:
    centre = load(session)
    receivable = [
        b.balance_pence
        for b in list_balances(session, SYSTEM, centre.id)
        if b.name.startswith(AccountKind.OUTCOME_RECEIVABLE)
    ]
    assert min(receivable) == 0
    assert sum(receivable) > 10_000_000


@on_sqlite
def test_somebody_can_sign_in_for_every_role(session: Session) -> None:
    sign_ins = seeding.load_demo(session, TODAY, lambda password: f"hash of {password}")
    hashes = {user.email: user.password for user in session.exec(select(User))}
    assert {sign_in.role for sign_in in sign_ins} == set(Role)
    assert {s.email: f"hash of {s.password}" for s in sign_ins} == hashes
    assert min(len(sign_in.password) for sign_in in sign_ins) >= 12
