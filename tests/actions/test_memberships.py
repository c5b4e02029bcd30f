from datetime import date

import pytest
from sqlmodel import Session

from chec.errors import RuleBroken
from chec.models import OrganisationKind, Role
from tests import builders


def test_a_director_acts_for_a_centre(session: Session) -> None:
    centre = builders.a_centre(session)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    assert (held.centre_id, held.organisation_id, held.venture_id) == (centre.id, None, None)


def test_an_officer_of_a_local_authority_is_a_commissioner(session: Session) -> None:
    council = builders.an_organisation(session, OrganisationKind.LOCAL_AUTHORITY)
    held = builders.a_membership(session, Role.COMMISSIONER, organisation=council)
    assert held.organisation_id == council.id


def test_a_role_is_held_for_what_it_needs_and_nothing_else(session: Session) -> None:
    centre, investor = builders.a_centre(session), builders.an_investor(session)
    with pytest.raises(RuleBroken, match="held for a centre, and for nothing else"):
        builders.a_membership(session, Role.DIRECTOR, organisation=investor)
    with pytest.raises(RuleBroken, match="held for an organisation"):
        builders.a_membership(session, Role.INVESTOR, organisation=investor, centre=centre)


def test_nobody_is_an_investor_for_a_provider(session: Session) -> None:
    provider = builders.a_provider(session, name="Harbour")
    with pytest.raises(RuleBroken, match="Harbour is no investor: it is kept as provider"):
        builders.a_membership(session, Role.INVESTOR, organisation=provider)


def test_the_same_role_is_not_held_twice_at_once(session: Session) -> None:
    centre, user = builders.a_centre(session), builders.a_user(session)
    builders.a_membership(
        session, Role.DIRECTOR, user=user, centre=centre, ends_before=date(2025, 1, 1)
    )
    builders.a_membership(
        session, Role.DIRECTOR, user=user, centre=centre, starts_on=date(2025, 1, 1)
    )
    with pytest.raises(RuleBroken, match="holds that role already"):
        builders.a_membership(
            session, Role.DIRECTOR, user=user, centre=centre, starts_on=date(2024, 12, 31)
        )


def test_a_membership_ends_after_it_starts(session: Session) -> None:
    centre = builders.a_centre(session)
    with pytest.raises(RuleBroken, match="ends after the day on which it starts"):
        builders.a_membership(
            session, Role.EVALUATOR, centre=centre, ends_before=builders.OPENED_ON
        )
