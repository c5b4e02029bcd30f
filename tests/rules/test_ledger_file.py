"""A ledger file is read strictly, and everything wrong is named where it is."""

from collections import Counter
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chec.errors import RuleBroken
from chec.models import BANK, AccountKey, AccountKind, Cause
from chec.rules.account_name import Directory
from chec.rules.ledger_file import Line, read_ledger_file
from chec.rules.posting import Entry

DIRECTORY = Directory({"Warm homes": 2}, {}, {}, {})
HEADER = "on,debit,credit,pounds,cause,reference,memo"
SOUND = '2026-10-31,venture funding: Warm homes,bank,"1,250.50",tranche,PO-7,First tranche'
ENTRY = Entry(
    date(2026, 10, 31),
    AccountKey(AccountKind.VENTURE_FUNDING, venture_id=2),
    BANK,
    125_050,
    Cause.TRANCHE,
    "PO-7",
    "First tranche",
)


def read(text: str | bytes) -> list[Line]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(read_ledger_file(content.splitlines(keepends=True), DIRECTORY))


def refusal(text: str | bytes) -> str:
    with pytest.raises(RuleBroken) as refused:
        read(text)
    return str(refused.value)


def faults(row: str) -> dict[str, str]:
    [line] = read(f"{HEADER}\n{row}")
    assert line.number == 2
    assert isinstance(line.says, list)
    return {fault.field: fault.reason for fault in line.says}


def test_a_sound_line_is_an_entry() -> None:
    assert read(f"{HEADER}\n{SOUND}\n") == [Line(2, ENTRY)]


def test_columns_come_in_any_order_and_case() -> None:
    header = "Memo,Reference,Cause,Pounds,Credit,Debit,On"
    [line] = read(f"{header}\nx,,tranche,1,bank,venture funding: Warm homes,2026-10-31")
    assert isinstance(line.says, Entry)
    assert (line.says.pence, line.says.memo) == (100, "x")


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read(b"\xef\xbb\xbf" + f"{HEADER}\n{SOUND}".encode()) == [Line(2, ENTRY)]


def test_windows_line_ends_and_blank_lines_do_no_harm() -> None:
    assert read(f"{HEADER}\r\n\r\n{SOUND}\r\n,,,,,,\r\n") == [Line(3, ENTRY)]


def test_a_line_is_counted_as_the_file_has_it() -> None:
    quoted = SOUND.replace("First tranche", '"First\ntranche"')
    assert [line.number for line in read(f"{HEADER}\n{quoted}\n{SOUND}")] == [2, 4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty"),
        ("é,£".encode("cp1252"), "Line 1: This is not in UTF-8"),
        (f"{HEADER}\n{SOUND}".encode("utf-16"), "UTF-16"),
        (b"\0", "Line 1: This holds a NUL"),
        (b'"on', "A quotation mark may be open"),
        (HEADER.replace(",", ";").encode(), "parted by semicolons"),
        (HEADER.replace(",", "\t").encode(), "parted by tabs"),
        (b"on,debit,credit,pounds,cause,memo\n", "The column “reference” is missing"),
        (f"{HEADER},memo\n".encode(), "The column “memo” is there twice"),
        (f"{HEADER},notes\n".encode(), "1 of the columns"),
    ],
)
def test_a_file_that_cannot_be_read_says_how_to_save_it(content: bytes, says: str) -> None:
    assert says in refusal(content)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("£".encode("cp1252"), "not in UTF-8"),
        (b"\0", "NUL"),
        (b'"open, quotation\n', "A quotation mark may be open"),
    ],
)
def test_what_is_wrong_before_an_unreadable_line_is_not_forgotten(line: bytes, says: str) -> None:
    bad = SOUND.replace("tranche", "trench", 1)
    sound, wrong, last = read(f"{HEADER}\n{SOUND}\n{bad}\n".encode() + line + b"\nx")
    assert sound.says == ENTRY
    assert isinstance(wrong.says, list)
    assert isinstance(last.says, list)
    assert [fault.field for fault in wrong.says + last.says] == ["cause", "cells"]
    assert last.number == 4
    assert says in last.says[0].reason


class Counted(dict[str, int]):
    """Counts how often each name was asked for."""

    def __init__(self, names: dict[str, int]) -> None:
        super().__init__(names)
        self.asked: Counter[object] = Counter()

    def __contains__(self, name: object) -> bool:
        self.asked[name] += 1
        return super().__contains__(name)


def test_a_name_is_looked_up_once_however_often_it_is_wrong() -> None:
    ventures = Counted({"Warm homes": 2})
    wrong = SOUND.replace("Warm homes", "Warm hoems")
    lines = f"{HEADER}\n{wrong}\n{wrong}\n{SOUND}\n{SOUND}".encode().splitlines(keepends=True)
    assert len(list(read_ledger_file(lines, Directory(ventures, {}, {}, {})))) == 4
    assert ventures.asked == {"Warm hoems": 1, "Warm homes": 1}


@pytest.mark.parametrize(
    ("cell", "column", "says"),
    [
        ("31/10/2026", "on", "such as 2026-10-31"),
        ("20261031", "on", "such as 2026-10-31"),
        ("2026-02-30", "on", "not a day of the calendar"),
        ("", "on", "such as 2026-10-31"),
        ("venture funding: Warm hoems", "debit", "Did you mean “Warm homes”?"),
        ("=bank", "credit", "This centre has no account"),
        ("£1e3", "pounds", "digits"),
        ("-5", "pounds", "above zero"),
        ("0.00", "pounds", "above zero"),
        ("1.234", "pounds", "penny"),
        ("=1+1", "pounds", "formula"),
        ("payed", "cause", "no such cause"),
    ],
)
def test_a_cell_that_is_wrong_says_how_to_mend_it(cell: str, column: str, says: str) -> None:
    place = HEADER.split(",").index(column)
    cells = ["2026-10-31", "venture funding: Warm homes", "bank", "5", "tranche", "", ""]
    cells[place] = cell
    found = faults(",".join(cells))
    assert list(found) == [column]
    assert says in found[column]


def test_everything_wrong_with_a_line_is_said_at_once() -> None:
    assert list(faults("yesterday,bnak,bank,nought,tranche,,")) == ["on", "debit", "pounds"]


def test_a_line_with_a_cell_too_many_says_so() -> None:
    assert "There are 8 cells, not 7" in faults(f"{SOUND},x")["cells"]


@pytest.mark.parametrize("column", ["on", "debit", "credit", "cause", "reference", "memo"])
def test_an_nhs_number_is_refused_in_any_cell_and_never_repeated(column: str) -> None:
    cells = dict.fromkeys(HEADER.split(","), "") | {column: "943 476 5919"}
    found = faults(",".join(cells.values()))
    assert list(found) == [column]
    assert "NHS number" in found[column]
    assert "943" not in found[column]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    with suppress(RuleBroken):
        assert all(line.says for line in read(HEADER.encode() + b"\n" + content))
