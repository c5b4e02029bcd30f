"""People with an authenticator app, at the forms that ask for its codes."""

import email
from email.policy import default
from typing import NamedTuple

from flask import Flask
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from chec import clock
from chec.config import Settings
from chec.models import AuditEvent, Event, SignIn, SignInMethod, User
from chec.web.passwords import hash_password
from tests import builders
from tests.client import Client, soup

PASSWORD = "correct horse battery"
STEP = 30
"""Seconds for which an app shows a code."""


class AppUser(NamedTuple):
    """A user, and the secret that their authenticator app holds."""

    user: User
    secret: str


def a_user(session: Session) -> User:
    """A user with a password and no second factor, not committed."""
    return builders.a_user(session, password_hash=hash_password(PASSWORD, cheap=True))


def an_app_user(app: Flask, session: Session, *, codes: int = 0) -> AppUser:
    """A user with an authenticator app and some recovery codes, committed."""
    user = a_user(session)
    return AppUser(user, give_app(app, session, user, codes=codes))


def give_app(app: Flask, session: Session, user: User, *, codes: int = 0) -> str:
    """The secret of the app that the user has from now on; committed."""
    security = app.extensions["security"]
    user.tf_totp_secret = str(security.totp_factory.generate_totp_secret())
    user.tf_primary_method = "authenticator"
    if codes:
        kept = [recovery_code(number) for number in range(codes)]
        user.mf_recovery_codes = security.mf_recovery_codes_util._encrypt_codes(kept)
    session.add(user)
    session.commit()
    return user.tf_totp_secret


def recovery_code(number: int) -> str:
    """One of the codes of `an_app_user`."""
    return f"{'abcdefghjk'[number] * 5}-mnpqr-stuvw-xyzab-cdefg"


def code_of(app: Flask, secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    factory = app.extensions["security"].totp_factory
    at = clock.now().timestamp() + steps * STEP
    return str(factory._totp.from_source(secret).generate(time=at).token)


def app_with(app: Flask, key: str) -> str:
    """What is kept of an app into which somebody has typed this key."""
    factory = app.extensions["security"].totp_factory
    return str(factory.sealed(factory._totp(key=key, format="base32").key))


def wrong_code(app: Flask, secret: str) -> str:
    """Six digits that the app shows neither now nor one step earlier or later."""
    right = {code_of(app, secret, steps=steps) for steps in (-2, -1, 0, 1, 2)}
    return next(code for code in ("111111", "222222", "333333") if code not in right)


def enter_password(client: Client, user: User, *, address: str = "/login") -> TestResponse:
    """The answer to email address and password."""
    return send(client, address, email=user.email, password=PASSWORD)


def enter_code(client: Client, code: str, *, address: str = "/tf-validate") -> TestResponse:
    """The answer to a code, typed on the page that asks for one."""
    return send(client, address, code=code)


def send(client: Client, address: str, **fields: str) -> TestResponse:
    """The answer to the form of a page, sent as a browser sends it."""
    return client.post(address, data={"csrf_token": form_token(client, address), **fields})


def form_token(client: Client, address: str) -> str:
    """The token against forgery of the page's forms."""
    field = soup(client.get(address, follow_redirects=True)).select_one("input[name=csrf_token]")
    assert field is not None
    return str(field["value"])


def is_signed_in(client: Client) -> bool:
    """Whether the account page opens."""
    return client.get("/account").status_code == 200


def errors(response: TestResponse) -> list[str]:
    """What the summary above the heading says."""
    return [each.get_text(strip=True) for each in soup(response).select(".nhsuk-error-summary li")]


def said(response: TestResponse) -> str:
    """What the banners of a page say."""
    found = soup(response).select(".nhsuk-notification-banner")
    return " ".join(each.get_text(" ", strip=True) for each in found)


def mails(settings: Settings) -> list[str]:
    """The texts of the mails that went out, in no order."""
    files = settings.mail_dir.glob("*.eml")
    found = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
    return [f"{each['To']}\n{each.get_content()}" for each in found]


def events(session: Session) -> list[tuple[str, int | None, str]]:
    """What the trail says of sign-ins and second factors: what, who and about whom."""
    of_interest = [
        *(Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.SIGNED_OUT_EVERYWHERE),
        *(Event.SECOND_FACTOR_SET_UP, Event.SECOND_FACTOR_REMOVED),
        *(Event.RECOVERY_CODES_MADE, Event.RECOVERY_CODE_USED),
        *(Event.PASSKEY_ADDED, Event.PASSKEY_REMOVED),
    ]
    session.commit()
    rows = session.exec(select(AuditEvent).order_by(col(AuditEvent.id)))
    found = [(row.event, row.user_id, row.subject) for row in rows if row.event in of_interest]
    session.commit()
    return found


def fresh(session: Session, user: User) -> User:
    """The user's row as it is now; the session lets go of it again."""
    session.commit()
    session.refresh(user)
    session.commit()
    return user


def methods(session: Session) -> list[SignInMethod]:
    """How each sign-in was proved, from the first."""
    session.commit()
    found = session.exec(select(SignIn).order_by(col(SignIn.id))).all()
    session.commit()
    return [sign_in.method for sign_in in found]
