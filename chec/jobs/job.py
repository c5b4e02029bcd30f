"""A job: work that comes back by the calendar, and what a worker needs to know of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from chec.models import JobRun
from chec.permissions import Actor

Store = Callable[[Session, Actor], int | None]
"""Stores what came of the work, in the transaction that calls it done; the key of a returns run."""


class Due(NamedTuple):
    """A piece of work that the calendar asks for: a centre's, with its key."""

    centre_id: int
    period: str


class Job(NamedTuple):
    """One kind of work, once a day at an hour in London.

    `list_due` says what the latest hour asked for and nobody has begun. `do` does one piece of it,
    outside any transaction that writes.
    """

    name: str
    hour: int
    list_due: Callable[[Session, datetime], Sequence[Due]]
    do: Callable[[Engine, JobRun], Store]
