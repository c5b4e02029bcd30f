"""Loads `seeds/demo`: an invented centre with four years of money, told through the actions.

Days in the files are relative to the month of loading, so that the demo ends last month. Each act
is recorded on the working day after the day it tells of: nothing knows the future.
"""

import csv
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
from typing import Any

from sqlmodel import Session, col, select

from chec.actions.centres import open_centre
from chec.actions.instruments import agree_instrument
from chec.actions.ledger import post_transfer, reverse_transfer
from chec.actions.memberships import give_membership
from chec.actions.organisations import add_organisation
from chec.actions.quarters import close_quarter
from chec.actions.users import add_user
from chec.actions.ventures import start_venture
from chec.config import project_dir
from chec.errors import RuleBroken
from chec.finance.money import parse_pounds
from chec.finance.periods import Quarter, quarter_of
from chec.models import (
    Cause,
    Centre,
    InstrumentKind,
    Organisation,
    OrganisationKind,
    Role,
    Stage,
    Transfer,
    Venture,
)
from chec.permissions import Actor, Grant, system_actor
from chec.queries.accounts import directory_of
from chec.rules.account_name import account_key
from chec.rules.posting import Entry

CLOSED_AFTER_MONTHS = 24
CLOSED_WITHIN = timedelta(days=45)
SATURDAY = 5


@dataclass(frozen=True)
class SignIn:
    """How one person, who holds `role` for `acting_for`, signs in to the demo."""

    role: Role
    name: str
    acting_for: str
    email: str
    password: str


@dataclass(frozen=True)
class Reversal:
    """A mistake in the demo's ledger: the reference of the wrong transfer, and why it is wrong."""

    reference: str
    reason: str


def load_demo(session: Session, today: date, hash_password: Callable[[str], str]) -> list[SignIn]:
    """Everyone who can sign in to the demo, loaded as of `today`; the caller commits.

    The same `today` gives the same rows but for the secrets of sign-in. Raises RuleBroken where the
    demo is there already.
    """
    telling = _Telling(session, today)
    telling.open_centre()
    telling.add_organisations()
    telling.start_ventures()
    telling.agree_instruments()
    telling.add_people(hash_password)
    telling.keep_ledger()
    return list_sign_ins()


def list_sign_ins() -> list[SignIn]:
    """Everyone who can sign in to the demo, in the order of the file."""
    return [
        SignIn(
            role=Role(person["role"]),
            name=person["name"],
            acting_for=next(iter(person["for"].values())),
            email=person["email"],
            password=person["password"],
        )
        for person in _read("people")["people"]
    ]


def _read(name: str) -> dict[str, Any]:
    file = project_dir("seeds") / "demo" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _working_day(day: date) -> date:
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= SATURDAY else day


class _Telling:
    """One loading of the demo: its files, its calendar, and the rows made so far, by name."""

    def __init__(self, session: Session, today: date) -> None:
        self.session = session
        self.today = today
        self.files = _read("centre") | _read("ventures") | _read("people")
        self.organisations: dict[str, Organisation] = {}
        self.ventures: dict[str, Venture] = {}
        self.centre: Centre
        self.director: Actor

    def day(self, month: int, day: int) -> date:
        """Day `day` of the month `month` months from the month of loading; never at a weekend."""
        months = 12 * self.today.year + self.today.month - 1 + month
        return _working_day(date(months // 12, months % 12 + 1, day))

    def known_at(self, on: date) -> datetime:
        """When what happened `on` a day was recorded: the morning of the next working day."""
        return datetime.combine(_working_day(on + timedelta(days=1)), time(9, 30), UTC)

    def system(self, on: date) -> Actor:
        return system_actor(self.known_at(on))

    def open_centre(self) -> None:
        name, opened_on = self.files["centre"]["name"], self.day(*self.files["centre"]["opened_on"])
        if self.session.exec(select(Centre.id).where(col(Centre.name) == name)).first():
            raise RuleBroken(f"The demo is there already: {name}. It can be loaded only once.")
        self.centre = open_centre(self.session, self.system(opened_on), name, opened_on)

    def add_organisations(self) -> None:
        actor = self.system(self.centre.opened_on)
        for told in self.files["organisations"]:
            self.organisations[told["name"]] = add_organisation(
                self.session, actor, told["name"], OrganisationKind(told["kind"])
            )

    def start_ventures(self) -> None:
        for told in self.files["ventures"]:
            started_on = self.day(*told["started_on"])
            self.ventures[told["name"]] = start_venture(
                self.session,
                self.system(started_on),
                self.centre,
                self.organisations[told["provider"]],
                name=told["name"],
                care_model=told["care_model"],
                stage=Stage(told["stage"]),
                started_on=started_on,
                stage_since_on=self.day(*told.get("stage_since_on", told["started_on"])),
            )

    def agree_instruments(self) -> None:
        for told in self.files["instruments"]:
            agreed_on = self.day(*told["agreed_on"])
            agree_instrument(
                self.session,
                self.system(agreed_on),
                self.centre,
                self.organisations[told["investor"]],
                reference=told["reference"],
                kind=InstrumentKind(told["kind"]),
                committed_pence=parse_pounds(told["committed"]),
                agreed_on=agreed_on,
            )

    def add_people(self, hash_password: Callable[[str], str]) -> None:
        held: dict[str, dict[str, Any]] = {
            "centre": {self.centre.name: self.centre},
            "organisation": self.organisations,
            "venture": self.ventures,
        }
        for told in self.files["people"]:
            since, role = self.day(*told["since"]), Role(told["role"])
            actor, password_hash = self.system(since), hash_password(told["password"])
            user = add_user(self.session, actor, told["email"], told["name"], password_hash)
            held_for = {kind: held[kind][name] for kind, name in told["for"].items()}
            give_membership(self.session, actor, user, role, starts_on=since, **held_for)
            if role is Role.DIRECTOR:
                acting_for = Grant(role, centre_id=self.centre.id).acting_for
                self.director = replace(actor, user_id=user.id, acting_for=acting_for)

    def keep_ledger(self) -> None:
        """Everything about money, by the director, in the order in which it became known."""
        acts = [*self.entries(), *self.reversals(), *self.closings()]
        for number, (at, act) in enumerate(sorted(acts, key=itemgetter(0)), start=1):
            actor = replace(self.director, at=at)
            match act:
                case Entry():
                    post_transfer(self.session, actor, self.centre, act, f"demo:{number}")
                case Reversal():
                    wrong = select(Transfer).where(
                        Transfer.centre_id == self.centre.id, Transfer.reference == act.reference
                    )
                    transfer = self.session.exec(wrong).one()
                    reverse_transfer(self.session, actor, transfer, act.reason)
                case Quarter():
                    close_quarter(self.session, actor, self.centre, act)

    def entries(self) -> Iterator[tuple[datetime, Entry]]:
        directory = directory_of(self.session, self.centre.id)
        file = project_dir("seeds") / "demo" / "transfers.csv"
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            on = self.day(int(row["month"]), int(row["day"]))
            yield (
                self.known_at(on),
                Entry(
                    on=on,
                    debit=account_key(row["debit"], directory),
                    credit=account_key(row["credit"], directory),
                    pence=parse_pounds(row["pounds"]),
                    cause=Cause(row["cause"]),
                    reference=row["reference"],
                    memo=row["memo"],
                ),
            )

    def reversals(self) -> Iterator[tuple[datetime, Reversal]]:
        for told in self.files["reversals"]:
            found_on = self.day(*told["found_on"])
            yield self.known_at(found_on), Reversal(told["reference"], told["reason"])

    def closings(self) -> Iterator[tuple[datetime, Quarter]]:
        quarter = quarter_of(self.centre.opened_on)
        while quarter.ends_before <= self.day(-CLOSED_AFTER_MONTHS, 1):
            yield self.known_at(quarter.ends_before + CLOSED_WITHIN), quarter
            quarter = quarter.next()
