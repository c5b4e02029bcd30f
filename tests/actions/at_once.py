"""Acts of several people at the same moment, each in a transaction of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from chec.db import open_session
from chec.errors import RuleBroken

T = TypeVar("T")
_APART, _LONG = 0.01, 0.2
"""Seconds between the beginnings, and from an act to its commit: all begin before one is over."""


def at_once(engine: Engine, *acts: Callable[[Session], T]) -> list[T | RuleBroken]:
    """What came of each, its refusal too; begun in this order. What else goes wrong is raised."""
    ready = Barrier(len(acts))

    def do(place: int) -> T | RuleBroken:
        ready.wait()
        sleep(place * _APART)
        with open_session(engine, write=True) as session:
            try:
                done = acts[place](session)
            except RuleBroken as refused:
                return refused
            sleep(_LONG)
            session.commit()
        return done

    with ThreadPoolExecutor(len(acts)) as people:
        return list(people.map(do, range(len(acts))))


def one_after_the_other(
    engine: Engine, first: Callable[[Session], T], second: Callable[[Session], T]
) -> list[T | RuleBroken]:
    """What came of both, where the second begins when the first is done and not committed."""

    def wait() -> T | RuleBroken:
        with open_session(engine, write=True) as session:
            try:
                done = second(session)
            except RuleBroken as refused:
                return refused
            session.commit()
        return done

    with ThreadPoolExecutor(1) as other, open_session(engine, write=True) as session:
        done = first(session)
        waiting = other.submit(wait)
        sleep(_LONG)
        session.commit()
        return [done, waiting.result()]
