from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chec.models import Invitation, Role
from chec.rules.invitation_terms import (
    GOOD_FOR,
    InvitationState,
    first_day_of,
    reasons_not_to_send_again,
    reasons_not_to_withdraw,
    state_of,
)
from tests.builders import NOW

TODAY = NOW.date()


@pytest.mark.parametrize(
    ("fields", "after", "state"),
    [
        ({}, timedelta(0), "open"),
        ({}, GOOD_FOR - timedelta(microseconds=1), "open"),
        ({}, GOOD_FOR, "expired"),
        ({"accepted_at": NOW}, timedelta(0), "accepted"),
        ({"accepted_at": NOW}, GOOD_FOR, "accepted"),
        ({"withdrawn_at": NOW}, timedelta(0), "withdrawn"),
        ({"withdrawn_at": NOW}, GOOD_FOR, "withdrawn"),
        ({"ends_before": TODAY + timedelta(days=1)}, timedelta(0), "open"),
        ({"ends_before": TODAY + timedelta(days=1)}, timedelta(days=1), "expired"),
    ],
)
def test_an_invitation_is_good_once_and_for_72_hours(
    fields: dict[str, Any], after: timedelta, state: str
) -> None:
    at = NOW + after
    assert state_of(an_invitation(**fields), at, at.date()) == InvitationState(state)


def test_the_role_is_held_from_the_day_of_acceptance_and_never_from_before() -> None:
    invitation = an_invitation(starts_on=TODAY)
    assert first_day_of(invitation, TODAY + timedelta(days=2)) == TODAY + timedelta(days=2)
    assert first_day_of(invitation, TODAY - timedelta(days=2)) == TODAY


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"accepted_at": NOW}, "This invitation was accepted."),
        ({"withdrawn_at": NOW}, "This invitation was withdrawn."),
    ],
)
def test_what_is_over_is_neither_sent_again_nor_withdrawn(fields: dict[str, Any], why: str) -> None:
    invitation = an_invitation(**fields)
    for reasons in (
        reasons_not_to_send_again(invitation, TODAY),
        reasons_not_to_withdraw(invitation),
    ):
        assert [reason[: len(why)] for reason in reasons] == [why]


def test_an_expired_one_is_sent_again_unless_its_days_are_over() -> None:
    long_ago = an_invitation(at=NOW - timedelta(days=30))
    assert reasons_not_to_send_again(long_ago, TODAY) == []
    [reason] = reasons_not_to_send_again(an_invitation(ends_before=TODAY), TODAY)
    assert reason.startswith("The last day of the role has passed.")
    assert reasons_not_to_withdraw(an_invitation(ends_before=TODAY)) == []


def an_invitation(*, at: datetime = NOW, starts_on: date = TODAY, **fields: Any) -> Invitation:
    return Invitation(
        token_hash="",
        email="sam@chec.example",
        name="Sam Hill",
        role=Role.EVALUATOR,
        for_centre_id=1,
        centre_id=1,
        starts_on=starts_on,
        invited_at=at,
        expires_at=at + GOOD_FOR,
        **fields,
    )
