"""`chec contract import`, `chec contract export`, and what `chec db check` says of contracts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlmodel import Session, select

from chec.cli import main
from chec.models import Centre, Contract, ContractVersion, MeasureUse
from chec.models.references import reference
from tests import builders

Chec = Callable[..., Result]


@pytest.fixture
def chec(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chec:
    monkeypatch.setenv("CHEC_DATABASE_URL", database_url)
    monkeypatch.setenv("CHEC_DATA_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session, name="Wren Valley")
    session.commit()
    return centre


@pytest.fixture
def file(tmp_path: Path) -> Path:
    payers = [{"organisation": "Fenmoor ICB", "share": 1}]
    document = builders.a_contract_document(reference="WREN-COPD", title="Santé", payers=payers)
    path = tmp_path / "contract.json"
    path.write_bytes(f"{json.dumps(json.loads(document), indent=1)}\r\n\n".encode())
    return path


def versions(session: Session) -> int:
    session.rollback()
    return len(session.exec(select(ContractVersion)).all())


def test_a_contract_is_imported_and_the_second_time_changes_nothing(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    first, second = chec("contract", "import", file), chec("contract", "import", file)
    assert first.output.splitlines() == [
        "Wren Valley: WREN-COPD, Santé, imported as version 1.",
        "1 measure, paid by Fenmoor ICB.",
        "Added as a commissioner: Fenmoor ICB.",
    ]
    assert second.output == (
        "Wren Valley has this document already, as version 1. Nothing changed.\n"
    )
    assert versions(session) == 1


def test_what_was_imported_comes_out_byte_for_byte(
    chec: Chec, session: Session, centre: Centre, file: Path, tmp_path: Path
) -> None:
    chec("contract", "import", file)
    shown = chec("contract", "export", "WREN-COPD")
    assert shown.stdout_bytes == file.read_bytes()
    new = tmp_path / "new.json"
    assert chec("contract", "export", "WREN-COPD", new).exit_code == 0
    assert new.read_bytes() == file.read_bytes()


def test_a_file_that_is_there_is_not_overwritten(
    chec: Chec, session: Session, centre: Centre, file: Path, tmp_path: Path
) -> None:
    chec("contract", "import", file)
    there = tmp_path / "there.json"
    there.write_text("mine")
    refused = chec("contract", "export", "WREN-COPD", there)
    assert refused.exit_code == 1
    assert "there.json: File exists. Name a new file." in refused.output
    assert there.read_text() == "mine"


def test_a_contract_that_is_not_there_is_not_exported(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    none = chec("contract", "export", "WREN-COPD")
    assert (none.exit_code, none.output) == (
        1,
        "Error: Wren Valley has no such contract. It has: none yet.\n",
    )
    chec("contract", "import", file)
    assert "It has: WREN-COPD." in chec("contract", "export", "COPD").output


def test_every_fault_has_its_line_and_nothing_is_half_done(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    document = json.loads(file.read_bytes())
    document["colour"] = "blue"
    document["payers"][0]["share"] = "0.99"
    file.write_text(json.dumps(document))
    refused = chec("contract", "import", file)
    assert refused.exit_code == 1
    first, second, after = refused.output.splitlines()
    assert {first.removeprefix("Error: ").split(":")[0], second.split(":")[0]} == {
        "payers",
        "colour",
    }
    assert after == "Nothing was imported."
    assert versions(session) == 0


def test_a_file_that_is_no_text_is_refused(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    file.write_bytes(b"\x80\x00")
    assert "not in UTF-8" in chec("contract", "import", file).output


def test_of_several_centres_one_is_named(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    other = builders.a_centre(session, name="Elsewhere")
    session.commit()
    assert "Say which centre is meant:" in chec("contract", "import", file).output
    named = ("--centre", reference("centre", other.id))
    assert chec("contract", "import", file, *named).exit_code == 0
    assert chec("contract", "export", "WREN-COPD", *named).stdout_bytes == file.read_bytes()


def test_the_check_adds_up_what_is_used(
    chec: Chec, session: Session, centre: Centre, file: Path
) -> None:
    chec("contract", "import", file)
    assert chec("db", "check").exit_code == 0
    [contract] = session.exec(select(Contract)).all()
    session.add(MeasureUse(contract_id=contract.id, measure="M01", held_units=1))
    session.commit()
    wrong = chec("db", "check")
    assert (wrong.exit_code, wrong.output) == (
        1,
        "Error: What is used of contract WREN-COPD (CN-0001) is not what its claims add up to.\n",
    )
