from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from chec.actions.organisations import add_organisation
from chec.errors import RuleBroken
from chec.models import AuditEvent, OrganisationKind
from tests import builders
from tests.actions.at_once import at_once


def test_adding_an_organisation_is_recorded(session: Session) -> None:
    actor = builders.an_actor()
    added = add_organisation(session, actor, " Wrenshire  ICB ", OrganisationKind.COMMISSIONER)
    session.commit()
    event = session.exec(select(AuditEvent)).one()
    assert added.name == "Wrenshire ICB"
    assert (event.event, event.subject, event.at) == ("organisation added", "O-0001", actor.at)


def test_two_organisations_differ_by_more_than_capitals(session: Session) -> None:
    builders.an_organisation(session, name="Wrenshire ICB")
    with pytest.raises(RuleBroken, match="already an organisation called wrenshire icb"):
        builders.an_organisation(session, name="wrenshire icb")


def test_a_name_in_another_alphabet_is_had_once(session: Session) -> None:
    builders.an_organisation(session, name="CAFÉ ÉLAN")
    with pytest.raises(RuleBroken, match="already"):
        builders.an_organisation(session, name="CAFÉ ÉLAN")


def test_a_refused_organisation_leaves_nothing_behind(session: Session) -> None:
    with pytest.raises(RuleBroken, match="NHS number"):
        builders.an_organisation(session, name="Home of 943 476 5919")
    session.commit()
    assert session.exec(select(AuditEvent)).all() == []


@pytest.mark.parametrize("second", ["Wren Fund", "wren FUND"])
def test_a_name_added_twice_at_once_is_had_once(engine: Engine, second: str) -> None:
    def add(session: Session, name: str) -> str:
        return add_organisation(session, builders.an_actor(), name, OrganisationKind.INVESTOR).name

    first, refused = at_once(engine, partial(add, name="Wren Fund"), partial(add, name=second))

    assert first == "Wren Fund"
    assert "already an organisation called" in str(refused)
