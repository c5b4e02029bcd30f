"""What an administrator does about somebody else's account."""

from typing import cast

from flask import Flask
from sqlmodel import Session

from chec.config import Settings
from chec.models import Role, User
from tests import builders
from tests.client import Client, soup
from tests.role_holders import holder, user_of
from tests.web.factors import mails
from tests.web.people_pages import an_administrator


def test_nobody_is_offered_an_act_on_themselves(client: Client, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    session.commit()
    client.sign_in(admin)
    page = soup(client.get(f"/centres/C-0001/people/U-{admin.id:04d}"))
    assert not page.select("main a[role=button], td a")
    for act in ("lock", "unlock", "reset-second-factor"):
        address = f"/centres/C-0001/people/U-{admin.id:04d}/{act}"
        assert not soup(client.get(address)).select("main form")
        assert client.post(address).status_code == 409


def test_an_account_is_locked_and_unlocked(client: Client, app: Flask, session: Session) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    held = builders.a_membership(session, Role.DIRECTOR, centre=centre)
    user = session.get_one(User, held.user_id)
    session.commit()
    theirs = cast(Client, app.test_client())
    theirs.sign_in(user)
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{held.user_id:04d}"
    assert client.post(f"{address}/lock").headers["Location"] == address
    assert "Locked" in client.get(address).text
    assert "Locked" in client.get("/centres/C-0001/people").text
    assert theirs.get("/centres/C-0001").status_code == 302
    assert client.post(f"{address}/unlock").headers["Location"] == address
    assert theirs.get("/centres/C-0001").status_code == 302


def test_a_second_factor_is_reset_and_the_person_told(
    client: Client, session: Session, settings: Settings
) -> None:
    centre = builders.a_centre(session)
    admin = an_administrator(session, centre)
    user = user_of(session, holder(session, Role.DIRECTOR, centre=centre))
    session.commit()
    client.sign_in(admin)
    address = f"/centres/C-0001/people/U-{user.id:04d}"
    assert "there is nothing to reset" in client.get(f"{address}/reset-second-factor").text
    user.tf_primary_method, user.tf_totp_secret = "authenticator", "kept"
    session.add(user)
    session.commit()
    assert "Authenticator app" in client.get(address).text
    assert client.post(f"{address}/reset-second-factor").headers["Location"] == address
    session.refresh(user)
    assert not user.has_second_factor
    [mail] = mails(settings)
    assert mail.startswith(f"{user.email}\n")
