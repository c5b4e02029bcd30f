"""Rows for tests: each builder names only what the test is about, and makes the rest up.

They go through the actions, so that a test stands on what the product can really reach.
"""

from datetime import UTC, date, datetime, time
from itertools import count

from sqlmodel import Session

from chec.actions.centres import open_centre
from chec.actions.instruments import agree_instrument
from chec.actions.memberships import give_membership
from chec.actions.organisations import add_organisation
from chec.actions.users import add_user
from chec.actions.ventures import start_venture
from chec.finance.money import Pence
from chec.models import (
    Centre,
    Instrument,
    InstrumentKind,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    Stage,
    User,
    Venture,
)
from chec.permissions import Actor, system_actor

OPENED_ON = date(2022, 4, 1)
NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)

_number = count(1)


def an_actor(*, at: datetime = NOW) -> Actor:
    """The system at a moment; by default, one at which every builder's default lies in the past."""
    return system_actor(at)


def on_the_evening_of(day: date) -> datetime:
    """A moment late enough on `day` for everything that happened then."""
    return datetime.combine(day, time(18), tzinfo=UTC)


def a_centre(session: Session, *, name: str = "", opened_on: date = OPENED_ON) -> Centre:
    return open_centre(session, an_actor(), name or f"Centre {next(_number)}", opened_on)


def an_organisation(
    session: Session, kind: OrganisationKind = OrganisationKind.PROVIDER, *, name: str = ""
) -> Organisation:
    return add_organisation(session, an_actor(), name or f"{kind} {next(_number)}", kind)


def a_provider(session: Session, *, name: str = "") -> Organisation:
    return an_organisation(session, OrganisationKind.PROVIDER, name=name)


def a_payer(session: Session, *, name: str = "") -> Organisation:
    return an_organisation(session, OrganisationKind.COMMISSIONER, name=name)


def an_investor(session: Session, *, name: str = "") -> Organisation:
    return an_organisation(session, OrganisationKind.INVESTOR, name=name)


def a_venture(
    session: Session,
    centre: Centre,
    *,
    name: str = "",
    provider: Organisation | None = None,
    care_model: str = "Nurses visit at home.",
    stage: Stage = Stage.PILOT,
    started_on: date | None = None,
) -> Venture:
    return start_venture(
        session,
        an_actor(),
        centre,
        provider or a_provider(session),
        name=name or f"Venture {next(_number)}",
        care_model=care_model,
        stage=stage,
        started_on=started_on or centre.opened_on,
    )


def an_instrument(
    session: Session,
    centre: Centre,
    investor: Organisation | None = None,
    *,
    reference: str = "",
    kind: InstrumentKind = InstrumentKind.QUASI_EQUITY,
    committed_pence: Pence = 100_000_000,
    agreed_on: date | None = None,
) -> Instrument:
    return agree_instrument(
        session,
        an_actor(),
        centre,
        investor or an_investor(session),
        reference=reference or f"REF-{next(_number)}",
        kind=kind,
        committed_pence=committed_pence,
        agreed_on=agreed_on or centre.opened_on,
    )


def a_user(
    session: Session, *, email: str = "", name: str = "Sam Hill", password_hash: str = "-"
) -> User:
    email = email or f"person{next(_number)}@chec.example"
    return add_user(session, an_actor(), email, name, password_hash)


def a_membership(
    session: Session,
    role: Role,
    *,
    user: User | None = None,
    centre: Centre | None = None,
    organisation: Organisation | None = None,
    venture: Venture | None = None,
    starts_on: date = OPENED_ON,
    ends_before: date | None = None,
) -> Membership:
    return give_membership(
        session,
        an_actor(),
        user or a_user(session),
        role,
        starts_on=starts_on,
        ends_before=ends_before,
        centre=centre,
        organisation=organisation,
        venture=venture,
    )
