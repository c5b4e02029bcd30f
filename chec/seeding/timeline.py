"""What happened in a centre, in the order of time."""

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple


class Act(NamedTuple):
    """Something done `at` a moment; `do` is told the moment and a key that no other act has."""

    at: datetime
    do: Callable[[datetime, str], object]


def tell(acts: Iterable[Act]) -> None:
    """Do all of `acts`; those of one moment in the order in which they come."""
    for number, act in enumerate(sorted(acts, key=attrgetter("at")), start=1):
        act.do(act.at, f"demo:{number}")
