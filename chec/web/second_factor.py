"""A second factor beside the password: a code from an authenticator app, by flask-security.

What it leaves open is here: what a password began is over after ten minutes, and each change is
recorded and told by mail. Which codes are taken, `app_codes.py` says.
"""

from datetime import timedelta
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
from chec.actions.second_factors import forget_second_factor
from chec.config import Settings
from chec.models import Event, SignInMethod, User
from chec.models.references import reference
from chec.permissions import Viewer
from chec.web import app_codes, passkeys, recovery_codes
from chec.web.access import needs_second_factor, signed_in
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
    return {
        "SECURITY_FRESHNESS": timedelta(minutes=15),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(0),
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 10,
        "SECURITY_TOTP_ISSUER": "CHEC",
        "SECURITY_TOTP_SECRETS": {"1": settings.totp_key.get_secret_value()},
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY": _A_STEP,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_IMPLEMENTATIONS": {"code": f"{__name__}.CodeOfAnApp"},
        "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "account.show",
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_MSG_TWO_FACTOR_INVALID_TOKEN": (WRONG_CODE, "error"),
        "SECURITY_MSG_TWO_FACTOR_METHOD_NOT_AVAILABLE": ("Use a button of this page.", "error"),
        "SECURITY_MSG_INVALID_RECOVERY_CODE": (WRONG_RECOVERY_CODE, "error"),
        **passkeys.CONFIGURATION,
    }


def prepare(app: Flask) -> None:
    """Join what happens around the second factors of `app`, whose flask-security is there."""
    app.jinja_env.globals["needs_second_factor"] = needs_second_factor
    security = app.extensions["security"]
    security.wan_serializer = passkeys.OfWhoeverBegan(security.wan_serializer)
    security.tf_setup_serializer = app_codes.BegunInTheSession(security.tf_setup_serializer)
    app.add_url_rule("/tf-setup/<token>", "begin_set_up_again", _begin_set_up_again)
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
        key = row_of(user).id
        note(Event.CODE_ASKED_FOR, viewer=Viewer(key), about=[reference("user", key)])
        asked_for_nothing = next_loc == request.url
        return super().tf_login(user, json_payload, None if asked_for_nothing else next_loc)


PARTS: dict[str, Any] = {
    "totp_cls": app_codes.CodesOnce,
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


def _answer(response: Response) -> Response:
    """What flask-security answers with, where an app was set up or a form of ours not taken."""
    if "new_codes" in g:
        page = render_template("security/mf_recovery_codes.html", recovery_codes=g.new_codes)
        return make_response(page)
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


@signed_in
def _begin_set_up_again(token: str) -> AnyResponse:
    """To the first step, where flask-security has a page: a telephone loads a tab anew."""
    return redirect(url_for("security.two_factor_setup"))


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
    app_codes.set_up()
    record(row, Event.SECOND_FACTOR_SET_UP)
    tell(row, "an authenticator app was set up as your second factor")
    g.new_codes = current_app.extensions["security"].mf_recovery_codes_util.make(row)


def _forget_wrong_codes(_app: Flask, *, user: Any, **_more: Any) -> None:
    row_of(user).wrong_code_count = 0
