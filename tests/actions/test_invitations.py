"""Inviting a person: a link that works once and for 72 hours."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from chec.actions.invitations import (
    Invited,
    Sent,
    accept_invitation,
    invite_person,
    send_invitation_again,
    withdraw_invitation,
)
from chec.actions.memberships import end_membership
from chec.actions.users import lock_account
from chec.clock import london_day
from chec.errors import NotFound, RuleBroken
from chec.models import (
    AuditEvent,
    Centre,
    Event,
    Invitation,
    Membership,
    Organisation,
    Role,
    User,
)
from chec.models.references import reference
from chec.permissions import SYSTEM, Actor, Grant
from chec.queries.invitations import list_invitations
from chec.queries.viewers import get_viewer
from chec.rules.invitation_terms import GOOD_FOR, InvitationState
from tests import builders
from tests.role_holders import holder, user_of

TODAY = london_day(builders.NOW)
TOMORROW = builders.NOW + timedelta(days=1)
EMAIL = "new@chec.example"


@pytest.fixture
def centre(session: Session) -> Centre:
    return builders.a_centre(session)


@pytest.fixture
def administrator(session: Session, centre: Centre) -> Actor:
    return holder(session, Role.ADMINISTRATOR, centre=centre)


@pytest.fixture
def sent(session: Session, centre: Centre, administrator: Actor) -> Sent:
    return send(session, centre, administrator)


def test_only_the_hash_of_the_token_is_kept(session: Session, sent: Sent) -> None:
    assert len(sent.token) == 43
    assert sent.token not in str(session.get_one(Invitation, sent.invitation.id).model_dump())


def test_whoever_was_invited_becomes_a_user_with_the_role(
    session: Session, centre: Centre, sent: Sent
) -> None:
    user = accept(session, sent.token)
    assert (user.email, user.name, user.password) == (EMAIL, "Jo Reed", "hash")
    [held] = get_viewer(session, user.id, TODAY).grants
    assert held == Grant(Role.EVALUATOR, centre_id=centre.id)
    assert (sent.invitation.accepted_by_id, sent.invitation.accepted_at) == (user.id, builders.NOW)


def test_a_link_works_once(session: Session, sent: Sent) -> None:
    accept(session, sent.token)
    with pytest.raises(NotFound):
        accept(session, sent.token)
    assert count(session, User, User.email == EMAIL) == 1


@pytest.mark.parametrize(("after", "works"), [(GOOD_FOR, False), (-timedelta(seconds=1), True)])
def test_a_link_works_for_72_hours(
    session: Session, sent: Sent, after: timedelta, works: bool
) -> None:
    at = builders.NOW + (after if after > timedelta(0) else GOOD_FOR + after)
    if works:
        assert accept(session, sent.token, at=at).id
        return
    with pytest.raises(NotFound):
        accept(session, sent.token, at=at)
    assert count(session, User, User.email == EMAIL) == 0


def test_a_token_of_ones_own_making_opens_nothing(session: Session, sent: Sent) -> None:
    for token in ("", "x", sent.token[:-1], sent.invitation.token_hash, "é" * 43):
        with pytest.raises(NotFound):
            accept(session, token)


def test_a_withdrawn_link_opens_nothing(session: Session, sent: Sent, administrator: Actor) -> None:
    withdraw_invitation(session, administrator, sent.invitation)
    with pytest.raises(NotFound):
        accept(session, sent.token)
    with pytest.raises(RuleBroken, match="was withdrawn"):
        send_invitation_again(session, administrator, sent.invitation)


def test_sent_again_only_the_new_link_works_and_for_72_hours_more(
    session: Session, sent: Sent, administrator: Actor
) -> None:
    later = builders.NOW + GOOD_FOR + timedelta(hours=9)
    again = send_invitation_again(session, replace(administrator, at=later), sent.invitation)
    assert again.invitation.expires_at == later + GOOD_FOR
    with pytest.raises(NotFound):
        accept(session, sent.token, at=later)
    assert accept(session, again.token, at=later).id


def test_what_was_accepted_is_neither_withdrawn_nor_sent_again(
    session: Session, sent: Sent, administrator: Actor
) -> None:
    accept(session, sent.token)
    for act in (withdraw_invitation, send_invitation_again):
        with pytest.raises(RuleBroken, match="was accepted"):
            act(session, administrator, sent.invitation)


def test_the_role_begins_on_the_day_of_acceptance_at_the_earliest(
    session: Session, sent: Sent
) -> None:
    accept(session, sent.token, at=builders.NOW + timedelta(days=2))
    [membership] = session.exec(select(Membership).where(col(Membership.role) == Role.EVALUATOR))
    assert membership.starts_on == TODAY + timedelta(days=2)


def test_a_role_whose_days_are_over_is_not_accepted(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    sent = send(session, centre, administrator, ends_before=TODAY + timedelta(days=1))
    with pytest.raises(NotFound):
        accept(session, sent.token, at=builders.NOW + timedelta(days=1))


def test_whoever_sent_it_must_still_be_allowed_to_give_the_role(
    session: Session, sent: Sent, centre: Centre, administrator: Actor
) -> None:
    other = holder(session, Role.ADMINISTRATOR, centre=centre)
    role = Membership.user_id == administrator.user_id
    end_membership(session, other, session.exec(select(Membership).where(role)).one())
    with pytest.raises(NotFound):
        accept(session, sent.token)
    again = send_invitation_again(session, other, sent.invitation)
    assert again.invitation.invited_by_id == other.user_id
    assert accept(session, again.token).id


def test_nobody_is_let_in_by_somebody_whose_account_is_locked(
    session: Session, sent: Sent, centre: Centre, administrator: Actor
) -> None:
    other = holder(session, Role.ADMINISTRATOR, centre=centre)
    lock_account(session, other, user_of(session, administrator))
    with pytest.raises(NotFound):
        accept(session, sent.token)


def test_what_the_system_sent_is_good_without_a_sender(session: Session, centre: Centre) -> None:
    invited = an_invitation(centre, role=Role.ADMINISTRATOR)
    sent = invite_person(session, builders.an_actor(), centre, invited)
    assert isinstance(sent, Sent)
    assert sent.invitation.invited_by_id is None
    assert accept(session, sent.token).id


def test_the_system_invites_again_with_another_link(session: Session, centre: Centre) -> None:
    invited = an_invitation(centre)
    first, second = (invite_person(session, builders.an_actor(), centre, invited) for _ in range(2))
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert first.invitation.id == second.invitation.id
    with pytest.raises(NotFound):
        accept(session, first.token)
    assert accept(session, second.token).id


def test_whoever_has_an_account_is_asked_too_and_whoever_invites_learns_nothing(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    user = builders.a_user(session, email=EMAIL, name="Jo Known")
    sent = invite_person(
        session, administrator, centre, an_invitation(centre, email="NEW@chec.example")
    )
    assert sent.invitation.name != user.name
    assert count(session, Membership) == 1  # the administrator's own
    actor = replace(builders.an_actor(), user_id=None)
    assert accept_invitation(session, actor, sent.token, None).id == user.id
    assert count(session, Membership) == 2


def test_somebody_invited_twice_has_one_account_with_both_roles(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    first = send(session, centre, administrator)
    second = send(session, centre, administrator, role=Role.DIRECTOR)
    user = accept(session, first.token)
    assert accept(session, second.token, password_hash=None).id == user.id
    assert {grant.role for grant in get_viewer(session, user.id, TODAY).grants} == {
        Role.EVALUATOR,
        Role.DIRECTOR,
    }
    assert user.password == "hash"


def test_a_password_for_somebody_who_has_an_account_by_now_is_refused(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    first = send(session, centre, administrator)
    second = send(session, centre, administrator, role=Role.DIRECTOR)
    user = accept(session, first.token)
    with pytest.raises(RuleBroken, match="Open the link again and take the role"):
        accept(session, second.token, password_hash="another")
    assert user.password == "hash"
    assert accept(session, second.token, password_hash=None).id == user.id


def test_without_a_password_nobody_becomes_a_user(session: Session, sent: Sent) -> None:
    with pytest.raises(NotFound):
        accept(session, sent.token, password_hash=None)


def test_nobody_is_invited_twice_to_the_same_role(
    session: Session, sent: Sent, centre: Centre, administrator: Actor
) -> None:
    with pytest.raises(RuleBroken, match="Send INV-0001 again instead"):
        send(session, centre, administrator)
    withdraw_invitation(session, administrator, sent.invitation)
    assert send(session, centre, administrator).token


def test_whoever_was_invited_by_somebody_who_may_no_longer_is_invited_anew(
    session: Session, sent: Sent, centre: Centre, administrator: Actor
) -> None:
    other = holder(session, Role.ADMINISTRATOR, centre=centre)
    lock_account(session, other, user_of(session, administrator))
    anew = send(session, centre, other)
    assert anew.invitation.id != sent.invitation.id
    assert accept(session, anew.token).id


def test_whoever_was_invited_for_days_that_are_over_is_invited_anew(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    send(session, centre, administrator, ends_before=TODAY + timedelta(days=1))
    assert send(
        session, centre, replace(administrator, at=TOMORROW), starts_on=TOMORROW.date()
    ).token


def test_who_may_give_a_role_is_asked_once_for_a_whole_list(
    session: Session, engine: Engine, centre: Centre, administrator: Actor
) -> None:
    statements: list[str] = []
    event.listen(engine, "after_cursor_execute", lambda *a: statements.append(str(a[2])))
    counts = []
    for each in range(4):
        send(session, centre, administrator, email=f"{each}@chec.example")
        statements.clear()
        found = list_invitations(session, SYSTEM, centre.id, builders.NOW)
        assert {each.state for each in found} == {InvitationState.OPEN}
        counts.append(len(statements))
    assert len(set(counts[1:])) == 1, counts


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ADMINISTRATOR, False),
        (Role.DIRECTOR, False),
        (Role.EVALUATOR, True),
    ],
)
def test_a_director_invites_to_the_roles_that_they_give(
    session: Session, centre: Centre, role: Role, may: bool
) -> None:
    director = holder(session, Role.DIRECTOR, centre=centre)
    if may:
        assert send(session, centre, director, role=role).token
        return
    with pytest.raises(RuleBroken, match="an administrator gives and ends"):
        send(session, centre, director, role=role)


def test_a_director_neither_withdraws_nor_sends_again_what_an_administrator_sent(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    sent = send(session, centre, administrator, role=Role.DIRECTOR)
    director = holder(session, Role.DIRECTOR, centre=centre)
    for act in (withdraw_invitation, send_invitation_again):
        with pytest.raises(RuleBroken, match="an administrator gives and ends"):
            act(session, director, sent.invitation)
    assert accept(session, sent.token).id


def test_nobody_invites_themselves(session: Session, centre: Centre, administrator: Actor) -> None:
    own = user_of(session, administrator).email
    with pytest.raises(RuleBroken, match="a role of their own"):
        invite_person(session, administrator, centre, an_invitation(centre, email=own.upper()))


def test_nobody_is_invited_for_an_organisation_of_another_centre(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    there = builders.an_instrument(session, builders.a_centre(session))
    investor = session.get_one(Organisation, there.investor_id)
    grant = Grant(Role.INVESTOR, organisation_id=investor.id)
    invited = Invited(EMAIL, "Jo Reed", grant, TODAY)
    with pytest.raises(RuleBroken, match=f"neither invests in {centre.name} nor pays it"):
        invite_person(session, administrator, centre, invited)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"email": "nobody"}, "Give an email address"),
        ({"email": "a@b.example, c@d.example"}, "Give an email address"),
        ({"email": "a@chec.example\nBcc: b@chec.example"}, "unprintable"),
        ({"email": "9434765919@chec.example"}, "NHS number"),
        ({"email": f"{'a' * 120}@chec.example"}, "Shorten it"),
        ({"name": ""}, "Give the person's name"),
        ({"name": "x" * 121}, "Shorten it"),
        ({"name": "Jo\x00Reed"}, "unprintable"),
        ({"name": "=HYPERLINK()"}, "spreadsheet formula"),
        ({"name": "Jo 943 476 5919"}, "NHS number"),
        ({"starts_on": TODAY - timedelta(days=1)}, "today at the earliest"),
        ({"ends_before": TODAY}, "The last day comes before the first"),
    ],
)
def test_bad_details_are_refused_and_nothing_is_kept(
    session: Session, centre: Centre, administrator: Actor, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(RuleBroken, match=why):
        send(session, centre, administrator, **fields)
    assert count(session, Invitation) == 0


def test_the_trail_tells_of_each_step_and_names_nobody(
    session: Session, centre: Centre, administrator: Actor
) -> None:
    sent = send(session, centre, administrator)
    again = send_invitation_again(session, administrator, sent.invitation)
    user = accept(session, again.token)
    other = send(session, centre, administrator, role=Role.DIRECTOR, email="two@chec.example")
    withdraw_invitation(session, administrator, other.invitation)
    session.commit()
    kinds = (
        Event.PERSON_INVITED,
        Event.INVITATION_ACCEPTED,
        Event.INVITATION_WITHDRAWN,
        Event.USER_ADDED,
    )
    query = select(AuditEvent).where(col(AuditEvent.event).in_(kinds)).order_by(col(AuditEvent.id))
    told = [each for each in session.exec(query) if each.user_id]
    who = administrator.user_id
    assert [(each.event, each.subject, each.user_id) for each in told] == [
        (Event.PERSON_INVITED, "INV-0001", who),
        (Event.PERSON_INVITED, "INV-0001", who),
        (Event.INVITATION_ACCEPTED, "INV-0001", user.id),
        (Event.PERSON_INVITED, "INV-0002", who),
        (Event.INVITATION_WITHDRAWN, "INV-0002", who),
    ]
    assert {each.centre_id for each in told} == {centre.id}
    assert reference("user", user.id) in told[2].changes
    everything = " ".join(str(each.model_dump()) for each in session.exec(select(AuditEvent)))
    for secret in (EMAIL, "Jo Reed", sent.token, again.token, sent.invitation.token_hash):
        assert secret not in everything


def an_invitation(
    centre: Centre,
    *,
    role: Role = Role.EVALUATOR,
    email: str = EMAIL,
    name: str = "Jo Reed",
    starts_on: date = TODAY,
    ends_before: date | None = None,
) -> Invited:
    return Invited(email, name, Grant(role, centre_id=centre.id), starts_on, ends_before)


def send(session: Session, centre: Centre, actor: Actor, **fields: Any) -> Sent:
    """An invitation to somebody who is no user yet."""
    sent = invite_person(session, actor, centre, an_invitation(centre, **fields))
    assert isinstance(sent, Sent)
    return sent


def accept(
    session: Session, token: str, *, at: Any = builders.NOW, password_hash: str | None = "hash"
) -> User:
    return accept_invitation(session, Actor(None, "", "", at), token, password_hash)


def count(session: Session, model: Any, *conditions: Any) -> int:
    return len(session.exec(select(model).where(*conditions)).all())
