"""What tests of the pages about people do again and again."""

from datetime import date

from sqlmodel import Session
from werkzeug.test import TestResponse

from chec import clock
from chec.models import Centre, Role, User
from tests import builders
from tests.client import Client


def an_administrator(session: Session, centre: Centre) -> User:
    user = builders.a_user(session, name="Ada Min")
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    return user


def invite(client: Client, **fields: str) -> TestResponse:
    """The answer to the form, filled in well but for `fields`."""
    data = {
        "name": "Jo Reed",
        "email": "jo@chec.example",
        "held_for": "director of C-0001",
        **fields_of_day("starts_on", clock.today()),
        **fields,
    }
    return client.post("/centres/C-0001/people/invite", data=data)


def fields_of_day(name: str, day: date) -> dict[str, str]:
    parts = {"day": day.day, "month": day.month, "year": day.year}
    return {f"{name}-{part}": str(number) for part, number in parts.items()}
