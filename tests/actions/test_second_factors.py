"""Second factors: an administrator takes away another's."""

import pytest
from sqlmodel import Session, col, select

from chec.actions.second_factors import reset_second_factor
from chec.actions.sign_ins import begin_sign_in
from chec.errors import RuleBroken
from chec.models import AuditEvent, Event, Passkey, Role, SignIn, SignInMethod, User
from chec.models.references import reference
from chec.permissions import Actor, Grant
from tests import builders


@pytest.fixture
def user(session: Session) -> User:
    """Somebody with an app, recovery codes, a passkey and a sign-in."""
    user = builders.a_user(session)
    user.tf_primary_method, user.tf_totp_secret, user.tf_last_counter = "authenticator", "-", 5
    user.mf_recovery_codes = ["one", "two"]
    user.wrong_code_count = 5
    user.webauthn.append(
        Passkey(
            user_id=user.id,
            name="Phone",
            credential_id=b"1",
            public_key=b"2",
            backup_state=False,
            device_type="single_device",
            create_datetime=builders.NOW,
            lastuse_datetime=builders.NOW,
            usage="first",
        )
    )
    session.add(user)
    begin_sign_in(session, builders.an_actor(), user.id, SignInMethod.CODE)
    session.commit()
    return user


def test_what_is_reset_no_longer_signs_in(session: Session, user: User) -> None:
    administrator = builders.a_user(session)
    reset_second_factor(session, acting(administrator), user)
    session.commit()
    session.refresh(user)
    assert not user.has_second_factor
    assert (user.recovery_code_count, user.webauthn, user.wrong_code_count) == (0, [], 0)
    assert (user.tf_totp_secret, user.tf_last_counter) == (None, None)
    assert session.exec(select(Passkey)).all() == []
    assert [each.ended_at for each in session.exec(select(SignIn))] == [builders.NOW]
    about = select(AuditEvent).where(AuditEvent.subject == reference("user", user.id))
    rows = session.exec(about.order_by(col(AuditEvent.id))).all()
    assert [(row.event, row.user_id) for row in rows[-3:]] == [
        (Event.SECOND_FACTOR_REMOVED, administrator.id),
        (Event.PASSKEY_REMOVED, administrator.id),
        (Event.SIGNED_OUT_EVERYWHERE, administrator.id),
    ]


def test_nobody_resets_their_own(session: Session, user: User) -> None:
    centre = builders.a_centre(session)
    builders.a_membership(session, Role.ADMINISTRATOR, user=user, centre=centre)
    grant = Grant(Role.ADMINISTRATOR, centre_id=centre.id)
    actor = Actor(user.id, grant.acting_for, "", builders.NOW, grant)
    with pytest.raises(RuleBroken, match="their own account"):
        reset_second_factor(session, actor, user)
    assert user.has_second_factor


def test_where_there_is_nothing_nothing_is_reset(session: Session) -> None:
    with pytest.raises(RuleBroken, match="nothing to reset"):
        reset_second_factor(session, builders.an_actor(), builders.a_user(session))


def acting(user: User) -> Actor:
    """The user, who acts."""
    return Actor(user.id, "administrator of C-0001", "", builders.NOW)
