"""The `chec` command, as it is typed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from chec.cli import main
from chec.db import make_engine, open_session
from chec.models import (
    Centre,
    ClaimState,
    PaymentDecision,
    PaymentVerdict,
    ReturnsRun,
    Transfer,
)
from chec.models.references import reference
from tests import builders, payments
from tests.claim_parts import decide, part_of

Chec = Callable[..., Result]

HEADER = "on,debit,credit,pounds,cause,reference,memo"
GRANT = "2026-03-02,bank,grant income: Fund,1000.00,grant,,First grant"


@pytest.fixture
def chec(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chec:
    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    monkeypatch.setenv("CHEC_DATA_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session, name="Wren Valley")
    builders.an_instrument(session, centre, builders.an_investor(session, name="Fund"))
    session.commit()
    return centre


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.csv"
    path.write_text(f"{HEADER}\n{GRANT}\n")
    return path


def transfers(session: Session) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(Transfer)).one()


@pytest.mark.backend("sqlite")
def test_the_files_of_a_database_are_for_their_owner_only(
    chec: Chec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, before = tmp_path / "backup", os.umask(0o022)
    try:
        assert chec("db", "backup", backup).exit_code == 0
        monkeypatch.delenv("CHEC_DATABASE_URL")
        for folder, command in (("new", ["upgrade"]), ("restored", ["restore", backup, "--yes"])):
            monkeypatch.setenv("CHEC_DATA_DIR", str(tmp_path / folder))
            assert chec("db", *command).exit_code == 0
            with make_engine(f"sqlite:///{tmp_path / folder / 'chec.db'}").begin() as connection:
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
                files = [tmp_path / folder, *(tmp_path / folder).iterdir()]
                assert len(files) == 4, "the folder, the file, its -wal and its -shm"
                assert [each.stat().st_mode & 0o077 for each in files] == [0] * 4
        assert os.umask(0o022) == 0o022, "and who calls it keeps their own"
    finally:
        os.umask(before)


def test_the_database_is_brought_up_to_date_and_checked(chec: Chec) -> None:
    assert chec("db", "upgrade").exit_code == 0
    checked = chec("db", "check")
    assert (checked.exit_code, checked.output.partition(":")[0]) == (0, "All is well")


def test_the_check_finds_what_a_claim_keeps_wrongly(
    chec: Chec, session: Session, centre: Centre
) -> None:
    payer = builders.a_payer(session, name="Fenmoor ICB")
    claim = builders.a_claim(session, builders.a_contract(session, centre, payer))
    decide(session, claim, payer)
    session.commit()
    assert chec("db", "check").exit_code == 0
    part_of(session, claim, payer).paid_pence = 100
    claim.state = ClaimState.PAID
    session.commit()
    checked = chec("db", "check")
    assert checked.exit_code == 1
    assert checked.output.splitlines() == [
        "Error: What Fenmoor ICB has paid of CL-0001 is kept as £1.00, and adds up to £0.00.",
        "CL-0001 is kept as paid, and what its payers decided and paid makes it approved.",
    ]


def test_the_check_finds_a_payment_that_one_person_made_alone(chec: Chec, session: Session) -> None:
    centre = payments.a_centre_with_money(session, limit_pence=0)
    actor = payments.a_director(session, centre)
    tranche = payments.a_tranche(builders.a_venture(session, centre), 5_00)
    request = payments.ask(session, actor, centre, tranche)
    session.commit()
    assert chec("db", "check").exit_code == 0
    session.add(
        PaymentDecision(
            request_id=request.id,
            verdict=PaymentVerdict.APPROVED,
            decided_at=actor.at,
            decided_by_id=actor.user_id,
        )
    )
    session.commit()
    assert chec("db", "check").output.splitlines() == [
        "Error: PR-0001 is kept as approved, of £5.00, and £0.00 was recorded.",
        "PR-0001 was above the limit and was paid without a second person.",
    ]


def test_a_file_is_imported_and_the_second_time_changes_nothing(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    first, second = chec("ledger", "import", file), chec("ledger", "import", file)
    assert first.output == "Wren Valley: 1 transfer added to the ledger.\n"
    assert second.output == "Wren Valley: 0 transfers added to the ledger; 1 in it already.\n"
    assert transfers(session) == 1


def test_a_file_with_a_bad_line_is_refused_whole(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    file.write_text(f"{HEADER}\n{GRANT}\n{GRANT.replace('1000.00', '£1e3')}\n")
    refused = chec("ledger", "import", file)
    assert refused.exit_code == 1
    assert "Line 3, pounds: " in refused.output
    assert "Nothing was imported." in refused.output
    assert transfers(session) == 0


def test_of_several_centres_one_must_be_named(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    builders.a_centre(session, name="Elsewhere")
    session.commit()
    refused = chec("ledger", "import", file)
    assert refused.exit_code == 1
    assert f"--centre {reference('centre', centre.id)}  Wren Valley" in refused.output
    named = chec("ledger", "import", file, "--centre", reference("centre", centre.id))
    assert named.exit_code == 0
    assert transfers(session) == 1


def test_without_a_centre_nothing_can_be_imported(chec: Chec, file: Path) -> None:
    refused = chec("ledger", "import", file)
    assert (refused.exit_code, refused.output) == (1, "Error: There is no centre yet.\n")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "CHEC_DATABASE_URL is no address of a database."),
        ("postgresql://nobody@127.0.0.1:1/nothing", "The database does not answer"),
        ("", "The database is not up to date. Run `chec db upgrade`."),
    ],
)
@pytest.mark.backend("sqlite")
def test_a_database_that_does_not_answer_is_a_sentence(
    chec: Chec, file: Path, monkeypatch: pytest.MonkeyPatch, address: str, says: str
) -> None:
    monkeypatch.setenv("CHEC_DATABASE_URL", address)
    for command in (("ledger", "import", file), ("returns", "run", "--as-of", "2026-10-31")):
        refused = chec(*command)
        assert refused.exit_code == 1
        assert says in refused.output


@pytest.mark.backend("sqlite")
def test_a_bad_file_is_refused_while_somebody_else_writes(
    chec: Chec, engine: Engine, centre: Centre, file: Path
) -> None:
    file.write_text(f"{HEADER}\n{GRANT.replace('1000.00', 'nought')}\n")
    with open_session(engine, write=True) as other:
        other.connection()
        refused = chec("ledger", "import", file)
    assert "Line 2, pounds: " in refused.output


def test_a_file_named_after_a_person_is_refused(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    named = file.rename(file.with_name("943 476 5919.csv"))
    refused = chec("ledger", "import", named)
    assert refused.exit_code == 1
    assert "NHS number" in refused.output
    assert "943" not in refused.output


def test_returns_are_run_once_as_of_a_day(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    chec("ledger", "import", file)
    done = chec("returns", "run", "--as-of", "2026-10-31")
    assert done.output == "Wren Valley: RR-0001 as of 2026-10-31.\n"
    session.rollback()
    assert session.exec(select(ReturnsRun)).one().raised_pence == 100_000


@pytest.mark.parametrize("day", ["2999-01-01", "1999-01-01", "2026-02-30", "yesterday"])
def test_returns_are_not_run_as_of_such_a_day(
    chec: Chec, session: Session, centre: Centre, day: str
) -> None:
    refused = chec("returns", "run", "--as-of", day)
    assert refused.exit_code in {1, 2}
    assert "Traceback" not in refused.output
    session.rollback()
    assert session.exec(select(ReturnsRun)).all() == []
