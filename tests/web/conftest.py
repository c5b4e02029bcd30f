"""A centre and its director, for the pages of both.

A file that needs another one says so in a fixture of its own.
"""

import pytest
from sqlmodel import Session

from chec.models import Centre, Role, User
from tests import builders


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session, name="Wren Valley")
    session.commit()
    return centre


@pytest.fixture
def director(session: Session, centre: Centre) -> User:
    user = builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    session.commit()
    return user
