"""What a role may be held for, and when.

Directors, evaluators and administrators act for a centre; investors and commissioners for their own
organisation, a local authority being a commissioner too; provider teams for a venture. A membership
is given for a day at least, by people from today on, and nobody holds the same one twice at once.
"""

from collections.abc import Sequence
from datetime import date

from chec.models import Centre, Membership, Organisation, OrganisationKind, Role, Venture
from chec.rules.posting import Fault

OF_A_CENTRE = (Role.ADMINISTRATOR, Role.DIRECTOR, Role.EVALUATOR)
_KINDS = {
    Role.INVESTOR: frozenset({OrganisationKind.INVESTOR}),
    Role.COMMISSIONER: frozenset({OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY}),
}


def reasons_not_to_hold(
    role: Role,
    centre: Centre | None = None,
    organisation: Organisation | None = None,
    venture: Venture | None = None,
) -> list[str]:
    """Why nobody may hold `role` for what is named; empty where somebody may."""
    needed = "a centre" if role in OF_A_CENTRE else "a venture"
    if role in _KINDS:
        needed = "an organisation"
    named = {"a centre": centre, "an organisation": organisation, "a venture": venture}
    if [thing for thing, row in named.items() if row is not None] != [needed]:
        return [f"The role of {role} is held for {needed}, and for nothing else."]
    if organisation and organisation.kind not in _KINDS[role]:
        return [f"{organisation.name} is no {role}: it is kept as {organisation.kind}."]
    return []


def faults_of_days(
    starts_on: date, ends_before: date | None, held: Sequence[Membership]
) -> list[Fault]:
    """Why a membership may not run from `starts_on` until the day before `ends_before`.

    `held` are the user's other memberships in the same role for the same thing.
    """
    if ends_before is not None and ends_before <= starts_on:
        return [Fault("last_day", "The last day comes before the first. Choose a later one.")]
    if any(_overlap(starts_on, ends_before, other) for other in held):
        reason = "This person holds that role already at some time in these days."
        return [Fault("held_for", reason)]
    return []


def faults_of_first_day(starts_on: date, today: date) -> list[Fault]:
    """Why nobody gives a role from `starts_on` today; empty where somebody does."""
    if starts_on < today:
        return [Fault("starts_on", "A role begins today at the earliest. Choose a later day.")]
    return []


def _overlap(starts_on: date, ends_before: date | None, other: Membership) -> bool:
    holds_on_a_day = other.ends_before != other.starts_on
    begins_before = ends_before is None or other.starts_on < ends_before
    ends_after = other.ends_before is None or starts_on < other.ends_before
    return holds_on_a_day and begins_before and ends_after
