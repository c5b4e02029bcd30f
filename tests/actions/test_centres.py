import pytest
from sqlmodel import Session

from chec.actions.centres import open_centre
from chec.errors import RuleBroken
from tests import builders


def test_two_centres_never_share_a_name(session: Session) -> None:
    builders.a_centre(session, name="Wren Valley")
    with pytest.raises(RuleBroken, match="already a centre called Wren Valley"):
        builders.a_centre(session, name="Wren Valley")


def test_a_centre_has_a_name(session: Session) -> None:
    with pytest.raises(RuleBroken, match="Give the centre a name"):
        open_centre(session, builders.an_actor(), "  ", builders.OPENED_ON)
