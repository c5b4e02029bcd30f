"""SECURITY.md names tests and files that exist, and leaves out no requirement of the standard."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "SECURITY.md").read_text()
NUMBER = re.compile(r"\b\d+\.\d+\.\d+\b")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`([\w/]+\.(?:py|html|js|toml|lock|md))`")
SECTION = re.compile(r"this page, \*([^*]+)\*")
VERDICTS = {"met", "by operation", "not met"}

ITEMS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2
2.1:3 2.2:3 2.3:4 2.4:1
3.2:2 3.3:4 3.4:6 3.5:5 3.7:2
4.1:3 4.2:1 4.3:2 4.4:4
5.1:1 5.2:3 5.3:2 5.4:3
6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4
7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2
8.1:2 8.2:3 8.3:1 8.4:1
9.1:3 9.2:4
10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3
11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1
12.1:3 12.2:2 12.3:4
13.1:1 13.2:5 13.3:2 13.4:5
14.1:2 14.2:4 14.3:3
15.1:3 15.2:3 15.3:7
16.1:1 16.2:5 16.3:4 16.4:3 16.5:3
17.1:1 17.2:4 17.3:2
"""
"""How many items of levels 1 and 2 each section of the standard has; they come first in each."""


class Row(NamedTuple):
    """A requirement, and where CHEC stands."""

    number: str
    asked: str
    verdict: str
    shown: str


def _rows() -> list[Row]:
    """Every row that begins with a number of the standard."""
    lines = [line for line in PAGE.splitlines() if re.match(r"\| \d+\.\d+\.\d+ \|", line)]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]


ROWS = _rows()


def test_every_requirement_of_the_standard_stands_there_once() -> None:
    not_applicable = PAGE.split("### Not applicable")[1]
    found = Counter([*(row.number for row in ROWS), *NUMBER.findall(not_applicable)])
    sections = [each.split(":") for each in ITEMS.split()]
    wanted = [f"{part}.{place + 1}" for part, count in sections for place in range(int(count))]
    assert found == Counter(wanted)


def test_every_verdict_is_one_of_three_and_every_statement_short() -> None:
    assert {row.verdict for row in ROWS} <= VERDICTS
    assert not [row for row in ROWS if len(row.asked.split()) > 12 or not row.shown]


def test_what_is_met_is_shown_by_a_test_a_file_or_a_section() -> None:
    met = [row for row in ROWS if row.verdict == "met"]
    evidence = (TEST, FILE, SECTION)
    unshown = [row for row in met if not any(each.search(row.shown) for each in evidence)]
    assert unshown == []


@pytest.mark.parametrize("file", sorted({file for file, _name in TEST.findall(PAGE)}))
def test_every_test_it_names_is_there(file: str) -> None:
    there = set(re.findall(r"^def (test_\w+)", (CHECKOUT / file).read_text(), re.MULTILINE))
    named = {name for path, name in TEST.findall(PAGE) if path == file}
    assert named <= there


def test_every_file_and_every_section_it_names_is_there() -> None:
    headings = set(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))
    assert set(SECTION.findall(PAGE)) <= headings
    assert not [each for each in FILE.findall(PAGE) if not (CHECKOUT / each).is_file()]
