"""One line for every request: which route, how it ended, how long it took, and whose it was.

The route is written as its rule, `/claims/<reference('claim'):claim_id>`, because an address may
hold a key; a user is written as a reference. Nothing that came in is repeated.
"""

import logging
import re
import time
from secrets import token_hex

from flask import Flask, Response, g, request
from sqlalchemy import inspect

from chec.logs import request_id
from chec.models import User
from chec.models.references import reference

_log = logging.getLogger(__name__)
_METHOD = re.compile(r"[A-Z]{1,10}")


class LoggedFlask(Flask):
    """Flask, but what it logs of an exception does not name the address."""

    def log_exception(self, exc_info: object) -> None:
        """Log a defect, which the page of the request says nothing of."""
        self.logger.error("%s went wrong.", _route(), exc_info=exc_info)  # type: ignore[arg-type]


def prepare(app: Flask) -> None:
    """Log the requests of `app`, first before and last after everything else."""
    app.before_request(_begin)
    app.after_request(_log_end)
    app.teardown_request(_end)


def _begin() -> None:
    request_id.set(token_hex(6))
    g.began = time.perf_counter()


def _log_end(response: Response) -> Response:
    milliseconds = (time.perf_counter() - g.began) * 1000
    _log.info("%s %d %.0fms %s", _route(), response.status_code, milliseconds, _user())
    return response


def _end(_error: BaseException | None) -> None:
    request_id.set("-")


def _route() -> str:
    method = request.method if _METHOD.fullmatch(request.method) else "(method)"
    return f"{method} {request.url_rule.rule if request.url_rule else '(no route)'}"


def _user() -> str:
    """The reference of who was asked for already: the log itself asks the database nothing."""
    user = g.get("_login_user")
    return reference("user", inspect(user).identity[0]) if isinstance(user, User) else "nobody"
