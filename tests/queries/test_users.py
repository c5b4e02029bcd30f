"""Who did a thing, as each viewer may know it."""

import pytest
from sqlmodel import Session

from chec.models import Centre, Role, User
from chec.permissions import SYSTEM, Grant, Viewer
from chec.queries.users import user_name, user_names
from tests import builders


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def director(session: Session, centre: Centre) -> User:
    user = builders.a_user(session, name="Amara Okafor")
    builders.a_membership(session, Role.EVALUATOR, user=user, centre=builders.a_centre(session))
    payer = builders.a_payer(session)
    builders.a_membership(session, Role.COMMISSIONER, user=user, organisation=payer)
    builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre)
    return user


def as_evaluator_of(centre: Centre, *more: Grant) -> Viewer:
    return Viewer(1, frozenset({Grant(Role.EVALUATOR, centre_id=centre.id), *more}))


def test_an_evaluator_is_told_the_role_and_no_name(
    session: Session, centre: Centre, director: User
) -> None:
    evaluator = as_evaluator_of(centre)
    assert user_name(session, evaluator, centre.id, director.id) == "a director"


def test_whoever_deals_with_the_centre_is_told_the_name(
    session: Session, centre: Centre, director: User
) -> None:
    elsewhere = as_evaluator_of(builders.a_centre(session))
    both = as_evaluator_of(centre, Grant(Role.DIRECTOR, centre_id=centre.id))
    for viewer in (SYSTEM, elsewhere, both):
        assert user_name(session, viewer, centre.id, director.id) == "Amara Okafor"


def test_what_no_person_did_was_done_by_the_system(session: Session, centre: Centre) -> None:
    for viewer in (SYSTEM, as_evaluator_of(centre)):
        assert user_name(session, viewer, centre.id, None) == "the system"


@pytest.fixture
def elsewhere(session: Session) -> Centre:
    return builders.a_centre(session)


def one_who_deals_with(session: Session, role: Role, centre: Centre) -> User:
    """Somebody who holds `role` for a venture of the centre, or for who invests in it or pays."""
    user = builders.a_user(session)
    if role is Role.PROVIDER:
        venture = builders.a_venture(session, centre)
        builders.a_membership(session, role, user=user, venture=venture)
    elif role is Role.COMMISSIONER:
        payer = builders.a_payer(session)
        builders.a_contract(session, centre, payer)
        builders.a_membership(session, role, user=user, organisation=payer)
    else:
        investor = builders.an_investor(session)
        builders.an_instrument(session, centre, investor)
        builders.a_membership(session, role, user=user, organisation=investor)
    return user


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.COMMISSIONER, "a commissioner"),
        (Role.INVESTOR, "an investor"),
        (Role.PROVIDER, "a provider team"),
    ],
)
def test_the_role_of_who_deals_with_the_centre_is_told_and_no_other(
    session: Session, centre: Centre, elsewhere: Centre, role: Role, words: str
) -> None:
    here = one_who_deals_with(session, role, centre)
    there = one_who_deals_with(session, role, elsewhere)
    told = user_names(session, as_evaluator_of(centre), centre.id, [here.id, there.id])
    assert told == {None: "the system", here.id: words, there.id: "somebody who has no role here"}
