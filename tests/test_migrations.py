"""The schema that the migrations build."""

import re
from contextlib import AbstractContextManager
from datetime import date
from typing import TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select

from chec import database_schema
from chec.actions.quarters import close_quarter
from chec.database_schema import APPEND_ONLY, FROZEN
from chec.finance.periods import Quarter
from chec.models import (
    Account,
    AccountKind,
    AuditEventKind,
    Cause,
    Centre,
    Claim,
    ClaimDecision,
    ClaimLine,
    ClaimPart,
    ClaimPayment,
    ClaimRecord,
    ClaimRemoval,
    ClaimShare,
    ClaimState,
    Clawback,
    Contract,
    ContractPayer,
    ContractVersion,
    DecisionLine,
    Event,
    FundingAgreement,
    LineBasis,
    PartState,
    PaymentDecision,
    PaymentKind,
    PaymentRequest,
    PaymentTransfer,
    PaymentVerdict,
    RecordShare,
    RemovalStep,
    ReturnsResult,
    ReturnsRun,
    Subject,
    Transfer,
    TransferCause,
    Valuation,
)
from tests import builders
from tests.databases import add_a_foreign_trigger

Row = TypeVar("Row", bound=SQLModel)


def refused() -> AbstractContextManager[object]:
    """The trigger has to say no."""
    return pytest.raises(sa.exc.DBAPIError, match="append-only")


def test_all_is_well_in_a_new_database(engine: Engine) -> None:
    assert database_schema.check(engine) == []


def test_all_is_well_in_a_database_in_use(engine: Engine, session: Session) -> None:
    builders.a_transfer(session, builders.a_centre(session))
    session.commit()
    assert database_schema.check(engine) == []


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    database_schema.upgrade(engine)
    assert database_schema.check(engine) == []


def test_vocabularies_are_what_the_code_knows(session: Session) -> None:
    assert {row.code for row in session.exec(select(TransferCause))} == set(Cause)
    assert {row.code for row in session.exec(select(AuditEventKind))} == set(Event)


def test_each_check_lists_the_values_of_its_enum(engine: Engine) -> None:
    inspector = sa.inspect(engine)
    compared = 0
    for table in SQLModel.metadata.sorted_tables:
        found = inspector.get_check_constraints(table.name)
        checks = {str(check["name"]): str(check["sqltext"]) for check in found}
        for column in table.columns:
            if isinstance(column.type, sa.Enum):
                listed = re.findall(r"'((?:[^']|'')*)'", checks[str(column.type.name)])
                assert {value.replace("''", "'") for value in listed} == set(column.type.enums)
                compared += 1
    assert compared > 5


@pytest.mark.parametrize("forbidden", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}"])
def test_what_was_written_stays(engine: Engine, session: Session, forbidden: str) -> None:
    _a_row_in_each(session)
    session.commit()
    for table in APPEND_ONLY:
        key = SQLModel.metadata.tables[table].primary_key.columns[0].name
        with refused(), engine.begin() as connection:
            connection.execute(sa.text(forbidden.format(table=table, key=key)))


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("pragma", ["ON", "OFF"])
def test_nothing_is_replaced_even_where_the_connection_is_not_ours(
    engine: Engine, session: Session, pragma: str
) -> None:
    _a_row_in_each(session)
    session.commit()
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql(f"PRAGMA recursive_triggers={pragma}")
        for table in APPEND_ONLY:
            with refused():
                connection.exec_driver_sql(f"REPLACE INTO {table} SELECT * FROM {table}")
        connection.exec_driver_sql("BEGIN")


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("table", ["quarter_close", "transfer"])
def test_nothing_is_replaced_by_another_key_than_its_own(
    engine: Engine, session: Session, table: str
) -> None:
    names = [f'"{column.name}"' for column in SQLModel.metadata.tables[table].columns]
    columns = ", ".join(name for name in names if name != '"id"')
    _a_row_in_each(session)
    session.commit()
    with refused(), engine.begin() as connection:
        connection.execute(
            sa.text(f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}")
        )


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "DROP INDEX one_account_of_a_kind",
            "account: the index one_account_of_a_kind is missing.",
        ),
        ("DROP TABLE returns_result", "The table returns_result is missing."),
    ],
)
def test_what_was_taken_away_is_missed(engine: Engine, statement: str, says: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert says in database_schema.check(engine)


@pytest.mark.backend("sqlite")
def test_a_trigger_is_missed_for_which_another_would_answer(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER transfer_no_replace"))
    assert database_schema.check(engine) == ["The trigger transfer_no_replace is missing."]


@pytest.mark.backend("postgresql")
def test_a_check_is_missed(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE transfer DROP CONSTRAINT pence_is_positive"))
    says = "transfer: the CHECK pence_is_positive is missing."
    assert database_schema.check(engine) == [says]


@pytest.mark.backend("postgresql")
def test_nothing_is_truncated(engine: Engine) -> None:
    for table in APPEND_ONLY:
        with refused(), engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("forbidden", ["UPDATE {table} SET id = id", "DELETE FROM {table}"])
@pytest.mark.parametrize("table", FROZEN)
def test_what_a_claim_was_valued_at_is_fixed(
    engine: Engine, session: Session, table: str, forbidden: str
) -> None:
    line = _a_decided_claim(session, builders.a_centre(session))
    unvalued = ClaimLine(claim_id=line.claim_id, measure="N", basis=LineBasis.COUNTS, units=1)
    session.add(unvalued)
    session.commit()
    with pytest.raises(sa.exc.DBAPIError, match="is fixed"), engine.begin() as connection:
        connection.execute(sa.text(forbidden.format(table=table)))
    unvalued.units = 2
    session.commit()
    session.delete(unvalued)
    session.commit()


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("pragma", ["ON", "OFF"])
def test_what_a_claim_was_valued_at_is_not_replaced(
    engine: Engine, session: Session, pragma: str
) -> None:
    _a_decided_claim(session, builders.a_centre(session))
    session.commit()
    by_its_measure = "claim_id, measure, basis, units"
    copies = [f"INTO claim_line ({by_its_measure}) SELECT {by_its_measure} FROM claim_line"]
    copies += [f"INTO {table} SELECT * FROM {table}" for table in FROZEN]
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql(f"PRAGMA recursive_triggers={pragma}")
        for copy in copies:
            with pytest.raises(sa.exc.DBAPIError, match="is fixed"):
                connection.exec_driver_sql(f"REPLACE {copy}")
        connection.exec_driver_sql("BEGIN")


def test_a_trigger_of_what_is_fixed_is_missed(engine: Engine) -> None:
    triggers, on = {
        "sqlite": (["claim_line_fixed_update", "claim_line_fixed_replace"], ""),
        "postgresql": (["claim_line_fixed"], " ON claim_line"),
    }[engine.dialect.name]
    with engine.begin() as connection:
        for trigger in triggers:
            connection.execute(sa.text(f"DROP TRIGGER {trigger}{on}"))
    assert database_schema.check(engine) == [f"The trigger {each} is missing." for each in triggers]


def test_a_transfer_needs_accounts_of_its_own_centre(engine: Engine, session: Session) -> None:
    transfer = builders.a_transfer(session, builders.a_centre(session))
    other = builders.a_centre(session)
    session.add(
        Transfer(
            **transfer.model_dump(exclude={"id", "centre_id", "idempotency_key"}),
            centre_id=other.id,
            idempotency_key="elsewhere",
        )
    )
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


def test_an_account_is_of_a_venture_of_its_own_centre(session: Session) -> None:
    venture = builders.a_venture(session, builders.a_centre(session))
    other = builders.a_centre(session)
    session.add(
        Account(centre_id=other.id, kind=AccountKind.VENTURE_FUNDING, venture_id=venture.id)
    )
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


def test_an_account_opens_once(engine: Engine, session: Session) -> None:
    builders.a_transfer(session, builders.a_centre(session))
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(
            sa.text("INSERT INTO account (centre_id, kind) SELECT centre_id, kind FROM account")
        )


def test_a_trigger_that_is_gone_is_missed(engine: Engine, session: Session) -> None:
    builders.a_transfer(session, builders.a_centre(session))
    session.commit()
    drop = {
        "sqlite": "DROP TRIGGER transfer_no_update",
        "postgresql": "DROP TRIGGER transfer_no_change ON transfer",
    }
    with engine.begin() as connection:
        connection.execute(sa.text(drop[engine.dialect.name]))
    problems = database_schema.check(engine)
    assert any("trigger on transfer does not hold: UPDATE" in problem for problem in problems)


def test_a_trigger_of_others_is_named(engine: Engine) -> None:
    add_a_foreign_trigger(engine)
    assert database_schema.check(engine) == [
        "The trigger evil was made by no migration: it may change what is written. Find out who"
        " made it, and drop it."
    ]


def test_an_orphan_is_found(engine: Engine, session: Session) -> None:
    builders.a_transfer(session, builders.a_centre(session))
    session.commit()
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text("DELETE FROM centre"))
        connection.commit()
    problems = database_schema.check(engine)
    assert "transfer: 1 rows point to a row of centre that is not there." in problems


def test_a_column_that_the_models_do_not_know_is_found(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE venture ADD COLUMN mascot VARCHAR"))
    assert any("mascot" in problem for problem in database_schema.check(engine))


def test_an_empty_database_is_told_from_a_broken_one(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE alembic_version RENAME TO gone"))
    assert database_schema.check(engine) == ["The database is empty. Run `chec db upgrade`."]


def _a_row_in_each(session: Session) -> None:
    """A row in every append-only table: SQLite asks its triggers about rows only."""
    centre = builders.a_centre(session)
    builders.a_transfer(session, centre)
    close_quarter(session, builders.an_actor(), centre, Quarter(2025, 1))
    run = ReturnsRun(
        centre_id=centre.id,
        as_of=date(2026, 10, 31),
        known_at=builders.NOW,
        method_version="1",
        fingerprint="",
        computed_at=builders.NOW,
        transfer_count=0,
        last_transfer_id=0,
        raised_pence=0,
        funded_pence=0,
        earned_pence=0,
        paid_back_pence=0,
        running_cost_pence=0,
        receivable_pence=0,
        bank_pence=0,
    )
    session.add(run)
    session.flush()
    session.add(
        ReturnsResult(
            run_id=run.id,
            subject=Subject.CENTRE,
            valuation=Valuation.REALISED,
            paid_in_pence=0,
            distributed_pence=0,
            value_pence=0,
            flow_count=0,
        )
    )
    session.flush()
    _a_decided_claim(session, centre)
    _a_payment(session, centre)


def _a_payment(session: Session, centre: Centre) -> None:
    """A row in every table of payment requests."""
    request = PaymentRequest(
        centre_id=centre.id,
        kind=PaymentKind.DISTRIBUTION,
        pence=1,
        on=date(2026, 10, 31),
        limit_pence=0,
        requested_at=builders.NOW,
        idempotency_key="payment:1",
    )
    session.add(request)
    session.flush()
    verdict = PaymentVerdict.APPROVED
    session.add(PaymentDecision(request_id=request.id, verdict=verdict, decided_at=builders.NOW))
    moved = builders.a_transfer(session, centre, on=request.on)
    session.add(PaymentTransfer(transfer_id=moved.id, request_id=request.id))
    session.flush()


def _a_decided_claim(session: Session, centre: Centre) -> ClaimLine:
    """Rows for every table of contracts and claims, of the shapes that the schema asks for."""
    venture, payer = builders.a_venture(session, centre), builders.a_payer(session)

    def add(row: Row) -> Row:
        session.add(row)
        session.flush()
        return row

    day, now = date(2026, 10, 31), builders.NOW
    contract = add(Contract(centre_id=centre.id, reference="WREN"))
    add(
        ContractVersion(
            contract_id=contract.id,
            number=1,
            title="",
            starts_on=day,
            ends_on=day,
            document="{}",
            recorded_at=now,
        )
    )
    add(ContractPayer(contract_id=contract.id, payer_id=payer.id, named="ICB"))
    claim = add(
        Claim(
            centre_id=centre.id,
            contract_id=contract.id,
            venture_id=venture.id,
            starts_on=day,
            ends_before=date(2026, 11, 1),
            state=ClaimState.SUBMITTED,
            prepared_at=now,
            payable_pence=1,
        )
    )
    line = add(ClaimLine(claim_id=claim.id, measure="M", basis=LineBasis.RECORDS, units=1))
    line.payable_pence = 1
    record = add(ClaimRecord(line_id=line.id, person="p1", achieved_on=day, payable_pence=1))
    add(ClaimRemoval(claim_id=claim.id, step=RemovalStep.PAYER, units=0, pence=1, why="Cut."))
    add(ClaimShare(claim_id=claim.id, measure="M", financial_year=2026, payer_id=payer.id, pence=1))
    add(RecordShare(record_id=record.id, payer_id=payer.id, pence=1))
    state = PartState.APPROVED
    part = add(
        ClaimPart(claim_id=claim.id, payer_id=payer.id, asked_pence=1, asked_on=day, state=state)
    )
    moved = builders.a_transfer(session, centre, on=day).id
    decision = add(
        ClaimDecision(
            part_id=part.id,
            state=state,
            approved_pence=1,
            decided_on=day,
            decided_at=now,
            transfer_id=moved,
        )
    )
    add(DecisionLine(decision_id=decision.id, line_id=line.id, pence=1))
    add(ClaimPayment(part_id=part.id, transfer_id=moved))
    add(
        Clawback(
            part_id=part.id,
            line_id=line.id,
            financial_year=2026,
            units=1,
            pence=1,
            reason="",
            clawed_back_on=day,
            recorded_at=now,
            transfer_id=moved,
        )
    )
    add(
        FundingAgreement(
            centre_id=centre.id,
            venture_id=venture.id,
            promised_pence=1,
            agreed_on=day,
            milestones="",
            recorded_at=now,
            idempotency_key="funding:1",
        )
    )
    return line
