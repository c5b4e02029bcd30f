"""When codes are taken, and whose second factor may go."""

from datetime import timedelta

import pytest

from chec.models import User
from chec.rules.second_factor import codes_taken_from, reasons_not_to_remove, reasons_not_to_reset
from tests.builders import NOW


@pytest.mark.parametrize(
    ("wrong", "minutes"),
    [
        *((0, None), (4, None), (5, 15), (6, None), (9, None), (10, 30), (15, 60), (20, 120)),
        *((25, 240), (30, 240), (1_000_000, 240)),
    ],
)
def test_the_wait_doubles_up_to_four_hours(wrong: int, minutes: int | None) -> None:
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert codes_taken_from(wrong, NOW) == until


def test_where_there_is_nothing_nothing_is_reset() -> None:
    assert reasons_not_to_reset(a_user()) == []
    (reason,) = reasons_not_to_reset(a_user(secret=None))
    assert "nothing to reset" in reason


def test_what_a_role_needs_is_not_removed() -> None:
    (reason,) = reasons_not_to_remove(a_user(), needed=True)
    assert "new phone" in reason
    assert reasons_not_to_remove(a_user(), needed=False) == []


def test_where_there_is_none_none_is_removed() -> None:
    (reason,) = reasons_not_to_remove(a_user(secret=None), needed=False)
    assert "nothing to remove" in reason


def a_user(secret: str | None = "secret") -> User:
    """A user, perhaps with an authenticator app."""
    method = "authenticator" if secret else None
    user = User(email="a@chec.example", name="Sam Hill", password="-", fs_uniquifier="-")
    user.tf_primary_method, user.tf_totp_secret = method, secret
    return user
