"""A ledger file, as people keep it in a spreadsheet, read strictly.

Comma-separated UTF-8 whose first line names the columns `on,debit,credit,pounds,cause,reference,
memo`, in any order. Dates are ISO (2026-10-31), amounts pounds, accounts as `account_name.py` has
them. Everything wrong is named by line, column and reason; nothing is guessed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers
from chec.finance.money import parse_pounds
from chec.models import AccountKey, Cause
from chec.rules.account_name import Directory, UnknownAccount, account_key
from chec.rules.comma_separated import (
    UnreadableRow,
    column_names,
    numbered_rows,
    reason_against_cells,
)
from chec.rules.posting import Entry, Fault

COLUMNS = ("on", "debit", "credit", "pounds", "cause", "reference", "memo")
MOST_SUGGESTIONS = 200
"""Looking for what was meant takes long, and only so many faults are shown."""


class Line(NamedTuple):
    """What a line of the file says, or everything wrong with it. Line 1 names the columns."""

    number: int
    says: Entry | list[Fault]


def read_ledger_file(lines: Iterable[bytes], directory: Directory) -> Iterator[Line]:
    """Each line of the file, blank ones left out, in order.

    A line from which on nothing can be read is the last. Raises RuleBroken where that is the
    first, or where its columns are not those above.
    """
    rows = numbered_rows(lines)
    columns = column_names(rows, COLUMNS)
    account = _remembering(directory)
    try:
        for number, row in rows:
            if any(cell.strip() for cell in row):
                yield _read_line(number, columns, row, account)
    except UnreadableRow as unreadable:
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


def _read_line(
    number: int, columns: list[str], row: list[str], account: Callable[[str], AccountKey]
) -> Line:
    reason = reason_against_cells(row, columns)
    if reason is not None:
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
