"""How passwords are hashed: argon2id, and nothing else is accepted."""

import unicodedata
from typing import TypedDict

from argon2 import PasswordHasher

SHORTEST = 12
LONGEST = 1000


class Costs(TypedDict):
    """What argon2 may spend on one hash: passes, KiB, threads."""

    time_cost: int
    memory_cost: int
    parallelism: int


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
