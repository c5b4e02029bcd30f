from datetime import date

import pytest

from chec.models import Membership, Role
from chec.permissions import NEEDS_SECOND_FACTOR
from chec.rules.role_giving import (
    Reached,
    end_of,
    leave_a_day,
    reasons_not_to_decide_on,
    reasons_not_to_end,
    roles_given_by,
)

TODAY = date(2026, 11, 16)


def why_not(role: Role, *held: set[Role], is_own: bool = False) -> list[str]:
    """`held` are what the giver holds in each centre that the role reaches, called A, B, …"""
    reached = [Reached(name, frozenset(roles)) for name, roles in zip("ABCD", held, strict=False)]
    return reasons_not_to_decide_on(role, "Wrenshire ICB", reached, is_own=is_own)


@pytest.mark.parametrize("role", list(Role))
def test_an_administrator_gives_every_role(role: Role) -> None:
    assert why_not(role, {Role.ADMINISTRATOR}) == []


@pytest.mark.parametrize("role", list(Role))
def test_a_director_gives_no_role_that_decides_about_money_or_people(role: Role) -> None:
    reasons = why_not(role, {Role.DIRECTOR})
    assert bool(reasons) is (role in NEEDS_SECOND_FACTOR)
    if reasons:
        assert reasons == [
            f"In A an administrator gives and ends the role of {role}. Ask one to do it."
        ]


@pytest.mark.parametrize("held", sorted(set(Role) - {Role.ADMINISTRATOR, Role.DIRECTOR}))
def test_nobody_else_gives_any(held: Role) -> None:
    assert roles_given_by({held}) == frozenset()
    assert why_not(Role.PROVIDER, {held}) == [
        "In A an administrator or a director gives and ends the role of provider team."
        " Ask one to do it."
    ]


def test_nobody_gives_or_ends_a_role_of_their_own() -> None:
    [reason] = why_not(Role.EVALUATOR, {Role.ADMINISTRATOR}, is_own=True)
    assert reason.startswith("Nobody gives or ends a role of their own.")


def test_a_role_that_reaches_several_centres_is_given_by_who_may_in_each() -> None:
    both = {Role.ADMINISTRATOR}
    assert why_not(Role.COMMISSIONER, both, both) == []
    assert why_not(Role.INVESTOR, {Role.DIRECTOR}, both) == []
    [reason] = why_not(Role.COMMISSIONER, both, {Role.DIRECTOR})
    assert reason.startswith("In B an administrator gives")


def test_a_centre_that_is_not_theirs_to_see_is_not_named() -> None:
    [reason] = why_not(Role.COMMISSIONER, {Role.ADMINISTRATOR}, set())
    assert "a centre that is not yours to see" in reason
    assert "B" not in reason.replace("ICB", "")


def test_a_role_that_reaches_no_centre_is_not_given() -> None:
    [reason] = why_not(Role.INVESTOR)
    assert reason == "Wrenshire ICB neither invests in a centre nor pays one, so the role opens" + (
        " nothing."
    )


@pytest.mark.parametrize(
    ("ends_before", "has_ended"), [(None, False), (date(2026, 11, 17), False), (TODAY, True)]
)
def test_a_role_ends_once(ends_before: date | None, has_ended: bool) -> None:
    held = a_membership(ends_before=ends_before)
    reasons = reasons_not_to_end(held, TODAY, is_last_administrator=False)
    assert reasons == (["This role has ended already."] if has_ended else [])


def test_a_centre_keeps_its_last_administrator() -> None:
    [reason] = reasons_not_to_end(a_membership(), TODAY, is_last_administrator=True)
    assert "last administrator" in reason


@pytest.mark.parametrize(
    ("ends_before", "held", "is_left"),
    [
        (None, [], True),
        (None, [(1, None)], False),
        (None, [(17, None)], True),
        (None, [(1, 17)], True),
        (date(2026, 11, 17), [(1, 17)], False),
        (date(2026, 11, 18), [(1, 17)], True),
        (None, [(17, None), (1, 17)], False),
        (None, [(18, None), (1, 17)], True),
    ],
)
def test_each_day_of_a_role_that_ends_is_another_s_or_left(
    ends_before: date | None, held: list[tuple[int, int | None]], is_left: bool
) -> None:
    days = [(date(2026, 11, a), None if b is None else date(2026, 11, b)) for a, b in held]
    assert leave_a_day(TODAY, ends_before, days) is is_left


@pytest.mark.parametrize(
    ("starts_on", "ends_before"),
    [
        (date(2026, 11, 1), TODAY),
        (TODAY, TODAY),
        (date(2026, 12, 1), date(2026, 12, 1)),
    ],
    ids=["held for a while", "on its first day", "before it began"],
)
def test_what_ends_now_holds_today_no_more(starts_on: date, ends_before: date) -> None:
    assert end_of(a_membership(starts_on=starts_on), TODAY) == ends_before


def a_membership(
    *, starts_on: date = date(2026, 1, 1), ends_before: date | None = None
) -> Membership:
    return Membership(
        user_id=1,
        role=Role.ADMINISTRATOR,
        centre_id=1,
        starts_on=starts_on,
        ends_before=ends_before,
    )
