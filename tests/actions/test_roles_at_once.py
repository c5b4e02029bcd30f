"""Roles, invitations and accounts that change while somebody else acts."""

from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from chec.actions.invitations import Invited, Sent, accept_invitation, invite_person
from chec.actions.ledger import post_transfer
from chec.actions.memberships import end_membership, give_membership
from chec.actions.users import lock_account
from chec.clock import london_day
from chec.errors import NotAllowed, NotFound, RuleBroken
from chec.models import BANK, AccountKind, Cause, Centre, Membership, Role, Transfer, User
from chec.permissions import Actor, Grant
from chec.queries.claim_decisions import lock_part
from chec.rules.posting import Entry
from tests import builders
from tests.actions.at_once import at_once, one_after_the_other
from tests.claim_parts import part_of
from tests.role_holders import acting_by, holder, user_of

TODAY = london_day(builders.NOW)


@pytest.fixture
def centre(session: Session) -> Centre:
    centre = builders.a_centre(session)
    builders.a_transfer(session, centre, Cause.GRANT, pence=900)
    return centre


@pytest.fixture
def administrator(session: Session, centre: Centre) -> Actor:
    return holder(session, Role.ADMINISTRATOR, centre=centre)


@pytest.fixture
def tranche(session: Session, centre: Centre) -> Entry:
    funding = builders.an_account_key(session, centre, AccountKind.VENTURE_FUNDING)
    return Entry(builders.NOW.date(), funding, BANK, 900, Cause.TRANCHE)


def end(session: Session, membership: Membership, actor: Actor) -> str:
    end_membership(session, actor, session.get_one(Membership, membership.id))
    return "ended"


def release(session: Session, actor: Actor, centre: Centre, tranche: Entry) -> str:
    try:
        post_transfer(session, actor, centre, tranche, "form:1")
    except NotAllowed as refused:
        raise RuleBroken(str(refused)) from refused
    return "released"


def test_an_act_that_waited_while_its_role_was_ended_is_refused(
    engine: Engine, session: Session, centre: Centre, administrator: Actor, tranche: Entry
) -> None:
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    session.commit()
    ended, released = one_after_the_other(
        engine,
        partial(end, membership=held, actor=administrator),
        partial(release, actor=acting_by(held), centre=centre, tranche=tranche),
    )
    assert ended == "ended"
    assert isinstance(released, RuleBroken)
    assert "You are no longer director of C-" in str(released)
    assert count_of_tranches(session) == 0


def test_a_role_ends_after_the_act_that_was_there_first(
    engine: Engine, session: Session, centre: Centre, administrator: Actor, tranche: Entry
) -> None:
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    session.commit()
    results = one_after_the_other(
        engine,
        partial(release, actor=acting_by(held), centre=centre, tranche=tranche),
        partial(end, membership=held, actor=administrator),
    )
    assert results == ["released", "ended"]
    assert count_of_tranches(session) == 1


def test_an_act_that_waited_while_the_account_was_locked_is_refused(
    engine: Engine, session: Session, centre: Centre, administrator: Actor, tranche: Entry
) -> None:
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    session.commit()

    def lock(session: Session) -> str:
        lock_account(session, administrator, session.get_one(User, held.user_id))
        return "locked"

    act = partial(release, actor=acting_by(held), centre=centre, tranche=tranche)
    locked, released = one_after_the_other(engine, lock, act)
    assert locked == "locked"
    assert isinstance(released, RuleBroken)
    assert count_of_tranches(session) == 0


def test_a_payers_role_is_asked_again_under_the_lock_too(
    engine: Engine, session: Session, centre: Centre, administrator: Actor
) -> None:
    payer = builders.a_payer(session)
    claim = builders.a_claim(session, builders.a_contract(session, centre, payer))
    part = part_of(session, claim, payer)
    held = builders.a_membership(session, Role.COMMISSIONER, organisation=payer)
    session.commit()

    def decide(session: Session) -> str:
        try:
            lock_part(session, acting_by(held), session.merge(part))
        except NotAllowed as refused:
            raise RuleBroken(str(refused)) from refused
        return "decided"

    ended, decided = one_after_the_other(
        engine, partial(end, membership=held, actor=administrator), decide
    )
    assert ended == "ended"
    assert isinstance(decided, RuleBroken)


def test_of_two_administrators_who_end_each_other_one_stays(
    engine: Engine, session: Session, centre: Centre
) -> None:
    one, two = (builders.a_membership(session, Role.ADMINISTRATOR, centre=centre) for _ in range(2))
    session.commit()
    results = at_once(
        engine,
        partial(end_or_be_refused, membership=two, actor=acting_by(one)),
        partial(end_or_be_refused, membership=one, actor=acting_by(two)),
    )
    assert [result for result in results if result == "ended"] == ["ended"]
    unended = select(func.count()).where(col(Membership.ends_before).is_(None))
    assert session.exec(unended).one() == 1


def test_of_two_administrators_who_lock_each_other_one_stays(
    engine: Engine, session: Session, centre: Centre, administrator: Actor
) -> None:
    other = holder(session, Role.ADMINISTRATOR, centre=centre)
    session.commit()

    def lock(session: Session, actor: Actor, whom: Actor) -> str:
        try:
            lock_account(session, actor, user_of(session, whom))
        except NotAllowed as refused:
            raise RuleBroken(str(refused)) from refused
        return "locked"

    results = at_once(
        engine,
        partial(lock, actor=administrator, whom=other),
        partial(lock, actor=other, whom=administrator),
    )
    assert [result for result in results if result == "locked"] == ["locked"]
    assert session.exec(select(func.count()).where(~col(User.active))).one() == 1


def test_the_same_role_given_twice_at_once_is_held_once(
    engine: Engine, session: Session, centre: Centre, administrator: Actor
) -> None:
    user = builders.a_user(session)
    session.commit()

    def give(session: Session) -> int:
        own, here = session.merge(user), session.merge(centre)
        role = Role.EVALUATOR
        given = give_membership(session, administrator, own, role, starts_on=TODAY, centre=here)
        return given.id

    results = at_once(engine, give, give)
    [refused] = [result for result in results if isinstance(result, RuleBroken)]
    assert "holds that role already" in str(refused)


def test_a_link_used_twice_at_once_makes_one_user(
    engine: Engine, session: Session, centre: Centre, administrator: Actor
) -> None:
    sent = send(session, administrator, centre)
    session.commit()
    results = at_once(engine, *2 * [partial(accept, token=sent.token)])
    assert sorted(map(str, results)) == ["accepted", "not found"]
    invited = select(func.count()).where(User.email == sent.invitation.email)
    assert session.exec(invited).one() == 1


def test_two_invitations_of_two_centres_accepted_at_once_make_one_user(
    engine: Engine, session: Session, centre: Centre, administrator: Actor
) -> None:
    there = builders.a_centre(session)
    far = holder(session, Role.ADMINISTRATOR, centre=there)
    links = [send(session, administrator, centre), send(session, far, there)]
    session.commit()
    results = at_once(engine, *(partial(accept, token=link.token) for link in links))
    assert results.count("accepted") == 1
    for link, done in zip(links, results, strict=True):
        if isinstance(done, RuleBroken):
            assert "You have got an account meanwhile, with another password." in str(done)
            assert accept(session, link.token, password_hash=None) == "accepted"
    user = session.exec(select(User).where(User.email == links[0].invitation.email)).one()
    own = select(func.count()).where(Membership.user_id == user.id)
    assert session.exec(own).one() == 2


def end_or_be_refused(session: Session, membership: Membership, actor: Actor) -> str:
    try:
        return end(session, membership, actor)
    except NotAllowed as refused:
        raise RuleBroken(str(refused)) from refused


def send(session: Session, actor: Actor, centre: Centre) -> Sent:
    grant = Grant(Role.EVALUATOR, centre_id=centre.id)
    invited = Invited("new@chec.example", "Jo Reed", grant, TODAY)
    sent = invite_person(session, actor, centre, invited)
    assert isinstance(sent, Sent)
    return sent


def accept(session: Session, token: str, password_hash: str | None = "hash") -> str:
    try:
        accept_invitation(session, Actor(None, "", "", builders.NOW), token, password_hash)
    except NotFound:
        return "not found"
    return "accepted"


def count_of_tranches(session: Session) -> int:
    released = select(func.count()).where(col(Transfer.cause) == Cause.TRANCHE)
    return session.exec(released).one()
