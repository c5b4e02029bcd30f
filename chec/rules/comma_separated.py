"""Rows of comma-separated cells, read strictly: UTF-8, and one line that names the columns."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from chec.errors import RuleBroken

AS_UTF_8 = "Save the file as “CSV UTF-8 (comma-delimited)” and try again."
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class UnreadableRow(Exception):
    """From this line on the file cannot be read."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


def numbered_rows(lines: Iterable[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Each row's cells, with the number of the line on which it begins.

    Raises UnreadableRow where it can read no further.
    """
    rows = csv.reader(_decoded(lines), strict=True)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error:
            raise UnreadableRow(
                number,
                "This cannot be read as comma-separated cells. A quotation mark may be open: write"
                " a quotation mark inside a cell twice, or leave it out.",
            ) from None
        if row is None:
            return
        yield number, row


def column_names(
    rows: Iterator[tuple[int, list[str]]], known: Sequence[str], *, optional: Sequence[str] = ()
) -> list[str]:
    """The names in the first of `rows`: `known` ones, each once, in any order.

    Raises RuleBroken where that line cannot be read, or one that is not `optional` is missing.
    """
    form = f"The first line must be {','.join(known)}."
    try:
        _, header = next(rows, (1, None))
    except UnreadableRow as unreadable:
        raise RuleBroken(f"Line {unreadable.number}: {unreadable}") from None
    if header is None:
        raise RuleBroken(f"The file is empty. Its first line must be {','.join(known)}.")
    columns = [name.strip().lower() for name in header]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and separator in columns[0]:
            raise RuleBroken(f"The cells are parted by {name}. Part them by commas. {AS_UTF_8}")
    needed = [name for name in known if name not in optional]
    reasons = [f"The column “{name}” is missing." for name in needed if name not in columns]
    reasons += [f"The column “{n}” is there twice." for n in known if columns.count(n) > 1]
    unknown = sum(name not in known for name in columns)
    if unknown:
        reasons.append(f"{unknown} of the columns have names that mean nothing here. Remove them.")
    if reasons:
        raise RuleBroken([*reasons, form])
    return columns


def reason_against_cells(row: Sequence[str], columns: Sequence[str]) -> str | None:
    """Why `row` does not fit under `columns`."""
    if len(row) == len(columns):
        return None
    return f"There are {len(row)} cells, not {len(columns)}. Quote a cell that has a comma."


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number == 1 and line.startswith(_UTF_16):
            raise UnreadableRow(number, f"The file is in UTF-16 (“Unicode text”). {AS_UTF_8}")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise UnreadableRow(number, f"This is not in UTF-8. {AS_UTF_8}") from None
        if "\0" in text:
            raise UnreadableRow(number, f"This holds a NUL character. {AS_UTF_8}")
        yield text
