"""Long lists: which page, and sorted by what. Both are in the address."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask import request

from chec.errors import NotFound
from chec.web.addresses import here

PER_PAGE = 50


@dataclass(frozen=True)
class Page:
    """One page of a list of `total` rows."""

    number: int
    total: int
    per_page: int = PER_PAGE

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.per_page

    @property
    def limit(self) -> int:
        """How many rows it holds at most."""
        return self.per_page

    @property
    def last(self) -> int:
        """The number of the last page; an empty list has one page."""
        return max(1, -(-self.total // self.per_page))

    @property
    def summary(self) -> str:
        """`Rows 51 to 100 of 1,234`."""
        until = min(self.offset + self.per_page, self.total)
        return f"Rows {self.offset + 1:,} to {until:,} of {self.total:,}"

    @property
    def links(self) -> dict[str, Any]:
        """Parameters of the NHS pagination macro; the pages around this one, the first and last."""
        near = {self.number - 1, self.number, self.number + 1, 1, self.last}
        numbers = sorted(number for number in near if 1 <= number <= self.last)
        items: list[dict[str, Any]] = []
        for before, number in zip([0, *numbers], numbers, strict=False):
            if number > before + 1:
                items.append({"ellipsis": True})
            current = number == self.number
            items.append({"number": number, "href": here(page=number), "current": current})
        parameters: dict[str, Any] = {"items": items}
        if self.number > 1:
            parameters["previous"] = {"href": here(page=self.number - 1)}
        if self.number < self.last:
            parameters["next"] = {"href": here(page=self.number + 1)}
        return parameters


def place_in_address() -> dict[str, int | None]:
    """Where a list without page numbers goes on: `before` or `after` the row of this number.

    Raises NotFound for anything that is no number.
    """
    told = {name: request.args.get(name, "") for name in ("before", "after")}
    return {name: _number(text) if text else None for name, text in told.items()}


def page_of(total: int, per_page: int = PER_PAGE) -> Page:
    """The page that the address asks for; the first where it asks for none.

    Raises NotFound where there is no such page.
    """
    page = Page(_number(request.args.get("page", "1")), total, per_page)
    if not 1 <= page.number <= page.last:
        raise NotFound
    return page


def sort_of(columns: Collection[str], default: str) -> str:
    """What the address sorts by: a column, or `-column` for descending; else `default`."""
    sort = request.args.get("sort", default)
    return sort if sort.removeprefix("-") in columns else default


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):  # noqa: PLR2004
        raise NotFound
    return int(text)
