"""Addresses of pages: references in paths, and links to pages that may not be there yet."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request, url_for
from werkzeug.routing import BaseConverter, Map, ValidationError

from chec.errors import NotFound
from chec.models.references import PREFIXES, parse_reference, reference


class ReferenceConverter(BaseConverter):
    """`<reference('transfer'):transfer_id>`: `T-0042` in the address, 42 in the view.

    Anything else is not found, `T-42` too: a page has one address.
    """

    def __init__(self, url_map: Map, noun: str) -> None:
        super().__init__(url_map)
        self.noun = noun
        self.regex = rf"{PREFIXES[noun]}-[0-9]{{4,9}}"

    def to_python(self, value: str) -> int:
        """The key of the row."""
        key = parse_reference(self.noun, value)
        if not key:
            raise ValidationError
        return key

    def to_url(self, value: int) -> str:
        """The reference of the row."""
        return reference(self.noun, value)


def prepare(app: Flask) -> None:
    """Teach `app` references in addresses."""
    app.url_map.converters["reference"] = ReferenceConverter


def link_to(endpoint: str, **values: Any) -> str | None:
    """The address of a page, or None where the application has no such page."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None


def here(**changes: Any) -> str:
    """The address of this page with `changes` to its query; None takes a parameter out."""
    assert request.endpoint
    return _with_query(url_for(request.endpoint, **(request.view_args or {})), changes)


def same_query(endpoint: str, **values: Any) -> str:
    """The address of another page with the query of this one: a filtered list as a file."""
    return _with_query(url_for(endpoint, **values), {})


def run_in_address() -> int | None:
    """The key of the returns run that `run=RR-0007` in the address names; None where none is.

    Raises NotFound for anything else there.
    """
    text = request.args.get("run", "")
    run_id = parse_reference("returns_run", text)
    if text and not run_id:
        raise NotFound
    return run_id


def _with_query(address: str, changes: dict[str, Any]) -> str:
    # Not by url_for: a parameter that somebody calls `_external` would be an instruction to it.
    query: dict[str, Any] = {**request.args.to_dict(flat=False), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{address}?{urlencode(kept, doseq=True)}" if kept else address
