"""`chec contract value`, as it is typed; it needs no database."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chec.cli import main

FOLDER = Path(__file__).parent / "cases" / "contracts"


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEC_DATABASE_URL", "nonsense://")


def value(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["contract", "value", *map(str, arguments)])


@pytest.mark.parametrize(
    ("case", "file"),
    [
        ("reboot_west", "reboot_west_units.csv"),
        ("i_aspire_lewisham", "i_aspire_lewisham_units.csv"),
        ("fair_chance_ambition", "fair_chance_ambition_units.csv"),
        ("every_field", "every_field_records.csv"),
    ],
)
def test_json_has_what_the_cases_expect(case: str, file: str) -> None:
    result = value(FOLDER / f"{case}.json", FOLDER / file, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    printed = json.loads(result.stdout)
    for removal in printed["removed"]:
        assert removal.pop("why").endswith(".")
    expected = json.loads((FOLDER / f"{case}_expected.json").read_text("utf-8"))
    expected.pop("source", None)
    assert {key: printed[key] for key in expected} == expected
    assert list(printed) == [
        "gross_pence", "payable_pence", "by_payer", "removed", "lines", "warnings",
    ]  # fmt: skip


def test_a_table_says_it_in_pounds() -> None:
    lines = value(FOLDER / "every_field.json", FOLDER / "every_field_records.csv").stdout
    assert "HBA1C-12       10      6  £5,050.00  £2,825.00\n" in lines
    assert "All            18     11  £6,596.67  £3,500.01\n" in lines
    assert "The cap of £2,600.00 for 2024/25 was reached; £200.00 lies above it." in lines
    assert "Mendip Integrated Care Board  £2,300.00\n" in lines


def test_a_warning_is_printed(tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text("measure,units\nM01,1\nM02,2\n")
    lines = value(FOLDER / "fair_chance_ambition.json", counts).stdout
    assert lines.endswith(
        "Warnings\nM02: 2 are more than the 1 of M01 that they follow. Check both counts.\n"
    )


def test_each_fault_of_the_document_has_its_line_and_the_command_fails(tmp_path: Path) -> None:
    contract = tmp_path / "contract.json"
    document = json.loads((FOLDER / "every_field.json").read_text("utf-8"))
    document["cap_pence"], document["colour"] = "5", None
    contract.write_text(json.dumps(document))
    result = value(contract, FOLDER / "every_field_records.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "Error",
        "colour",
        "Nothing was valued.",
    ]


def test_each_fault_of_the_file_has_its_line_and_the_command_fails(tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text("measure,units\nM01,none\nM99,1\n")
    result = value(FOLDER / "reboot_west.json", counts)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Line 2, units: Write a whole number above zero" in result.stderr
    assert "\nLine 3, measure: The contract has no measure “M99”. " in result.stderr
