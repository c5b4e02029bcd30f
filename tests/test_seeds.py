from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select

from chec import database_schema, seeding
from chec.actions.ledger_imports import import_ledger
from chec.clock import london_day
from chec.config import project_dir
from chec.errors import RuleBroken
from chec.finance.cash_flow import CashFlow, net_by_day, running_totals
from chec.finance.periods import quarter_of
from chec.finance.returns import annual_irr
from chec.models import (
    BANK,
    Account,
    AccountKind,
    AuditEvent,
    Cause,
    Centre,
    Claim,
    ClaimState,
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
from tests.demo import demo_centres, demo_run

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

on_sqlite = pytest.mark.backend("sqlite")


def load(session: Session, today: date = TODAY) -> Centre:
    """The invented centre; the other one is loaded too."""
    seeding.load_demo(session, today, lambda password: f"hash of {password}")
    return demo_centres(session)[0]


def flows_through_the_bank(session: Session, centre: Centre) -> list[tuple[Account, CashFlow]]:
    """Each movement of the bank, with the account on its other side."""
    bank = find_account(session, centre.id, BANK)
    assert bank
    accounts = {account.id: account for account in session.exec(select(Account))}
    transfers = session.exec(select(Transfer).where(Transfer.centre_id == centre.id))
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
    for added in (23, 0):
        with ledger.open("rb") as lines:
            done = import_ledger(session, system_actor(NOON), centre, lines)
        assert (done.added_count, done.present_count) == (added, 23 - added)
    session.commit()
    assert database_schema.check(engine) == []


@on_sqlite
@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2027, 4, 1), date(2030, 12, 31)])
def test_whatever_the_day_of_loading_every_claim_is_told_and_nothing_lies_in_the_future(
    session: Session, engine: Engine, today: date
) -> None:
    load(session, today)
    session.commit()
    transfers = session.exec(select(Transfer)).all()
    assert max(transfer.on for transfer in transfers) > today - timedelta(days=40)
    for transfer in transfers:
        assert transfer.on <= london_day(transfer.recorded_at) < today
    for event in session.exec(select(AuditEvent)):
        assert london_day(event.at) < today
    assert set(session.exec(select(Claim.state).distinct())) == set(ClaimState)
    session.rollback()
    assert database_schema.check(engine) == []


@on_sqlite
def test_the_same_day_of_loading_gives_the_same_rows(session: Session) -> None:
    load(session)
    first = rows_of(session)
    session.rollback()
    load(session)
    assert rows_of(session) == first


@on_sqlite
def test_money_is_known_within_days_of_its_moving_and_in_that_order(demo_session: Session) -> None:
    centre, _ = demo_centres(demo_session)
    own = select(Transfer).where(Transfer.centre_id == centre.id)
    transfers = demo_session.exec(own.order_by(col(Transfer.id))).all()
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(transfers))
    slow = [t for t in transfers if london_day(t.recorded_at) - t.on > timedelta(days=3)]
    assert [t.reverses_id is not None for t in slow] == [True]


@on_sqlite
def test_the_demo_is_loaded_once(demo_session: Session) -> None:
    before = rows_of(demo_session)
    with pytest.raises(RuleBroken, match="The demo is there already: Wren Valley"):
        load(demo_session)
    assert rows_of(demo_session) == before


@on_sqlite
def test_quarters_over_for_half_a_year_are_closed(demo_session: Session) -> None:
    today = demo_run(demo_session).as_of + timedelta(days=1)
    months = 12 * today.year + today.month - 1 - 6
    half_a_year_ago = quarter_of(date(months // 12, months % 12 + 1, 1))
    for centre in demo_centres(demo_session):
        assert closed_before(demo_session, centre.id) == half_a_year_ago.starts_on


@on_sqlite
def test_one_mistake_is_mended_by_a_reversal_that_says_why(demo_session: Session) -> None:
    reversals = select(Transfer).where(col(Transfer.reverses_id).is_not(None))
    reversal = demo_session.exec(reversals).one()
    wrong = demo_session.get(Transfer, reversal.reverses_id)
    assert wrong
    assert (reversal.pence, reversal.debit_account_id) == (wrong.pence, wrong.credit_account_id)
    assert "bank statement" in reversal.memo


@on_sqlite
def test_the_bank_is_never_overdrawn(demo_session: Session) -> None:
    centre, _ = demo_centres(demo_session)
    flows = [flow for _, flow in flows_through_the_bank(demo_session, centre)]
    assert min(total.pence for total in running_totals(flows)) > 0


@on_sqlite
def test_the_portfolio_is_of_every_kind(demo_session: Session) -> None:
    centre, _ = demo_centres(demo_session)
    own = select(Venture.stage).where(Venture.centre_id == centre.id)
    stages = demo_session.exec(own).all()
    kinds = [each.kind for each in demo_session.exec(select(Organisation))]
    committed = demo_session.exec(select(Instrument.kind, Instrument.committed_pence)).all()
    assert len(stages) == 8
    assert {Stage.IDEA, Stage.PILOT, Stage.SCALE, Stage.SPIN_OUT, Stage.STOPPED} < set(stages)
    assert kinds.count(OrganisationKind.INVESTOR) == 3
    assert {kind for kind, _ in committed} == set(InstrumentKind)
    assert sum(pence for _, pence in committed) == 320_000_000


@on_sqlite
def test_every_cause_happened_but_a_finished_spin_out_and_what_was_not_needed(
    demo_session: Session,
) -> None:
    happened = set(demo_session.exec(select(Transfer.cause).distinct()))
    missing = {
        Cause.SPIN_OUT_PAID,
        Cause.SPIN_OUT_COMPLETED,
        Cause.SURPLUS_USED,
        Cause.GIVEN_UP,
    }
    assert happened == set(Cause) - missing


@on_sqlite
def test_some_ventures_do_well_some_poorly_and_one_is_lost(demo_session: Session) -> None:
    centre, _ = demo_centres(demo_session)
    names = ("COPD helpline", "Open-access physiotherapy")
    good = [rate_of(demo_session, centre, name) for name in names]
    assert all(isinstance(rate, float) and 0.10 < rate < 0.25 for rate in good)
    poor = rate_of(demo_session, centre, "Warm dry homes")
    assert isinstance(poor, float)
    assert -0.10 < poor < 0
    assert "only money out" in str(rate_of(demo_session, centre, "Steady on your feet"))
    assert rate_of(demo_session, centre, "Asthma at school") == "no flows"


@on_sqlite
def test_what_the_stopped_venture_lost_is_written_off(demo_session: Session) -> None:
    centre, _ = demo_centres(demo_session)
    balances = {b.name: b.balance_pence for b in list_balances(demo_session, SYSTEM, centre.id)}
    assert balances["venture funding: Evening crisis café"] == 0
    assert balances["write-off: Evening crisis café"] > 15_000_000


@on_sqlite
def test_investors_wait_two_years_and_have_most_of_their_money_back_after_four(
    demo_session: Session,
) -> None:
    centre, _ = demo_centres(demo_session)
    flows = [
        flow
        for other, flow in flows_through_the_bank(demo_session, centre)
        if other.kind in OF_AN_INSTRUMENT
    ]
    paid_in = sum(flow.pence for flow in flows if flow.pence > 0)
    paid_back = [flow for flow in flows if flow.pence < 0]
    waited = min(flow.on for flow in paid_back) - centre.opened_on
    assert timedelta(days=730) < waited < timedelta(days=1095)
    assert 0.6 < -sum(flow.pence for flow in paid_back) / paid_in < 0.8


@on_sqlite
def test_some_approved_money_is_still_to_come(demo_session: Session) -> None:
    centre, _ = demo_centres(demo_session)
    receivable = [
        b.balance_pence
        for b in list_balances(demo_session, SYSTEM, centre.id)
        if b.name.startswith(AccountKind.OUTCOME_RECEIVABLE)
    ]
    assert min(receivable) == 0
    assert sum(receivable) > 10_000_000


@on_sqlite
def test_somebody_can_sign_in_for_every_role(demo_session: Session) -> None:
    sign_ins = seeding.list_sign_ins()
    users = demo_session.exec(select(User)).all()
    hashed = {user.email: user.password for user in users}
    assert {sign_in.role for sign_in in sign_ins} == set(Role)
    assert {sign_in.email for sign_in in sign_ins} == hashed.keys()
    for each in sign_ins:
        assert len(each.password) >= 12
        assert PasswordHasher().verify(hashed[each.email], each.password)
