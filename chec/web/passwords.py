"""Passwords: which ones are taken, and how they are hashed (argon2id, and nothing else)."""

import re
import unicodedata
from collections.abc import Iterator
from threading import Lock
from typing import Any, TypedDict

from argon2 import PasswordHasher
from flask import g
from flask_security import PasswordUtil
from zxcvbn import zxcvbn

from chec import clock
from chec.queries.memberships import list_own_roles
from chec.queries.viewers import get_viewer

SHORTEST = 12
LONGEST = 1000
ADVICE = "Four words that have nothing to do with each other are easy to remember."
_OTHERS = "Choose words that others would not think of."

_MOST_LOOKED_AT = 32
"""Of a longer password the beginning has to do: how long it takes to look grows with the square."""
_HARD_ENOUGH = 4
"""Of zxcvbn's 0 to 4: more than 10¹⁰ guesses of somebody who knows how people choose passwords."""
_FEWEST_OF_ONES_OWN = 8
_ONE_AT_A_TIME = Lock()  # zxcvbn keeps the words of a person in a variable of its module


class Costs(TypedDict):
    """What argon2 may spend on one hash: passes, KiB, threads."""

    time_cost: int
    memory_cost: int
    parallelism: int


class Passwords(PasswordUtil):
    """Which new passwords flask-security takes."""

    def validate(
        self, password: str, is_register: bool, **known: Any
    ) -> tuple[list[str] | None, str]:
        """The faults of the password for `known["user"]`, if any; and the password normalised."""
        user, today = known["user"], clock.today()
        roles = list_own_roles(g.session, get_viewer(g.session, user.id, today), today)
        words = (user.name, user.email, *(role.acts_for for role in roles))
        return faults_of_new_password(password, *words) or None, self.normalize(password)


def faults_of_new_password(password: str, *words: str) -> list[str]:
    """Why this cannot be somebody's new password, in whole sentences; empty if it can.

    `words` are what others know of them: their name, their email address, their centre.
    """
    if len(password) < SHORTEST:
        return [f"Use at least {SHORTEST} characters."]
    if len(password) > LONGEST:
        return [f"Use at most {LONGEST:,} characters."]
    known = {part for word in ("chec", *words) for part in _parts(word)}
    # However it is typed, and without spaces, which add nothing.
    meant = "".join(unicodedata.normalize("NFKD", password).split())
    if _is_made_of(meant, known):
        return [f"Others can guess this: it is made of your name, email or centre. {_OTHERS}"]
    if not meant or not _is_hard_to_guess(meant, known):
        return [f"Others can guess this: it is a common password, or a pattern. {_OTHERS}"]
    return []


def hashing_costs(*, cheap: bool) -> Costs:
    """RFC 9106's second recommendation; `cheap` is for tests, where a password protects nothing."""
    if cheap:
        return {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
    return {"time_cost": 3, "memory_cost": 65536, "parallelism": 4}


def hash_password(password: str, *, cheap: bool = False) -> str:
    """The hash under which a user is added; signing in verifies against it.

    NFKD first, as flask-security does before it verifies: one password, however it is typed.
    """
    hasher = PasswordHasher(**hashing_costs(cheap=cheap))
    return hasher.hash(unicodedata.normalize("NFKD", password))


def _parts(word: str) -> Iterator[str]:
    """The word without what separates, and each of its parts that says something."""
    parts = [part for part in re.split(r"[\W_]+", word.casefold()) if part]
    yield "".join(parts)
    yield from (part for part in parts if len(part) > 2)  # noqa: PLR2004  of, st, co


def _is_made_of(password: str, known: set[str]) -> bool:
    rest = re.sub(r"[\W_]+", "", password.casefold())
    if not any(word in rest for word in known):
        return False
    for word in sorted(known, key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(rest) < _FEWEST_OF_ONES_OWN


def _is_hard_to_guess(password: str, known: set[str]) -> bool:
    with _ONE_AT_A_TIME:
        found = zxcvbn(password[:_MOST_LOOKED_AT], user_inputs=sorted(known))
    return bool(found["score"] >= _HARD_ENOUGH)
