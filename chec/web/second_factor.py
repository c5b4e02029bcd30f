"""A second factor beside the password: a code from an authenticator app, by flask-security.

What it leaves open is here: a code works once, wrong ones are counted (`rules/second_factor.py`),
what a password began is over after ten minutes, and each change is recorded and told by mail.
"""

import base64
from datetime import timedelta
from hashlib import sha256
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from flask_security import (
    SQLAlchemySessionUserDatastore,
    Totp,
    password_changed,
    password_reset,
    tf_profile_changed,
)
from flask_security.tf_plugin import tf_clean_session
from flask_security.twofactor import CodeTfPlugin
from werkzeug.wrappers import Response as AnyResponse

from chec import clock
from chec.actions.second_factors import (
    count_wrong_code,
    forget_second_factor,
    lock_user,
    take_code,
)
from chec.config import Settings
from chec.models import Event, SignInMethod, User
from chec.models.references import reference
from chec.permissions import Viewer
from chec.rules.second_factor import WRONG_CODES, codes_taken_from
from chec.web import passkeys, recovery_codes
from chec.web.access import needs_second_factor
from chec.web.factor_changes import actor_of, record, row_of, tell
from chec.web.forms.factors import (
    WRONG_CODE,
    WRONG_RECOVERY_CODE,
    CodeForm,
    OtherWaysForm,
    SetUpForm,
    why_not_taken,
)
from chec.web.trail import note
from chec.web.transaction import begin_to_write

_SET_UP = "security.two_factor_setup_validate"
_CODE = "security.two_factor_token_validation"
_METHODS = {
    _CODE: SignInMethod.CODE,
    "security.mf_recovery": SignInMethod.RECOVERY_CODE,
    "security.wan_signin_response": SignInMethod.PASSKEY,
}
_HALF_WAY = frozenset({_CODE, "security.mf_recovery"})
_HALF_WAY_SECONDS = 10 * 60
_A_STEP = 30
"""Seconds for which a code is shown; one step early or late is taken too."""


def configuration(settings: Settings) -> dict[str, Any]:
    """What flask-security has to be told before it begins."""
    key = settings.totp_key.get_secret_value()
    return {
        "SECURITY_FRESHNESS": timedelta(minutes=15),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(0),
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [_fernet_key(key)],
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 10,
        "SECURITY_TOTP_ISSUER": "CHEC",
        "SECURITY_TOTP_SECRETS": {"1": key},
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": _A_STEP,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": f"{__name__}.CodeOfAnApp"},
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/mf-recovery-codes?show_codes=yes",
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_MSG_TWO_FACTOR_INVALID_TOKEN": (WRONG_CODE, "error"),
        "SECURITY_MSG_TWO_FACTOR_METHOD_NOT_AVAILABLE": ("Use a button of this page.", "error"),
        "SECURITY_MSG_INVALID_RECOVERY_CODE": (WRONG_RECOVERY_CODE, "error"),
        **passkeys.CONFIGURATION,
    }


def prepare(app: Flask) -> None:
    """Join what happens around the second factors of `app`, whose flask-security is there."""
    app.jinja_env.globals["needs_second_factor"] = needs_second_factor
    app.before_request(_only_half_way)
    app.after_request(_answer)
    tf_profile_changed.connect(_set_up, app)
    for a_password_changed in (password_changed, password_reset):
        a_password_changed.connect(_forget_wrong_codes, app)
    passkeys.prepare(app)


def sign_in_method() -> SignInMethod:
    """How the sign-in that this request completes was proved."""
    return _METHODS.get(request.endpoint or "", SignInMethod.PASSWORD)


class Users(SQLAlchemySessionUserDatastore):
    """The users of flask-security, whose second factor is removed by our action."""

    def tf_reset(self, user: Any) -> None:
        """Remove the second factor of `user` and tell them."""
        row = row_of(user)
        forget_second_factor(g.session, actor_of(row), row)
        tell(row, "your second factor was removed")
        flash("Your second factor was removed. Signing in asks for your password only.")

    def create_webauthn(self, user: Any, *parts: Any, **named: Any) -> None:
        """Keep a passkey for `user`, and since when."""
        super().create_webauthn(user, *parts, **named, create_datetime=clock.now())


class CodeOfAnApp(CodeTfPlugin):
    """The one second factor: passkeys sign in by themselves."""

    def tf_login(self, user: Any, json_payload: dict[str, Any], next_loc: str | None) -> Any:
        """To the page that asks for a code; what the password opened does not stay open long."""
        session["tf_since"] = int(clock.now().timestamp())
        asked_for_nothing = next_loc == request.url
        return super().tf_login(user, json_payload, None if asked_for_nothing else next_loc)


class CodesOnce(Totp):
    """A code is taken once, and wrong ones are counted, except while an app is being set up."""

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Whether the code is right, now, and was not used; wrong codes stay counted."""
        if request.endpoint == _SET_UP:
            return super().verify_totp(token, totp_secret, user, window)
        begin_to_write()
        row = row_of(user)
        lock_user(g.session, row)
        if _must_wait(row) or not row.active or totp_secret != row.tf_totp_secret:
            return False
        right = super().verify_totp(token, totp_secret, user, window)
        if not right:
            count_wrong_code(g.session, actor_of(row), row)
            if _must_wait(row):
                what = f"your password and then {WRONG_CODES} wrong codes were entered"
                tell(row, what, if_refused=True)
            g.session.commit()  # whatever becomes of the request
        return right

    def get_last_counter(self, user: Any) -> int | None:
        """The time step of the last code that was taken; a new app has none yet."""
        return None if request.endpoint == _SET_UP else row_of(user).tf_last_counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Take no code of this time step or an earlier one again."""
        take_code(g.session, row_of(user), tmatch.counter)

    def generate_recovery_codes(self, number: int) -> list[str]:
        """So many codes that are easy to type."""
        return recovery_codes.new_codes(number)


PARTS: dict[str, Any] = {
    "totp_cls": CodesOnce,
    "two_factor_rescue_form": OtherWaysForm,
    "two_factor_setup_form": SetUpForm,
    "two_factor_verify_code_form": CodeForm,
    **recovery_codes.PARTS,
    **passkeys.PARTS,
}
"""What flask-security is given instead of its own."""


def _only_half_way() -> AnyResponse | None:
    """Ask for a code only whom a password let in, ten minutes ago at most."""
    if request.endpoint not in _METHODS and request.endpoint != "security.wan_signin":
        return None
    if current_user.is_authenticated:
        return redirect(url_for("home.index"))
    since = clock.now().timestamp() - session.get("tf_since", 0)
    is_half_way = session.get("tf_state") == "ready" and since < _HALF_WAY_SECONDS
    if request.endpoint in _HALF_WAY and is_half_way:
        return None
    tf_clean_session()  # type: ignore[no-untyped-call]
    return redirect(url_for("security.login")) if request.endpoint in _HALF_WAY else None


def _must_wait(user: User) -> bool:
    again = codes_taken_from(user.wrong_code_count, user.last_wrong_code_at)
    if again is None or again <= clock.now():
        return False
    g.codes_taken_from = again
    return True


def _answer(response: Response) -> Response:
    """What flask-security answers with, where a form of ours was not taken."""
    if "form_refused" not in g:
        return response
    if request.endpoint in _METHODS:
        _note_failure(getattr(g.form_refused, "user", None))
    if request.endpoint == _CODE and "codes_taken_from" in g:
        return _start_again()
    if isinstance(g.form_refused, CodeForm) and g.form_refused.is_setup:
        return make_response(_set_up_page_again(g.form_refused), 422)
    if response.status_code == 200:  # noqa: PLR2004  the form again, says flask-security
        response.status_code = 422
    return response


def _note_failure(user: User | None) -> None:
    if user is None:
        note(Event.SIGN_IN_FAILED)
    else:
        note(Event.SIGN_IN_FAILED, viewer=Viewer(user.id), about=[reference("user", user.id)])


def _start_again() -> Response:
    tf_clean_session()  # type: ignore[no-untyped-call]
    flash(
        f"{why_not_taken()} Until then use a passkey or a recovery code, or set a new password.",
        "important",
    )
    return make_response(redirect(url_for("security.login")))


def _set_up_page_again(form: CodeForm) -> str:
    """The same QR code, to be tried again: flask-security would make another."""
    totp: Totp = current_app.extensions["security"].totp_factory
    shown = totp.fetch_setup_values(form.tf_totp_secret, row_of(form.user))
    assert request.view_args
    return render_template(
        "security/two_factor_setup.html",
        two_factor_setup_form=SetUpForm(formdata=None),
        two_factor_verify_code_form=form,
        chosen_method="authenticator",
        state_token=request.view_args["token"],
        authr_qrcode=shown["image"],
        authr_key=shown["key"],
    )


def _set_up(_app: Flask, *, user: Any, **_more: Any) -> None:
    row = row_of(user)
    record(row, Event.SECOND_FACTOR_SET_UP)
    tell(row, "an authenticator app was set up as your second factor")
    recovery_codes.make_and_show(row)


def _forget_wrong_codes(_app: Flask, *, user: Any, **_more: Any) -> None:
    row_of(user).wrong_code_count = 0


def _fernet_key(key: str) -> bytes:
    return base64.urlsafe_b64encode(sha256(f"recovery codes:{key}".encode()).digest())
