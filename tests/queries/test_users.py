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


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.COMMISSIONER, "a commissioner"),
        (Role.INVESTOR, "an investor"),
        (Role.PROVIDER, "a provider team"),
    ],
)
def test_the_role_of_who_deals_with_the_centre_is_told_too(
    session: Session, centre: Centre, role: Role, words: str
) -> None:
    user, nobody = builders.a_user(session), builders.a_user(session)
    venture = builders.a_venture(session, centre) if role is Role.PROVIDER else None
    of = {Role.INVESTOR: builders.an_investor, Role.COMMISSIONER: builders.a_payer}
    organisation = of[role](session) if role in of else None
    builders.a_membership(session, role, user=user, organisation=organisation, venture=venture)
    told = user_names(session, as_evaluator_of(centre), centre.id, [user.id, nobody.id])
    assert told == {None: "the system", user.id: words, nobody.id: "somebody who has no role here"}
