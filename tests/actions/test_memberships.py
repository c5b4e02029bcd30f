"""Giving a role, and ending one."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from chec.actions.memberships import end_membership, give_membership
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import (
    AuditEvent,
    AuditSubject,
    Centre,
    Event,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
)
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.viewers import get_viewer
from tests import builders
from tests.role_holders import acting_by, holder, user_of

TODAY = london_day(builders.NOW)


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


def test_a_role_that_was_taken_back_before_it_began_stands_in_nobodys_way(
    session: Session,
) -> None:
    centre, user = builders.a_centre(session), builders.a_user(session)
    tomorrow = TODAY + timedelta(days=1)
    coming = builders.a_membership(
        session, Role.DIRECTOR, user=user, centre=centre, starts_on=tomorrow
    )
    end_membership(session, builders.an_actor(), coming)
    assert coming.ends_before == tomorrow
    again = builders.a_membership(session, Role.DIRECTOR, user=user, centre=centre, starts_on=TODAY)
    assert again.ends_before is None


def test_a_membership_ends_after_it_starts(session: Session) -> None:
    centre = builders.a_centre(session)
    with pytest.raises(RuleBroken, match="The last day comes before the first"):
        builders.a_membership(
            session, Role.EVALUATOR, centre=centre, ends_before=builders.OPENED_ON
        )


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DIRECTOR, Role.EVALUATOR])
def test_an_administrator_gives_a_role_in_their_centre(session: Session, role: Role) -> None:
    centre = builders.a_centre(session)
    given = give(session, holder(session, Role.ADMINISTRATOR, centre=centre), role, centre)
    [held] = get_viewer(session, given.user_id, TODAY).grants
    assert (held.role, held.centre_id) == (role, centre.id)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DIRECTOR, Role.COMMISSIONER])
def test_a_director_makes_no_approver(session: Session, role: Role) -> None:
    centre, payer = builders.a_centre(session), builders.a_payer(session)
    builders.a_contract(session, centre, payer)
    director = holder(session, Role.DIRECTOR, centre=centre)
    held_for = payer if role is Role.COMMISSIONER else centre
    with pytest.raises(RuleBroken, match=f"an administrator gives and ends the role of {role}"):
        give(session, director, role, held_for)


def test_a_director_gives_the_roles_that_decide_about_neither_money_nor_people(
    session: Session,
) -> None:
    centre = builders.a_centre(session)
    director = holder(session, Role.DIRECTOR, centre=centre)
    instrument = builders.an_instrument(session, centre)
    investor = session.get_one(Organisation, instrument.investor_id)
    venture = builders.a_venture(session, centre)
    user = builders.a_user(session)
    give(session, director, Role.EVALUATOR, centre)
    give(session, director, Role.INVESTOR, investor)
    give_membership(session, director, user, Role.PROVIDER, starts_on=TODAY, venture=venture)


def test_nobody_gives_themselves_a_role(session: Session) -> None:
    centre = builders.a_centre(session)
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    user = user_of(session, administrator)
    with pytest.raises(RuleBroken, match="a role of their own"):
        give_membership(
            session, administrator, user, Role.EVALUATOR, starts_on=TODAY, centre=centre
        )


def test_nobody_gives_a_role_in_another_centre(session: Session) -> None:
    centre, other = builders.a_centre(session), builders.a_centre(session, name="Hidden")
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    with pytest.raises(RuleBroken, match="not yours to see"):
        give(session, administrator, Role.EVALUATOR, other)


def test_a_role_for_an_organisation_is_given_by_who_may_in_every_centre_it_reaches(
    session: Session,
) -> None:
    here, there = builders.a_centre(session), builders.a_centre(session, name="Hidden")
    payer = builders.a_payer(session)
    builders.a_contract(session, here, payer)
    administrator = holder(session, Role.ADMINISTRATOR, centre=here)
    give(session, administrator, Role.COMMISSIONER, payer)
    builders.a_contract(session, there, payer)
    with pytest.raises(RuleBroken, match="not yours to see") as refused:
        give(session, administrator, Role.COMMISSIONER, payer)
    assert "Hidden" not in str(refused.value)
    user = user_of(session, administrator)
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=there)
    give(session, administrator, Role.COMMISSIONER, payer)


def test_a_role_for_an_organisation_that_reaches_no_centre_is_not_given(session: Session) -> None:
    administrator = holder(session, Role.ADMINISTRATOR, centre=builders.a_centre(session))
    with pytest.raises(RuleBroken, match="neither invests in a centre nor pays one"):
        give(session, administrator, Role.INVESTOR, builders.an_investor(session))


def test_nobody_gives_a_role_from_yesterday(session: Session) -> None:
    centre = builders.a_centre(session)
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    with pytest.raises(RuleBroken, match="begins today at the earliest"):
        give_membership(
            session,
            administrator,
            builders.a_user(session),
            Role.EVALUATOR,
            starts_on=TODAY - timedelta(days=1),
            centre=centre,
        )


@pytest.mark.parametrize("days_ago", [300, 1, 0])
def test_what_ended_opens_nothing_from_then_on(session: Session, days_ago: int) -> None:
    centre = builders.a_centre(session)
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    since = TODAY - timedelta(days=days_ago)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre, starts_on=since)
    assert get_viewer(session, held.user_id, TODAY).grants
    end_membership(session, administrator, held)
    assert held.ends_before == TODAY
    assert not get_viewer(session, held.user_id, TODAY).grants


def test_nobody_ends_a_role_of_their_own(session: Session) -> None:
    centre = builders.a_centre(session)
    holder(session, Role.ADMINISTRATOR, centre=centre)
    own = builders.a_membership(session, Role.ADMINISTRATOR, centre=centre)
    with pytest.raises(RuleBroken, match="a role of their own"):
        end_membership(session, acting_by(own), own)


def test_nobody_ends_the_role_of_the_last_administrator(session: Session) -> None:
    centre = builders.a_centre(session)
    last = builders.a_membership(session, Role.ADMINISTRATOR, centre=centre)
    with pytest.raises(RuleBroken, match="the centre's last administrator"):
        end_membership(session, builders.an_actor(), last)


def test_an_administrator_whose_role_ends_sooner_does_not_count(session: Session) -> None:
    centre = builders.a_centre(session)
    last = builders.a_membership(session, Role.ADMINISTRATOR, centre=centre)
    other = holder(
        session, Role.ADMINISTRATOR, centre=centre, ends_before=TODAY + timedelta(days=1)
    )
    with pytest.raises(RuleBroken, match="the centre's last administrator"):
        end_membership(session, other, last)
    again = TODAY + timedelta(days=1)
    give_membership(
        *(session, builders.an_actor(), user_of(session, other), Role.ADMINISTRATOR),
        starts_on=again,
        centre=centre,
    )
    end_membership(session, other, last)


def test_an_administrator_whose_account_is_locked_does_not_count(session: Session) -> None:
    centre = builders.a_centre(session)
    last = builders.a_membership(session, Role.ADMINISTRATOR, centre=centre)
    other = user_of(session, holder(session, Role.ADMINISTRATOR, centre=centre))
    other.active = False
    session.flush()
    with pytest.raises(RuleBroken, match="the centre's last administrator"):
        end_membership(session, builders.an_actor(), last)


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.ADMINISTRATOR])
def test_a_director_ends_no_role_that_they_do_not_give(session: Session, role: Role) -> None:
    centre = builders.a_centre(session)
    director = holder(session, Role.DIRECTOR, centre=centre)
    holder(session, Role.ADMINISTRATOR, centre=centre)
    held = builders.a_membership(session, role, centre=centre)
    with pytest.raises(RuleBroken, match=f"gives and ends the role of {role}"):
        end_membership(session, director, held)
    assert held.ends_before is None


def test_a_role_ends_once(session: Session) -> None:
    centre = builders.a_centre(session)
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    end_membership(session, administrator, held)
    with pytest.raises(RuleBroken, match="has ended already"):
        end_membership(session, administrator, held)


def test_the_trail_tells_who_gave_and_ended_what_and_names_nobody(
    session: Session, engine: Engine
) -> None:
    centre = builders.a_centre(session)
    venture = builders.a_venture(session, centre)
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    user = builders.a_user(session, name="Private Name", email="private@chec.example")
    held = give_membership(
        session, administrator, user, Role.PROVIDER, starts_on=TODAY, venture=venture
    )
    end_membership(session, administrator, held)
    session.commit()
    given, ended = events(session, Event.MEMBERSHIP_GIVEN, Event.MEMBERSHIP_ENDED)[-2:]
    subject = reference("user", user.id)
    for event in (given, ended):
        assert (event.user_id, event.subject) == (administrator.user_id, subject)
        assert event.acting_for == f"administrator of {reference('centre', centre.id)}"
        assert event.centre_id == centre.id
        about = session.exec(select(AuditSubject).where(AuditSubject.event_id == event.id))
        assert {row.subject for row in about} == {
            subject,
            reference("venture", venture.id),
            reference("membership", held.id),
        }
        assert "private" not in str(event.model_dump()).lower()
    assert json.loads(given.changes)["held_for"] == [None, reference("venture", venture.id)]
    assert json.loads(ended.changes) == {"ends_before": [None, TODAY.isoformat()]}


def give(session: Session, actor: Actor, role: Role, held_for: Centre | Organisation) -> Membership:
    """The role, given to somebody new from today on."""
    user = builders.a_user(session)
    if isinstance(held_for, Centre):
        return give_membership(session, actor, user, role, starts_on=TODAY, centre=held_for)
    return give_membership(session, actor, user, role, starts_on=TODAY, organisation=held_for)


def events(session: Session, *kinds: Event) -> list[AuditEvent]:
    query = select(AuditEvent).where(col(AuditEvent.event).in_(kinds))
    return list(session.exec(query.order_by(col(AuditEvent.id))))
