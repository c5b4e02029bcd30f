import pytest

from chec.models import Role
from chec.rules.account_locking import reasons_not_to_manage
from chec.rules.role_giving import Reached


def why_not(*held: set[Role], is_own: bool = False) -> list[str]:
    reached = [Reached(name, frozenset(roles)) for name, roles in zip("ABCD", held, strict=False)]
    return reasons_not_to_manage(reached, is_own=is_own)


def test_an_administrator_of_every_centre_that_a_person_reaches_manages_their_account() -> None:
    assert why_not() == []
    assert why_not({Role.ADMINISTRATOR}) == []
    assert why_not({Role.ADMINISTRATOR}, {Role.ADMINISTRATOR, Role.DIRECTOR}) == []


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_else_does(role: Role) -> None:
    reason, ask = why_not({Role.ADMINISTRATOR}, {role})
    assert reason == "This person's roles reach B too, where you are no administrator."
    assert ask.startswith("Ask somebody")


def test_a_centre_that_is_not_theirs_to_see_is_not_named() -> None:
    reason, _ask = why_not({Role.ADMINISTRATOR}, set())
    assert "a centre that is not yours to see" in reason
    assert "B" not in reason


def test_nobody_manages_their_own() -> None:
    [reason] = why_not({Role.ADMINISTRATOR}, is_own=True)
    assert reason.startswith("Nobody does this to their own account.")
