"""The files of the demo's centres, and the days that they mean.

A day is a month and a day of it. A month is counted from the month of loading (-1 is the month
before), or named (2022-10). Day 0 is the last day of the month before.
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from chec.config import project_dir

Month = int | str
CENTRES = ("", "published")
SATURDAY = 5


@dataclass(frozen=True)
class SeedFiles:
    """The files of one centre, in `folder`."""

    folder: Path

    @classmethod
    def of_every_centre(cls) -> list["SeedFiles"]:
        """Those of each centre of the demo, in the order of loading."""
        return [cls(project_dir("seeds") / "demo" / name) for name in CENTRES]

    def text(self, name: str) -> str:
        """What the file `name` says."""
        return (self.folder / name).read_text(encoding="utf-8")

    def table(self, name: str) -> dict[str, Any]:
        """The TOML file `name`."""
        return tomllib.loads(self.text(f"{name}.toml"))

    def rows(self, name: str) -> list[dict[str, str]]:
        """The lines of a CSV file; none where the centre has no such file."""
        if not (self.folder / name).exists():
            return []
        return list(csv.DictReader(self.text(name).splitlines()))


@dataclass(frozen=True)
class Calendar:
    """Turns the days of the files into dates, for a demo that is loaded on `today`."""

    today: date

    def exact(self, month: Month, day: int, *, later: int = 0) -> date:
        """Day `day` of the month, or of that many months `later`, be it at a weekend or not."""
        months = self._months(month) + later
        return date(months // 12, months % 12 + 1, 1) + timedelta(days=day - 1)

    def day(self, month: Month, day: int) -> date:
        """Day `day` of the month; the Monday after, if that is at a weekend."""
        return _working_day(self.exact(month, day))

    def day_of(self, row: Mapping[str, str]) -> date:
        """The day of a line with the columns `month` and `day`, never at a weekend."""
        return self.day(row["month"], int(row["day"]))

    def _months(self, month: Month) -> int:
        if isinstance(month, str) and month[4:5] == "-":
            year, number = month.split("-")
            return 12 * int(year) + int(number) - 1
        return 12 * self.today.year + self.today.month - 1 + int(month)


def moment(on: date) -> datetime:
    """When what was done in CHEC `on` a day was done: in the early afternoon."""
    return datetime.combine(on, time(14), UTC)


def known_at(on: date) -> datetime:
    """When what happened `on` a day elsewhere was recorded: the morning of the next working day."""
    return datetime.combine(_working_day(on + timedelta(days=1)), time(9, 30), UTC)


def _working_day(day: date) -> date:
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= SATURDAY else day
