from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from chec.actions.second_factors import reset_second_factor
from chec.actions.sign_ins import begin_sign_in
from chec.actions.users import lock_account, unlock_account
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import AuditEvent, Event, Role, SignIn, SignInMethod, User
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.viewers import get_viewer
from tests import builders
from tests.role_holders import holder, user_of

TODAY = london_day(builders.NOW)


def test_an_email_address_is_kept_in_lower_case_and_used_once(session: Session) -> None:
    assert builders.a_user(session, email=" Jo@CHEC.example ").email == "jo@chec.example"
    for spelling in ("JO@chec.example", "jo@\uff43hec.example", "jo@chec\u3002example"):
        with pytest.raises(RuleBroken, match="already a user with this email address"):
            builders.a_user(session, email=spelling)


@pytest.mark.parametrize(
    "email", ["jo", "jo@", "@chec.example", "jo@chec..example", "a b@c.example"]
)
def test_what_is_no_email_address_is_refused(session: Session, email: str) -> None:
    with pytest.raises(RuleBroken, match="Give an email address"):
        builders.a_user(session, email=email)


def test_no_nhs_number_hides_in_an_email_address(session: Session) -> None:
    with pytest.raises(RuleBroken, match="NHS number"):
        builders.a_user(session, email="9434765919@chec.example")


def test_two_users_never_share_a_session_key(session: Session) -> None:
    assert builders.a_user(session).fs_uniquifier != builders.a_user(session).fs_uniquifier


def test_a_locked_account_is_signed_out_and_its_roles_hold_for_nothing(session: Session) -> None:
    centre = builders.a_centre(session)
    administrator = holder(session, Role.ADMINISTRATOR, centre=centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    begin_sign_in(session, administrator, user.id, SignInMethod.PASSWORD)
    lock_account(session, administrator, user)
    assert not user.active
    assert not get_viewer(session, user.id, TODAY).grants
    assert session.exec(select(SignIn)).one().ended_at == builders.NOW
    lock_account(session, administrator, user)
    unlock_account(session, administrator, user)
    unlock_account(session, administrator, user)
    assert get_viewer(session, user.id, TODAY).grants
    session.commit()
    kinds = [Event.ACCOUNT_LOCKED, Event.ACCOUNT_UNLOCKED]
    told = session.exec(select(AuditEvent).where(col(AuditEvent.event).in_(kinds))).all()
    subject = reference("user", user.id)
    assert [(each.event, each.subject, each.centre_id) for each in told] == [
        (kind, subject, centre.id) for kind in kinds
    ]


def test_nobody_locks_their_own_account(session: Session) -> None:
    administrator = holder(session, Role.ADMINISTRATOR, centre=builders.a_centre(session))
    with pytest.raises(RuleBroken, match="Nobody does this to their own account"):
        lock_account(session, administrator, user_of(session, administrator))


def test_a_centre_is_not_left_to_an_administrator_whose_role_ends(session: Session) -> None:
    centre = builders.a_centre(session)
    ends = TODAY + timedelta(days=1)
    short = holder(session, Role.ADMINISTRATOR, centre=centre, ends_before=ends)
    last = user_of(session, holder(session, Role.ADMINISTRATOR, centre=centre))
    with pytest.raises(RuleBroken, match="the centre's last administrator"):
        lock_account(session, short, last)
    holder(session, Role.ADMINISTRATOR, centre=centre)
    lock_account(session, short, last)


@pytest.mark.parametrize("act", [lock_account, unlock_account, reset_second_factor])
def test_an_account_is_managed_by_an_administrator_of_every_centre_it_reaches(
    session: Session, act: Callable[[Session, Actor, User], None]
) -> None:
    here, there = builders.a_centre(session), builders.a_centre(session, name="Hidden")
    administrator = holder(session, Role.ADMINISTRATOR, centre=here)
    user = user_of(session, holder(session, Role.DIRECTOR, centre=here))
    user.tf_primary_method, user.tf_totp_secret = "authenticator", "kept"
    far = builders.a_membership(session, Role.EVALUATOR, user=user, centre=there)
    with pytest.raises(RuleBroken, match="not yours to see") as refused:
        act(session, administrator, user)
    assert "Hidden" not in str(refused.value)
    far.ends_before = TODAY
    session.flush()
    act(session, administrator, user)


def test_a_director_manages_no_account(session: Session) -> None:
    centre = builders.a_centre(session)
    director = holder(session, Role.DIRECTOR, centre=centre)
    user = user_of(session, holder(session, Role.EVALUATOR, centre=centre))
    with pytest.raises(RuleBroken, match="where you are no administrator"):
        lock_account(session, director, user)
