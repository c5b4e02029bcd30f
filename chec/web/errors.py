"""One page for each thing that can go wrong, all made here."""

import sqlite3
from math import ceil

from flask import Flask, Response, current_app, g, make_response, request
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    TooManyRequests,
)
from werkzeug.wrappers import Response as AnyResponse

from chec import clock
from chec.errors import NotAllowed, NotFound, RuleBroken
from chec.models import Event
from chec.web.access import Access, declared_access, page_at_this_address, sign_in_url, viewer
from chec.web.doors import FromAnotherSite
from chec.web.expired_forms import fields_to_send_again
from chec.web.formats import moment
from chec.web.limits import may_record_refusal
from chec.web.trail import note

# By status: what happened, and what to do about it.
_PAGES = {
    400: (
        "This request could not be read",
        "Nothing was changed. Go back and try again.",
    ),
    403: (
        "You may not open this page",
        "Your role does not open it. If you need it for your work, ask an administrator of your "
        "centre to give you the role.",
    ),
    404: (
        "Page not found",
        "There is nothing at this address, or it is not yours to see. If you typed the address, "
        "check it. If you followed a link, what it led to may be for another role.",
    ),
    405: (
        "This page cannot be opened this way",
        "Nothing was changed. Open the page afresh and use its own buttons.",
    ),
    409: (
        "This was not done",
        "Nothing was changed by this. Look at it as it is now.",
    ),
    413: (
        "Too much was sent at once",
        "Nothing was changed. A file of records may have up to 16 MB, a contract and the text of a "
        "form up to 1 MB: send it in parts.",
    ),
    415: (
        "This kind of content is not taken",
        "Nothing was changed. Use the form on the page.",
    ),
    422: (
        "This could not be taken",
        "Nothing was changed. Go back, take out or mend what is named here, and send it again.",
    ),
    429: (
        "Too many attempts",
        "Nothing was changed. Wait, and do it again then.",
    ),
    500: (
        "Something went wrong on our side",
        "Nothing was changed. Try again in a few minutes. If it goes wrong again, tell your "
        "administrator what you were doing and the time given here.",
    ),
    503: (
        "The system is busy",
        "It is busy, or cannot reach its database. Nothing was changed. Try again in a minute. If "
        "that does not help, tell your administrator the time given here.",
    ),
}
_CSRF = (
    "This page was open for too long",
    "Nothing was changed. You have signed out or in since, in this tab or another. Open the page "
    "afresh, and fill it in again.",
)
_NOT_LOST = (
    "This page was open for too long",
    "Nothing was changed: you have signed out or in since, in this tab or another. What you sent "
    "is kept on this page.",
)
_SIGNED_OUT = (
    "You are signed out",
    "Nothing was changed, and what you sent was not kept. Sign in to go on.",
)
_FROM_ANOTHER_SITE = (
    "This came from another site",
    "Nothing was changed. Open the page here and use its own buttons.",
)
_TOO_MANY_SIGN_INS = (
    "Too many sign-ins have failed",
    "If you cannot wait, ask for a new password: the link in the mail works now, and with the new "
    "password you can sign in on this device at once.",
)
_NOT_TAKEN = {
    405: "The address is not used so.",
    413: "Too much was sent.",
    415: "What was sent is of another kind.",
}
_LOST_AT_THE_END = (
    "The system is busy",
    "It lost its database while it was keeping what you sent. Look whether that was kept before "
    "you send it again.",
)


def prepare(app: Flask) -> None:
    """Give `app` its error pages."""
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(NotAllowed, _not_allowed)
    app.register_error_handler(RuleBroken, _rule_broken)
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(FromAnotherSite, _from_another_site)
    app.register_error_handler(TooManyRequests, _too_many)
    app.register_error_handler(HTTPException, _http)


def refusal_page(reasons: list[tuple[str, str]]) -> Response:
    """The 422 page for what has no form on a page to say it: (field, why) of each."""
    return _page(422, reasons=[f"{name[:1].upper()}{name[1:]}: {why}" for name, why in reasons])


def _not_found(_error: NotFound) -> Response:
    _note_if_signed_in("It is not there, or not theirs.")
    return _page(404)


def _not_allowed(_error: NotAllowed) -> Response:
    _note_refusal("Their role does not open it.")
    return _page(403)


def _rule_broken(error: RuleBroken) -> Response:
    _note_refusal("A rule forbids it.")  # which one, the reasons say in words that anybody typed
    page = page_at_this_address() if request.method == "POST" else None
    again = ("Look at it again", page) if page else None
    return _page(409, reasons=error.reasons, way_on=again)


def _csrf_failed(_error: CSRFError) -> Response:
    _note_if_signed_in("The token of the form was not right.")
    if not viewer().user_id and not _is_for_the_signed_out():
        return _page(400, texts=_SIGNED_OUT, way_on=("Sign in", sign_in_url()))
    if sent := fields_to_send_again():
        return _page(400, texts=_NOT_LOST, sent=sent)
    page = page_at_this_address()
    return _page(400, texts=_CSRF, way_on=("Open it afresh", page) if page else None)


def _from_another_site(_error: FromAnotherSite) -> Response:
    _note_if_signed_in("It came from another site.")
    return _page(403, texts=_FROM_ANOTHER_SITE)


def _too_many(_error: TooManyRequests) -> Response:
    until = g.get("limited_until", clock.now())
    seconds = max(1, ceil((until - clock.now()).total_seconds()))
    texts = _TOO_MANY_SIGN_INS if request.endpoint == "security.login" else None
    response = _page(429, texts=texts, reasons=[f"Try again after {moment(until)}."])
    response.headers["Retry-After"] = str(seconds)
    return response


def _http(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:  # noqa: PLR2004  a redirect, not an error
        return error.get_response()
    if isinstance(error, InternalServerError) and _lacks_database(error.original_exception):
        return _database_away()
    if error.code in _NOT_TAKEN:
        _note_if_signed_in(_NOT_TAKEN[error.code])
    response = _page(error.code if error.code in _PAGES else 400 if error.code < 500 else 500)  # noqa: PLR2004
    response.status_code = error.code
    if isinstance(error, MethodNotAllowed):
        response.allow.update(error.valid_methods or ())
    return response


def _lacks_database(error: BaseException | None) -> bool:
    if isinstance(error, exc.OperationalError):
        # Of the errors that SQLite gives this class, one is a defect: a table that is not there.
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_BUSY)
        return bool(code != sqlite3.SQLITE_ERROR)
    return isinstance(error, exc.TimeoutError)


def _database_away() -> Response:
    response = _page(503, texts=_LOST_AT_THE_END if "is_committing" in g else None)
    response.headers["Retry-After"] = "60"
    return response


def _page(
    status: int,
    *,
    texts: tuple[str, str] | None = None,
    reasons: list[str] | None = None,
    way_on: tuple[str, str] | None = None,
    sent: list[tuple[str, str]] | None = None,
) -> Response:
    title, advice = texts or _PAGES[status]
    if status >= 500:  # noqa: PLR2004
        g.broken = True  # the database may be what is broken: the page asks it nothing
    # Not by render_template: flask-login would ask the database who this is, for every template.
    page = current_app.jinja_env.get_template("errors/error.html").render(
        title=title,
        advice=advice,
        reasons=reasons or [],
        way_on=way_on,
        sent=sent,
        status=status,
        at=clock.now(),
    )
    response = make_response(page, status)
    if "HX-Request" in request.headers:
        # The whole page, also where htmx would take a part of it that is not there.
        response.headers.update(
            {"HX-Retarget": "body", "HX-Reswap": "innerHTML", "HX-Reselect": "unset"}
        )
    return response


def _is_for_the_signed_out() -> bool:
    access = declared_access(current_app, request.endpoint) if request.endpoint else None
    return access is Access.OPEN_TO_ALL and request.endpoint != "security.logout"


def _note_refusal(why: str) -> None:
    if may_record_refusal():
        note(Event.REFUSED, viewer=viewer(), detail=why)


def _note_if_signed_in(why: str) -> None:
    if viewer().user_id:  # anybody can send anything; the trail is not theirs to fill
        _note_refusal(why)
