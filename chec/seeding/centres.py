"""One centre of the demo as it is told: who and what is in it, before any money moves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from chec.actions.centres import open_centre
from chec.actions.instruments import agree_instrument
from chec.actions.memberships import give_membership
from chec.actions.organisations import add_organisation
from chec.actions.payment_limits import set_payment_limit
from chec.actions.users import add_user
from chec.actions.ventures import start_venture
from chec.errors import RuleBroken
from chec.finance.money import parse_pounds
from chec.models import (
    Centre,
    InstrumentKind,
    Organisation,
    OrganisationKind,
    Role,
    Stage,
    Venture,
)
from chec.permissions import Actor, Grant, system_actor
from chec.queries.users import find_user
from chec.seeding.files import Calendar, SeedFiles, known_at


class CentreTold:
    """A centre on its way into the database: its files, its calendar, its rows so far, by name."""

    def __init__(self, session: Session, calendar: Calendar, files: SeedFiles) -> None:
        self.session = session
        self.calendar = calendar
        self.files = files
        self.said: dict[str, Any] = {}
        for name in ("centre", "ventures", "people"):
            self.said |= files.table(name)
        self.organisations: dict[str, Organisation] = {}
        self.ventures: dict[str, Venture] = {}
        self.centre: Centre
        self._actors: dict[str, list[Actor]] = {}

    def director(self, at: datetime) -> Actor:
        """The centre's first director, acting at that moment."""
        return self.acting_for(self.centre.name, at)

    def second_director(self, at: datetime) -> Actor:
        """The director who approves what the first one asks for."""
        return replace(self._actors[self.centre.name][1], at=at)

    def acting_for(self, name: str, at: datetime) -> Actor:
        """Whoever acts for the centre or organisation called `name`, at that moment."""
        return replace(self._actors[name][0], at=at)

    def open_centre(self) -> None:
        """Refused where the demo is there already."""
        name, opened_on = self.said["centre"]["name"], self._day(self.said["centre"]["opened_on"])
        if self.session.exec(select(Centre.id).where(col(Centre.name) == name)).first():
            raise RuleBroken(f"The demo is there already: {name}. It can be loaded only once.")
        actor, limit = _system(opened_on), parse_pounds(self.said["centre"]["payment_limit"])
        centre = open_centre(self.session, actor, name, opened_on)
        self.centre = set_payment_limit(self.session, actor, centre, limit)

    def add_organisations(self) -> None:
        """As of the day on which the centre opened."""
        actor = _system(self.centre.opened_on)
        for told in self.said["organisations"]:
            self.organisations[told["name"]] = add_organisation(
                self.session,
                actor,
                told["name"],
                OrganisationKind(told["kind"]),
                centre_id=self.centre.id,
            )

    def start_ventures(self) -> None:
        """Each at the stage that it has reached."""
        for told in self.said["ventures"]:
            started_on = self._day(told["started_on"])
            self.ventures[told["name"]] = start_venture(
                self.session,
                _system(started_on),
                self.centre,
                self.organisations[told["provider"]],
                name=told["name"],
                care_model=told["care_model"],
                stage=Stage(told["stage"]),
                started_on=started_on,
                stage_since_on=self._day(told.get("stage_since_on", told["started_on"])),
            )

    def agree_instruments(self) -> None:
        """What investors have committed."""
        for told in self.said.get("instruments", []):
            agreed_on = self._day(told["agreed_on"])
            agree_instrument(
                self.session,
                _system(agreed_on),
                self.centre,
                self.organisations[told["investor"]],
                reference=told["reference"],
                kind=InstrumentKind(told["kind"]),
                committed_pence=parse_pounds(told["committed"]),
                agreed_on=agreed_on,
            )

    def add_people(self, hash_password: Callable[[str], str]) -> None:
        """Everyone who can sign in, each with a role; somebody may have one elsewhere already."""
        held: dict[str, dict[str, Any]] = {
            "centre": {self.centre.name: self.centre},
            "organisation": self.organisations,
            "venture": self.ventures,
        }
        for told in self.said["people"]:
            since, role = self._day(told["since"]), Role(told["role"])
            actor, password_hash = _system(since), hash_password(told["password"])
            user = find_user(self.session, told["email"]) or add_user(
                self.session, actor, told["email"], told["name"], password_hash
            )
            [(kind, name)] = told["for"].items()
            held_for = held[kind][name]
            give_membership(self.session, actor, user, role, starts_on=since, **{kind: held_for})
            if role in {Role.DIRECTOR, Role.COMMISSIONER}:
                grant = Grant(role, **{f"{kind}_id": held_for.id})
                acting = replace(actor, user_id=user.id, acting_for=grant.acting_for)
                self._actors.setdefault(name, []).append(acting)

    def _day(self, told: list[Any]) -> date:
        return self.calendar.day(*told)


def _system(on: date) -> Actor:
    return system_actor(known_at(on))
