"""What a role may be held for, and when.

Directors, evaluators and administrators act for a centre; investors and commissioners for their own
organisation, a local authority being a commissioner too; provider teams for a venture. A membership
lasts a day at least, and nobody holds the same one twice at once.
"""

from datetime import date

from chec.models import Centre, Membership, Organisation, OrganisationKind, Role, Venture

_OF_A_CENTRE = frozenset({Role.DIRECTOR, Role.EVALUATOR, Role.ADMINISTRATOR})
_KINDS = {
    Role.INVESTOR: frozenset({OrganisationKind.INVESTOR}),
    Role.COMMISSIONER: frozenset({OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY}),
}


def reasons_not_to_give(
    role: Role,
    centre: Centre | None,
    organisation: Organisation | None,
    venture: Venture | None,
) -> list[str]:
    """Why nobody may hold `role` for what is named; empty where somebody may."""
    needed = "a centre" if role in _OF_A_CENTRE else "a venture"
    if role in _KINDS:
        needed = "an organisation"
    named = {"a centre": centre, "an organisation": organisation, "a venture": venture}
    if [thing for thing, row in named.items() if row is not None] != [needed]:
        return [f"The role of {role} is held for {needed}, and for nothing else."]
    if organisation and organisation.kind not in _KINDS[role]:
        return [f"{organisation.name} is no {role}: it is kept as {organisation.kind}."]
    return []


def reasons_not_to_last(
    starts_on: date, ends_before: date | None, held: list[Membership]
) -> list[str]:
    """Why a membership may not run from `starts_on` until the day before `ends_before`.

    `held` are the user's other memberships in the same role for the same thing.
    """
    if ends_before is not None and ends_before <= starts_on:
        return ["A membership ends after the day on which it starts."]
    if any(_overlap(starts_on, ends_before, other) for other in held):
        return ["This person holds that role already at some time in these dates."]
    return []


def _overlap(starts_on: date, ends_before: date | None, other: Membership) -> bool:
    return (other.ends_before is None or starts_on < other.ends_before) and (
        ends_before is None or other.starts_on < ends_before
    )
