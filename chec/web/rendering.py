"""Templates: escaped without exception, and strict about what they are given.

In our own templates a name that is not there is an error. The NHS macros are written for a template
engine where it is nothing, so they have an environment of their own.
"""

from collections.abc import MutableMapping
from typing import Any

from flask import Flask, g, get_flashed_messages
from flask.templating import Environment as FlaskEnvironment
from flask_login import current_user
from jinja2 import ChainableUndefined, Environment, PackageLoader, StrictUndefined, Template

from chec.models import Role
from chec.permissions import Action
from chec.web import formats
from chec.web.access import viewer
from chec.web.addresses import here, link_to, same_query
from chec.web.forms.nhs import error_list, macro_of
from chec.web.navigation import navigation
from chec.web.places import acting_as, can_switch

_NHS = Environment(
    loader=PackageLoader("nhsuk_frontend_jinja"),
    undefined=ChainableUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


class PageEnvironment(FlaskEnvironment):
    """Our templates; a name under `nhsuk/` comes from the environment of the NHS macros."""

    def _load_template(
        self, name: str, globals: MutableMapping[str, Any] | None
    ) -> Template:  # the one place through which every template comes
        if name.startswith("nhsuk/"):
            return _NHS._load_template(name, globals)
        return super()._load_template(name, globals)


def prepare(app: Flask) -> None:
    """Give `app` the environment, the filters, and what every template may ask."""
    app.jinja_environment = PageEnvironment
    app.jinja_options = {
        "autoescape": True,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.jinja_env.filters.update(formats.FILTERS)
    app.jinja_env.globals.update(
        account=_account,
        acting_as=acting_as,
        can_switch=can_switch,
        error_list=error_list,
        here=here,
        link_to=link_to,
        macro_of=macro_of,
        may=may,
        may_for=may_for,
        messages=get_flashed_messages,
        navigation=navigation,
        same_query=same_query,
        sort_link=_sort_link,
    )


def may(action_name: str, centre_id: int) -> bool:
    """Whether a template should offer what `Action[action_name]` does in the centre."""
    return centre_id in viewer().centres(Action[action_name])


def may_for(action_name: str, organisation_id: int) -> bool:
    """Whether a template should offer what `Action[action_name]` does for a payer."""
    payers = viewer().organisations(Action[action_name], Role.COMMISSIONER)
    return organisation_id in payers


def _account() -> Any:
    """The user who has signed in; None too where the database may not be asked who that is."""
    if "session" not in g or "broken" in g:
        return None
    return current_user if current_user.is_authenticated else None


def _sort_link(column: str, sort: str) -> tuple[str, str | None]:
    """Where a column's heading leads, and its aria-sort, on a list sorted by `sort`."""
    if sort == column:
        return here(sort=f"-{column}", page=None), "ascending"
    if sort == f"-{column}":
        return here(sort=column, page=None), "descending"
    return here(sort=column, page=None), None
