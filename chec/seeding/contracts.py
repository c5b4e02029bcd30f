"""The contracts of a centre, imported by its director on the day on which they were agreed.

In an invented document a day is [month, day] like everywhere in the files, and a year of
`yearly_caps_pence` is counted from the financial year of loading. A published one stands as it is.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from chec.actions.contracts import import_contract
from chec.finance.periods import financial_year_of
from chec.models import Contract
from chec.seeding.centres import CentreTold
from chec.seeding.files import Calendar, moment
from chec.seeding.timeline import Act

DAYS = {"starts_on", "ends_on", "from"}


def contracts(told: CentreTold, found: dict[str, Contract]) -> Iterator[Act]:
    """The import of each document; `found` then has the contract by its reference."""
    for said in told.said["contracts"]:
        agreed_on = told.calendar.day(*said["agreed_on"])
        yield Act(moment(agreed_on), partial(_import, told, found, said["document"]))


def _import(
    told: CentreTold, found: dict[str, Contract], name: str, at: datetime, _key: str
) -> None:
    document = dated(told.files.text(name), told.calendar)
    contract = import_contract(told.session, told.director(at), told.centre, document).contract
    found[contract.reference] = contract


def dated(document: str, calendar: Calendar) -> str:
    """The document with each of its days as a date; as it is, if they are that already."""
    said = json.loads(document)
    meant = _meant(said, calendar)
    return document if meant == said else json.dumps(meant, indent=1, ensure_ascii=False)


def _meant(said: Any, calendar: Calendar) -> Any:
    if isinstance(said, list):
        return [_meant(each, calendar) for each in said]
    if not isinstance(said, dict):
        return said
    return {key: _field(key, value, calendar) for key, value in said.items()}


def _field(key: str, value: Any, calendar: Calendar) -> Any:
    if key in DAYS and isinstance(value, list):
        return calendar.exact(*value).isoformat()
    if key == "yearly_caps_pence":
        return _by_year(value, calendar)
    return _meant(value, calendar)


def _by_year(caps: Mapping[str, int], calendar: Calendar) -> dict[str, int]:
    this_year = financial_year_of(calendar.today).year
    return {
        year if len(year) == len("2024") else str(this_year + int(year)): pence
        for year, pence in caps.items()
    }
