"""A file of outcomes to claim, read strictly: counts, or records under pseudonyms.

Counts have the columns `measure,units`, and `achieved_on` if need be (else they count on the
contract's last day). Records have `measure,person,achieved_on`, and `evidence` and `value` if need
be: where there is a column for evidence, an empty cell is missing evidence. Everything wrong is
named by line, column and reason; nothing is guessed.
"""

import io
import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from chec.errors import RuleBroken
from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers
from chec.rules.claim_valuation import Record
from chec.rules.comma_separated import (
    UnreadableRow,
    column_names,
    numbered_rows,
    reason_against_cells,
)
from chec.rules.contract_terms import ContractTerms
from chec.rules.free_text import reasons_not_to_write
from chec.rules.ledger_file import read_iso_day
from chec.rules.measure_terms import Measure
from chec.rules.outcome_payment import reasons_not_to_value
from chec.rules.priced_terms import SlidingScale

COUNT_COLUMNS = ("measure", "units", "achieved_on")
RECORD_COLUMNS = ("measure", "person", "achieved_on", "evidence", "value")
OPTIONAL = ("evidence", "value")
MOST_UNITS = 1_000_000
LONGEST_EVIDENCE = 300
_PERSON = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VALUE = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_FORMS = f"{','.join(RECORD_COLUMNS)} for records, or measure,units for counts"


class CellFault(NamedTuple):
    """What is wrong in a cell, and how to mend it. Line 1 names the columns."""

    line: int
    column: str
    reason: str


class UnreadableClaimFile(RuleBroken):
    """A file of outcomes was refused: everything wrong in it, and the records without fault."""

    def __init__(self, faults: Iterable[CellFault], records: Iterable[Record] = ()) -> None:
        self.faults = tuple(faults)
        self.records = tuple(records)
        super().__init__([f"Line {line}, {column}: {why}" for line, column, why in self.faults])


class Count(NamedTuple):
    """So many outcomes of one day, of nobody known; `line` is the file's."""

    line: int
    measure: str
    units: int
    achieved_on: date


class ClaimFile(NamedTuple):
    """What the file says: counts or records, never both. A record's id is its line."""

    counts: tuple[Count, ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def records_to_value(self) -> tuple[Record, ...]:
        """The records; counts as so many records of nobody."""
        return self.records or records_of_counts(self.counts)


def records_of_counts(counts: Iterable[Count]) -> tuple[Record, ...]:
    """`counts` as so many records of nobody, each with its line as id."""
    return tuple(
        record
        for line, measure, units, achieved_on in counts
        for record in (Record(line, measure, None, achieved_on, None),) * units
    )


def read_claim_file(data: bytes, contract: ContractTerms) -> ClaimFile:
    """The counts or records of `data`, told apart by its first line.

    Raises RuleBroken for that line, and UnreadableClaimFile with everything wrong after it.
    """
    rows = numbered_rows(io.BytesIO(data))
    counted = _is_counts(data)
    if counted:
        columns = column_names(rows, COUNT_COLUMNS, optional=("achieved_on",))
    else:
        columns = column_names(rows, RECORD_COLUMNS, optional=OPTIONAL)
    reader = _Reader(contract, columns, counted=counted)
    try:
        for number, row in rows:
            if any(cell.strip() for cell in row):
                reader.read(number, row)
    except UnreadableRow as unreadable:
        reader.faults.append(CellFault(unreadable.number, "cells", str(unreadable)))
    return reader.done()


def _is_counts(data: bytes) -> bool:
    header = data.partition(b"\n")[0].lower()
    if not header.strip():
        raise RuleBroken(f"The first line is empty. It must be {_FORMS}.")
    return b"units" in header and b"person" not in header


class _Reader:
    """Reads line after line and gathers what is wrong."""

    def __init__(self, contract: ContractTerms, columns: list[str], *, counted: bool) -> None:
        self.contract = contract
        self.columns = columns
        self.counted = counted
        self.faults: list[CellFault] = []
        self._read: list[Any] = []
        self._units = 0
        self._faults_by_code: dict[str, list[str]] = {}
        self._first_lines: dict[tuple[str, str, date], int] = {}

    def done(self) -> ClaimFile:
        """What was read; UnreadableClaimFile if anything was wrong."""
        if self._units > MOST_UNITS:
            reason = f"The units add to more than {MOST_UNITS:,}. Check them, or part the file."
            self.faults.append(CellFault(1, "units", reason))
        if self.faults:
            raise UnreadableClaimFile(self.faults, () if self.counted else self._read)
        if not self._read:
            raise RuleBroken("The file has no line but its first. Write one for each outcome.")
        read = tuple(self._read)
        return ClaimFile(counts=read) if self.counted else ClaimFile(records=read)

    def read(self, line: int, row: list[str]) -> None:
        """Read one row, beginning at `line`."""
        reason = reason_against_cells(row, self.columns)
        if reason is not None:
            self.faults.append(CellFault(line, "cells", reason))
            return
        cells = {name: cell.strip() for name, cell in zip(self.columns, row, strict=True)}
        faults = list(self._faults(cells))
        if not faults:
            faults = list(self._repeats(line, cells))
        self.faults += [CellFault(line, column, reason) for column, reason in faults]
        if not faults:
            self._keep(line, cells)

    def _faults(self, cells: dict[str, str]) -> Iterator[tuple[str, str]]:
        for column, cell in cells.items():
            if find_nhs_numbers(cell):
                yield column, REFUSAL
            else:
                yield from ((column, reason) for reason in self._faults_of(column, cell))
        measure = self.contract.measures_by_code.get(cells["measure"])
        if measure is not None and isinstance(measure.term, SlidingScale):
            if self.counted:
                yield (
                    "measure",
                    (
                        f"{measure.code} is paid by each person's value, so it cannot be counted."
                        " Claim it by records, with their values."
                    ),
                )
            elif not cells.get("value"):
                yield "value", f"{measure.code} is paid by each person's value. Fill it in."

    def _faults_of(self, column: str, cell: str) -> list[str]:
        if column == "measure":
            if cell not in self._faults_by_code:  # looking for what was meant takes long
                self._faults_by_code[cell] = _faults_of_measure(cell, self.contract)
            return self._faults_by_code[cell]
        if column == "units":
            return _faults_of_units(cell)
        if column == "person":
            return _faults_of_person(cell)
        if column == "evidence":
            return reasons_not_to_write(cell, most=LONGEST_EVIDENCE)
        if column == "value":
            return _faults_of_value(cell)
        return [] if self.counted and not cell else _faults_of_day(cell)

    def _repeats(self, line: int, cells: dict[str, str]) -> Iterator[tuple[str, str]]:
        key = (cells["measure"], cells.get("person", ""), self._day(cells))
        first = self._first_lines.setdefault(key, line)
        if first != line and self.counted:
            yield (
                "measure",
                (f"Line {first} counts this measure on the same day. Write one line with both."),
            )
        elif first != line:
            yield (
                "person",
                (f"Line {first} has the same measure, person and day. Take one of the two out."),
            )

    def _day(self, cells: dict[str, str]) -> date:
        written = cells.get("achieved_on")
        return read_iso_day(written) if written else self.contract.ends_on

    def _keep(self, line: int, cells: dict[str, str]) -> None:
        measure, day = cells["measure"], self._day(cells)
        if self.counted:
            units = int(cells["units"])
            self._units += units
            self._read.append(Count(line, measure, units, day))
        else:
            value = Decimal(cells["value"]) if cells.get("value") else None
            evidence = cells.get("evidence")
            self._read.append(Record(line, measure, cells["person"], day, evidence, value))


def _faults_of_measure(code: str, contract: ContractTerms) -> list[str]:
    measure: Measure | None = contract.measures_by_code.get(code)
    if measure is not None:
        return reasons_not_to_value(contract, [code])
    if not code:
        return ["Write the measure's code."]
    by_lower = {each.lower(): each for each in contract.measures_by_code}
    near = get_close_matches(code.lower()[:60], by_lower, n=1, cutoff=0.5)
    meant = f"Did you mean “{by_lower[near[0]]}”?" if near else "Write one of the contract's codes."
    return [f"The contract has no measure “{code[:60]}”. {meant}"]


def _faults_of_units(cell: str) -> list[str]:
    if not re.fullmatch(r"[0-9]{1,20}", cell) or int(cell) == 0:
        return ["Write a whole number above zero, in digits only, such as 12."]
    if int(cell) > MOST_UNITS:
        return [f"This is more than {MOST_UNITS:,}. Check it."]
    return []


def _faults_of_person(cell: str) -> list[str]:
    if _PERSON.fullmatch(cell):
        return []
    return [
        "Write the person's pseudonym: 1 to 64 letters (A to Z), digits, hyphens or underscores."
    ]


def _faults_of_day(cell: str) -> list[str]:
    try:
        read_iso_day(cell)
    except ValueError as unreadable:
        return [str(unreadable)]
    return []


def _faults_of_value(cell: str) -> list[str]:
    if not cell or _VALUE.fullmatch(cell):
        return []
    return ["Write the value as a decimal number, such as 1.4, or leave it out."]
