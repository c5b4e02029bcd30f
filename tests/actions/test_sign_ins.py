"""Sign-ins: begun and ended."""

from datetime import timedelta

from sqlmodel import Session, select

from chec.actions.sign_ins import (
    begin_sign_in,
    end_every_sign_in,
    end_other_sign_ins,
    end_sign_in,
    hash_of,
    record_new_password,
    renew_sign_in,
)
from chec.models import AuditEvent, Event, SignIn, SignInMethod, User
from chec.models.references import reference
from chec.queries.sign_ins import find_signed_in
from tests import builders

LATER = builders.NOW + timedelta(hours=1)


def begin(session: Session, user: User) -> str:
    return begin_sign_in(session, builders.an_actor(), user.id, SignInMethod.CODE, "Firefox")


def is_good(session: Session, uniquifier: str, token: str) -> bool:
    return find_signed_in(session, uniquifier, hash_of(token), LATER) is not None


def test_only_the_hash_of_a_token_is_kept(session: Session) -> None:
    user = builders.a_user(session)
    token = begin(session, user)
    [kept] = session.exec(select(SignIn)).all()
    assert kept.token_hash == hash_of(token)
    assert token not in repr(kept)
    assert is_good(session, user.fs_uniquifier, token)
    assert not is_good(session, user.fs_uniquifier, kept.token_hash)
    assert not is_good(session, "another", token)


def test_what_has_ended_stays_as_it_ended(session: Session) -> None:
    user = builders.a_user(session)
    token = begin(session, user)
    [sign_in] = session.exec(select(SignIn)).all()
    end_sign_in(session, builders.an_actor(), sign_in)
    end_sign_in(session, builders.an_actor(at=LATER), sign_in)
    assert sign_in.ended_at == builders.NOW
    assert not is_good(session, user.fs_uniquifier, token)
    assert [event for event, _ in trail(session)].count(Event.SIGNED_OUT) == 1


def test_ending_all_leaves_nothing_that_opens_and_spares_others(session: Session) -> None:
    user, other = builders.a_user(session), builders.a_user(session)
    uniquifier = user.fs_uniquifier
    tokens = [begin(session, user), begin(session, user)]
    theirs = begin(session, other)
    assert end_every_sign_in(session, builders.an_actor(at=LATER), user.id) == 2
    assert end_every_sign_in(session, builders.an_actor(at=LATER), user.id) == 0
    late = begin(session, user)
    assert not any(is_good(session, user.fs_uniquifier, token) for token in tokens)
    assert not is_good(session, uniquifier, late), "nor what was half-way before"
    assert is_good(session, user.fs_uniquifier, late)
    assert is_good(session, other.fs_uniquifier, theirs)
    assert trail(session)[-3:-1] == [
        (Event.SIGNED_OUT_EVERYWHERE, "2 open"),
        (Event.SIGNED_OUT_EVERYWHERE, "0 open"),
    ]


def test_a_new_password_ends_what_the_old_one_opened(session: Session) -> None:
    user = builders.a_user(session)
    tokens = [begin(session, user), begin(session, user)]
    actor = builders.an_actor()
    record_new_password(session, actor, user.id, "with a link by mail")
    assert not any(is_good(session, user.fs_uniquifier, token) for token in tokens)
    record_new_password(session, actor, user.id)
    assert trail(session)[-2:] == [
        (Event.PASSWORD_CHANGED, "with a link by mail, 2 open"),
        (Event.PASSWORD_CHANGED, "0 open"),
    ]
    session.commit()
    event = session.exec(
        select(AuditEvent).where(AuditEvent.event == Event.PASSWORD_CHANGED)
    ).first()
    assert event
    assert event.subject == reference("user", user.id)


def test_a_renewed_sign_in_has_another_token_and_nothing_else(session: Session) -> None:
    user = builders.a_user(session)
    old = begin(session, user)
    [sign_in] = session.exec(select(SignIn)).all()
    new = renew_sign_in(session, builders.an_actor(at=LATER), sign_in)
    assert is_good(session, user.fs_uniquifier, new)
    assert not is_good(session, user.fs_uniquifier, old)
    assert sign_in.began_at == builders.NOW
    assert trail(session)[-1] == (Event.SIGNED_IN, "again")


def test_ending_the_others_spares_this_one_and_those_of_others(session: Session) -> None:
    user, other = builders.a_user(session), builders.a_user(session)
    ended, theirs, this = begin(session, user), begin(session, other), begin(session, user)
    sign_in = session.exec(select(SignIn).where(SignIn.token_hash == hash_of(this))).one()
    end_other_sign_ins(session, builders.an_actor(), sign_in)
    assert not is_good(session, user.fs_uniquifier, ended)
    assert is_good(session, user.fs_uniquifier, this)
    assert is_good(session, other.fs_uniquifier, theirs)


def test_what_a_password_alone_began_opens_nothing_once_there_is_an_app(session: Session) -> None:
    user = builders.a_user(session)
    actor = builders.an_actor()
    alone = begin_sign_in(session, actor, user.id, SignInMethod.PASSWORD)
    passkey = begin_sign_in(session, actor, user.id, SignInMethod.PASSKEY)
    assert is_good(session, user.fs_uniquifier, alone)
    user.tf_primary_method, user.tf_totp_secret = "authenticator", "kept"
    assert not is_good(session, user.fs_uniquifier, alone)
    assert is_good(session, user.fs_uniquifier, passkey)


def trail(session: Session) -> list[tuple[str, str]]:
    session.commit()
    rows = session.exec(select(AuditEvent).order_by(AuditEvent.id))  # type: ignore[arg-type]
    return [(row.event, row.detail) for row in rows]
