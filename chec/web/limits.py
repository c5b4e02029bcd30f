"""How often something may be tried: one table, and how it is kept.

Of signing in only failures count. On a device known to the account they count there alone; all
other devices share the account's, and each address has its own. So nobody is locked out of a device
they use by what others type, and a password reset makes any device one of those. What is counted is
kept under keys that tell nothing (`devices.py`), for accounts that are not there as for those that
are, in each process or in the store of the settings; while that is away, in each process. Wrong
codes of an app are counted in the database instead (`rules/second_factor.py`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, request, session
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit, RouteLimit
from flask_login import current_user
from limits import RateLimitItemPerSecond
from werkzeug.routing import Rule

from chec.config import Settings
from chec.errors import RuleBroken
from chec.models import Event
from chec.web.access import viewer
from chec.web.devices import account_key, device_known_to, keyed
from chec.web.formats import moment
from chec.web.trail import note

Where = Callable[[Rule], bool]


class Limit(NamedTuple):
    """`rate` of `what`, counted by `key`, at every route that is `where` it says.

    `only_failures`: what succeeds is free. `holds`: for whom, if not for all.
    """

    what: str
    rate: str
    key: Callable[[], str]
    where: Where
    only_failures: bool = False
    holds: Callable[[], bool] = lambda: True
    methods: Sequence[str] = ("POST",)


def prepare(app: Flask, settings: Settings) -> None:
    """Keep the limits at every route that `app` has by now."""
    limiter = Limiter(
        _address,
        storage_uri=settings.rate_limit_storage.get_secret_value(),
        strategy="moving-window",
        in_memory_fallback_enabled=True,
    )
    limiter.init_app(app)
    app.extensions["chec_limiter"] = limiter
    for limit in LIMITS:
        for endpoint in sorted({r.endpoint for r in app.url_map.iter_rules() if limit.where(r)}):
            view: Any = app.view_functions[endpoint]
            app.view_functions[endpoint] = _limited(limiter, limit)(view)


def may_mail(email: str) -> bool:
    """Whether another mail that nobody signed in asked for may go to this address; counts it."""
    return _is_within(UNASKED_MAIL, partial(account_key, email))


def refuse_another_invitation(email: str) -> None:
    """Count a mail about a role to this address; raises RuleBroken where it had enough of them."""
    if not _is_within(ROLE_MAIL, partial(account_key, email)):
        raise RuleBroken(
            "This person has had several mails about invitations or roles within the hour, and gets"
            f" no more for now. Do it again after {moment(g.limited_until)}."
        )


def may_record_refusal() -> bool:
    """Whether another refusal of this user goes into the trail by itself; counts it."""
    return _is_within(REFUSALS, _user)


def at(*endpoints: str) -> Where:
    """At these routes."""
    return lambda rule: rule.endpoint in endpoints


def _is_within(named: tuple[str, str], key: Callable[[], str]) -> bool:
    counted = Limit(*named, key, at(), methods=(request.method,))
    try:
        with _limited(current_app.extensions["chec_limiter"], counted):
            return True
    except RateLimitExceeded:
        return False


def _limited(limiter: Limiter, limit: Limit) -> RouteLimit:
    return limiter.shared_limit(
        limit.rate,
        scope=limit.what,
        key_func=limit.key,
        methods=list(limit.methods),
        exempt_when=lambda: not limit.holds(),
        deduct_when=_has_failed if limit.only_failures else None,
        on_breach=partial(_tell, limiter, limit),
    )


def _has_failed(response: Response) -> bool:
    # Some of flask-security's refusals lead on, as what it takes does.
    return "form_refused" in g or 400 <= response.status_code not in {429, 503}  # noqa: PLR2004


def _tell(limiter: Limiter, limit: Limit, broken: RequestLimit) -> None:
    """Keep for the page until when it holds, and tell the trail, once a window."""
    g.limited_until = datetime.fromtimestamp(broken.reset_at, UTC)
    once = RateLimitItemPerSecond(1, broken.limit.get_expiry())
    if limiter.limiter.hit(once, "told", broken.key):
        note(Event.RATE_LIMITED, viewer=viewer(), detail=f"{limit.what}: {limit.rate}")


def _account() -> str:
    return account_key(request.form.get("email", ""))


def _device() -> str | None:
    return device_known_to(_account())


def _account_and_device() -> str:
    return f"{_account()} {_device()}"


def _is_known_device() -> bool:
    return _device() is not None


def _is_unknown_device() -> bool:
    return _device() is None


def _address() -> str:
    """Where it comes from; of IPv6 the network, which is what one customer has."""
    text = request.remote_addr or ""
    try:
        address = ip_address(text)
    except ValueError:
        return keyed("address", text)
    shown = address.packed[:8].hex() if address.version == 6 else str(address)  # noqa: PLR2004
    return keyed("address", shown)


def _user() -> str:
    """Who has signed in, or is half-way through it with a password; else the address."""
    if current_user.is_authenticated:
        return keyed("user", current_user.fs_uniquifier)
    half_way = session.get("tf_user_id")
    return keyed("user", half_way) if isinstance(half_way, str) else _address()


def _is_a_file(rule: Rule) -> bool:
    return rule.rule.endswith((".csv", ".json"))


def _takes_a_form(rule: Rule) -> bool:
    return "POST" in (rule.methods or ())


_SIGN_IN = at("security.login")
_PASSKEY = at("security.wan_signin", "security.wan_signin_response")
_PASSWORD_AGAIN = at("security.verify", "security.change_password", "security.wan_verify_response")
_MAILED_LINK = at("invitations.accept", "security.reset_password")
_RECOVERY_CODE = at("security.mf_recovery")
_UPLOAD = at("claim_lines.upload", "contracts.import_document")
_WRITES_TO_SOMEBODY = at("people.give", "people.invite", "people.send_again")
_LOOKED_AT = ("GET", "HEAD")

LIMITS = (
    Limit(
        "sign-in on a known device",
        "10 per 15 minutes",
        _account_and_device,
        _SIGN_IN,
        only_failures=True,
        holds=_is_known_device,
    ),
    Limit(
        "sign-in to one account from unknown devices",
        "20 per hour",
        _account,
        _SIGN_IN,
        only_failures=True,
        holds=_is_unknown_device,
    ),
    Limit(
        "sign-in from one address",
        "100 per 15 minutes",
        _address,
        _SIGN_IN,
        only_failures=True,
        holds=_is_unknown_device,
    ),
    Limit("passkeys", "100 per 15 minutes", _address, _PASSKEY, only_failures=True),
    Limit("recovery codes", "10 per 15 minutes", _user, _RECOVERY_CODE, only_failures=True),
    Limit("password again", "10 per 15 minutes", _user, _PASSWORD_AGAIN, only_failures=True),
    Limit("asking for a reset", "20 per hour", _address, at("security.forgot_password")),
    Limit(
        *("links by mail", "60 per 15 minutes", _address, _MAILED_LINK),
        methods=(*_LOOKED_AT, "POST"),
    ),
    Limit("invitations and roles given", "60 per hour", _user, _WRITES_TO_SOMEBODY),
    Limit("uploads", "60 per 10 minutes", _user, _UPLOAD),
    Limit("downloads", "120 per 10 minutes", _user, _is_a_file, methods=_LOOKED_AT),
    Limit("forms", "600 per minute", _user, _takes_a_form),
)
UNASKED_MAIL = ("mail that nobody signed in asked for", "5 per hour")
"""To one address, quietly: the answer is the same."""
ROLE_MAIL = ("mail about invitations and roles", "5 per hour")
"""To one address, whoever sends it."""
REFUSALS = ("refusals recorded one by one", "120 per 10 minutes")
"""Of one user: the trail is kept for good, and not theirs to fill."""
