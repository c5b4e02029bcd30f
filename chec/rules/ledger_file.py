"""A ledger file, as people keep it in a spreadsheet, read strictly.

Comma-separated UTF-8 whose first line names the columns `on,debit,credit,pounds,cause,reference,
memo`, in any order. Dates are ISO (2026-10-31), amounts pounds, accounts as `account_name.py` has
them. Everything wrong is named by line, column and reason; nothing is guessed.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from chec.errors import RuleBroken
from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers
from chec.finance.money import parse_pounds
from chec.models import AccountKey, Cause
from chec.rules.account_name import Directory, UnknownAccount, account_key
from chec.rules.posting import Entry, Fault

COLUMNS = ("on", "debit", "credit", "pounds", "cause", "reference", "memo")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
MOST_SUGGESTIONS = 200
"""Looking for what was meant takes long, and only so many faults are shown."""

_AS_UTF_8 = "Save the file as “CSV UTF-8 (comma-delimited)” and try again."


class Line(NamedTuple):
    """What a line of the file says, or everything wrong with it. Line 1 names the columns."""

    number: int
    says: Entry | list[Fault]


class _Unreadable(Exception):
    """From this line on the file cannot be read."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


def read_ledger_file(lines: Iterable[bytes], directory: Directory) -> Iterator[Line]:
    """Each line of the file, blank ones left out, in order.

    A line from which on nothing can be read is the last. Raises RuleBroken where that is the
    first, or where its columns are not those above.
    """
    rows = csv.reader(_decoded(lines), strict=True)
    try:
        header = _next_row(rows, 1)
    except _Unreadable as unreadable:
        raise RuleBroken(f"Line {unreadable.number}: {unreadable}") from None
    if header is None:
        raise RuleBroken(f"The file is empty. Its first line must be {','.join(COLUMNS)}.")
    columns = [name.strip().lower() for name in header]
    _check_columns(columns)
    account = _remembering(directory)
    try:
        while (row := _next_row(rows, number := rows.line_num + 1)) is not None:
            if any(cell.strip() for cell in row):
                yield _read_line(number, columns, row, account)
    except _Unreadable as unreadable:
        yield Line(unreadable.number, [Fault("cells", str(unreadable))])


def _remembering(directory: Directory) -> Callable[[str], AccountKey]:
    """Reads the name of an account; the same name again, also a wrong one, costs nothing."""
    read: dict[str, AccountKey] = {}
    refused: dict[str, str] = {}

    def account(name: str) -> AccountKey:
        if name in refused:
            raise UnknownAccount(refused[name])
        if name not in read:
            try:
                read[name] = account_key(name, directory)
            except UnknownAccount as unknown:
                few = len(refused) < MOST_SUGGESTIONS
                refused[name] = unknown.suggesting() if few else str(unknown)
                raise UnknownAccount(refused[name]) from None
        return read[name]

    return account


def _next_row(rows: Iterator[list[str]], number: int) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error:
        raise _Unreadable(
            number,
            "This cannot be read as comma-separated cells. A quotation mark may be open: write a"
            " quotation mark inside a cell twice, or leave it out.",
        ) from None


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number == 1 and line.startswith(_UTF_16):
            raise _Unreadable(number, f"The file is in UTF-16 (“Unicode text”). {_AS_UTF_8}")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise _Unreadable(number, f"This is not in UTF-8. {_AS_UTF_8}") from None
        if "\0" in text:
            raise _Unreadable(number, f"This holds a NUL character. {_AS_UTF_8}")
        yield text


def _check_columns(columns: list[str]) -> None:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and separator in columns[0]:
            raise RuleBroken(f"The cells are parted by {name}. Part them by commas. {_AS_UTF_8}")
    reasons = [f"The column “{name}” is missing." for name in COLUMNS if name not in columns]
    reasons += [f"The column “{n}” is there twice." for n in COLUMNS if columns.count(n) > 1]
    unknown = sum(name not in COLUMNS for name in columns)
    if unknown:
        reasons.append(f"{unknown} of the columns have names that mean nothing here. Remove them.")
    if reasons:
        raise RuleBroken([*reasons, f"The first line must be {','.join(COLUMNS)}."])


def _read_line(
    number: int, columns: list[str], row: list[str], account: Callable[[str], AccountKey]
) -> Line:
    if len(row) != len(columns):
        reason = f"There are {len(row)} cells, not {len(columns)}. Quote a cell that has a comma."
        return Line(number, [Fault("cells", reason)])
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=True)}
    refused = [name for name in COLUMNS if name != "pounds" and find_nhs_numbers(cells[name])]
    if refused:
        return Line(number, [Fault(name, REFUSAL) for name in refused])
    readers: dict[str, Callable[[str], Any]] = {
        "on": read_iso_day,
        "debit": account,
        "credit": account,
        "pounds": parse_pounds,
        "cause": _cause,
    }
    read, faults = {}, []
    for name, reader in readers.items():
        try:
            read[name] = reader(cells[name])
        except ValueError as unreadable:
            faults.append(Fault(name, str(unreadable)))
    if faults:
        return Line(number, faults)
    pence = read.pop("pounds")
    return Line(
        number, Entry(**read, pence=pence, reference=cells["reference"], memo=cells["memo"])
    )


def read_iso_day(text: str) -> date:
    """The day written as 2026-10-31; ValueError, in words for its writer, for another text."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("Write the date as year-month-day, such as 2026-10-31.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a day of the calendar.") from None


def _cause(text: str) -> Cause:
    try:
        return Cause(text)
    except ValueError:
        listed = ", ".join(Cause)
        raise ValueError(f"The ledger knows no such cause. Write one of: {listed}.") from None
