"""Whose a request is: sessions that are rows (`models/sign_in.py`).

The session cookie holds the token of a row and when it was last used. A request belongs to a user
only while the row is open, not older than twelve hours, and not idle for thirty minutes. What
anybody had in the cookie before a sign-in, or after it, is dropped: form tokens above all.
"""

from typing import Any

from flask import Flask, Response, flash, g, request, session
from flask_login import user_logged_out
from flask_security import tf_profile_changed, user_authenticated
from flask_security.utils import get_request_attr, set_request_attr

from chec import clock
from chec.actions.sign_ins import (
    begin_sign_in,
    end_other_sign_ins,
    end_sign_in,
    hash_of,
    record_new_password,
    renew_sign_in,
)
from chec.models import SignIn, SignInMethod, User
from chec.queries.sign_ins import IDLE, find_signed_in
from chec.web.browsers import browser_in_words
from chec.web.factor_changes import actor_of, row_of
from chec.web.second_factor import sign_in_method
from chec.web.transaction import begin_to_write

# Asked for by pages, again and again, while nobody may be there.
ASKED_BY_THEMSELVES = frozenset({"runs.progress"})
_WORTH_A_COOKIE = 30
"""Seconds: what was used more recently is not told to the browser again."""
_PROVE_AGAIN = frozenset({"security.verify", "security.wan_verify_response"})
_SIGN_OUT = frozenset({"security.logout", "account.sign_out_everywhere"})
_KEPT = ("_user_id", "_fresh", "fs_paa", "_flashes")
"""What flask-login and flask-security have just put into the session of a sign-in."""


def prepare(app: Flask) -> None:
    """Let `app`, whose flask-security is there, ask for the row at each request."""
    app.config["SESSION_PROTECTION"] = None  # a telephone changes its address; the row is asked
    app.login_manager.user_loader(_signed_in_user)  # type: ignore[attr-defined]
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]
    user_authenticated.connect(_begin, app)
    user_logged_out.connect(_forget, app)
    tf_profile_changed.connect(_ask_the_code_of_others, app)
    app.after_request(_renew_what_was_proved_again)
    app.after_request(_clear_the_browser)
    app.after_request(_leave_the_cookie_of_what_failed)


def this_sign_in() -> SignIn | None:
    """The row behind this request's session; None where nobody has signed in."""
    found = g.get("sign_in")
    return found if isinstance(found, SignIn) else None


def start_afresh() -> None:
    """Drop all that the cookie holds, and the form token of this request with it."""
    session.clear()
    g.pop("csrf_token", None)


def _signed_in_user(uniquifier: str) -> User | None:
    """Who has signed in, or None: then the request is nobody's, whatever its cookie says."""
    token, seen_at = session.get("sign_in"), session.get("seen_at")
    now = clock.now()
    if not isinstance(token, str) or not isinstance(seen_at, int):
        return None
    idle_seconds = now.timestamp() - seen_at
    if idle_seconds > IDLE.total_seconds():
        return None
    found = find_signed_in(g.session, uniquifier, hash_of(token), now)
    if found is None:
        return None
    user, g.sign_in = found
    if idle_seconds > _WORTH_A_COOKIE and request.endpoint not in ASKED_BY_THEMSELVES:
        session["seen_at"] = int(now.timestamp())
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return user


def _begin(_app: Flask, *, user: Any, authn_via: list[str] | None = None, **_more: Any) -> None:
    begin_to_write()
    row = row_of(user)
    method = sign_in_method()
    if authn_via == ["change"]:
        method = _method_so_far()
        record_new_password(g.session, actor_of(row), row.id)
    browser = browser_in_words(request.user_agent.string)
    token = begin_sign_in(g.session, actor_of(row), row.id, method, browser)
    kept = {name: session[name] for name in _KEPT if name in session}
    start_afresh()
    session.update(kept, sign_in=token, seen_at=int(clock.now().timestamp()))


def _renew_what_was_proved_again(response: Response) -> Response:
    sign_in = this_sign_in()
    is_proved = session.get("fs_paa") != get_request_attr("fs_paa")
    if sign_in and is_proved and request.endpoint in _PROVE_AGAIN and response.status_code < 400:  # noqa: PLR2004
        begin_to_write()
        actor = actor_of(g.session.get_one(User, sign_in.user_id))
        session["sign_in"] = renew_sign_in(g.session, actor, sign_in)
    return response


def _ask_the_code_of_others(_app: Flask, *, user: Any, **_more: Any) -> None:
    """From when an app is set up; whoever set it up has just entered its code."""
    sign_in, actor = this_sign_in(), actor_of(row_of(user))
    assert sign_in is not None
    sign_in.method = SignInMethod.CODE
    end_other_sign_ins(g.session, actor, sign_in)
    session["sign_in"] = renew_sign_in(g.session, actor, sign_in)


def _method_so_far() -> SignInMethod:
    sign_in = this_sign_in()
    return sign_in.method if sign_in else SignInMethod.PASSWORD


def _forget(_app: Flask, **_more: Any) -> None:
    sign_in = this_sign_in()
    if sign_in is not None:
        begin_to_write()
        end_sign_in(g.session, actor_of(g.session.get_one(User, sign_in.user_id)), sign_in)
    start_afresh()
    if request.endpoint == "security.logout":
        flash("You have signed out.")


def _clear_the_browser(response: Response) -> Response:
    if request.endpoint in _SIGN_OUT:
        # Not of cookies: the device stays known.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _leave_the_cookie_of_what_failed(response: Response) -> Response:
    if response.status_code >= 500:  # noqa: PLR2004  nothing was changed, in the database neither
        session.modified = False
    return response
