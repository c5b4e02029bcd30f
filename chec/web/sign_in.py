"""Signing in and out, by flask-security: how it is set up.

Whose a request is, `sessions.py` says. New passwords are in `password_changes.py`, codes and
passkeys in `second_factor.py`.
"""

import re

from flask import Flask, g, request
from flask_security import Security
from flask_security.utils import aware_utcnow
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.local import LocalProxy

from chec.config import Settings
from chec.models import Passkey, User
from chec.web import password_changes, second_factor, sessions
from chec.web.forms import sign_in as forms
from chec.web.passwords import SHORTEST, Passwords, hashing_costs

_OWN_ADDRESS = re.compile(r"/(?![/\\])[^\\\s]*")


class Users(second_factor.Users):
    """The users of flask-security."""

    def commit(self) -> None:
        """Nothing: the request's transaction ends with the request (`transaction.py`)."""


def prepare(app: Flask, settings: Settings) -> None:
    """Let users sign in to `app` with sessions in its own database session."""
    costs = hashing_costs(cheap=settings.cheap_passwords)
    app.config.from_mapping(
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_DATETIME_FACTORY=aware_utcnow,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_JOIN_USER_ROLES=False,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  an algorithm, not a password
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            f"argon2__{name}": cost for name, cost in costs.items()
        },
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST,
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=True,
        **password_changes.CONFIGURATION,
        **second_factor.configuration(settings),
    )
    users = Users(
        LocalProxy(lambda: g.session),  # type: ignore[arg-type]
        User,
        None,  # type: ignore[arg-type]
        Passkey,
    )
    security = Security(
        app,
        users,
        password_util_cls=Passwords,
        mail_util_cls=password_changes.Mails,
        **forms.FORMS,
        **second_factor.PARTS,
    )
    security.want_json(lambda _request: False)
    app.before_request(_lead_nowhere_else)
    sessions.prepare(app)
    password_changes.prepare(app)
    second_factor.prepare(app)


def _lead_nowhere_else() -> None:
    """Take out of the request a `next` that is no page of ours; who followed it did no wrong."""
    request.args, request.form = _without_strangers(request.args), _without_strangers(request.form)


def _without_strangers(fields: MultiDict[str, str]) -> ImmutableMultiDict[str, str]:
    is_ours = all(_OWN_ADDRESS.fullmatch(each) for each in fields.getlist("next"))
    return ImmutableMultiDict(
        [(name, text) for name, text in fields.items(multi=True) if is_ours or name != "next"]
    )
