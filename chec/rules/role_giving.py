"""Who may give and end which role.

An administrator of a centre gives and ends every role. A director gives and ends those that decide
neither about money nor about people: provider team, investor and evaluator. So no director makes
the one who approves what they ask for.

A role that is held for an organisation reaches every centre where that organisation invests or
pays: whoever gives or ends it may do so in each of them. Nobody gives or ends a role of their own;
two people stand behind every role. And no centre is left without an administrator.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from chec.models import Membership, Role
from chec.permissions import NEEDS_SECOND_FACTOR
from chec.rules.naming import with_article

GIVES: dict[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role),
    Role.DIRECTOR: frozenset(Role) - NEEDS_SECOND_FACTOR,
}


OWN_ROLE = (
    "Nobody gives or ends a role of their own. Ask an administrator, or another one, to do it."
)
LAST_ADMINISTRATOR = (
    "This is the centre's last administrator, today or when the roles of the others have ended."
    " Give somebody else that role first."
)


class Reached(NamedTuple):
    """A centre that a role reaches, and the roles that whoever gives or ends it holds there.

    None held: the centre is not theirs to see.
    """

    centre: str
    held: frozenset[Role]


def roles_given_by(held: Iterable[Role]) -> frozenset[Role]:
    """The roles that whoever holds these ones in a centre gives and ends there."""
    return frozenset().union(*(GIVES.get(role, frozenset()) for role in held))


def reasons_not_to_decide_on(
    role: Role, acts_for: str, reached: Sequence[Reached], *, is_own: bool
) -> list[str]:
    """Why somebody may neither give nor end `role` for `acts_for`; empty where they may.

    A centre that is not theirs to see is not named.
    """
    if is_own:
        return [OWN_ROLE]
    if not reached:
        return [f"{acts_for} neither invests in a centre nor pays one, so the role opens nothing."]
    reasons = [
        f"In {centre} {_givers_of(role)} gives and ends the role of {role}. Ask one to do it."
        for centre, held in reached
        if held and role not in roles_given_by(held)
    ]
    if not all(held for _centre, held in reached):
        reasons.append(
            f"{acts_for} also deals with a centre that is not yours to see. This role reaches both:"
            " ask somebody to do it who is an administrator of every centre that it reaches."
        )
    return reasons


def reasons_not_to_end(
    membership: Membership, today: date, *, is_last_administrator: bool
) -> list[str]:
    """Why a membership cannot end now, whoever asks; empty where it can."""
    if membership.ends_before is not None and membership.ends_before <= today:
        return ["This role has ended already."]
    if is_last_administrator:
        return [LAST_ADMINISTRATOR]
    return []


def leave_a_day(
    first_day: date, ends_before: date | None, held: Iterable[tuple[date, date | None]]
) -> bool:
    """Whether on a day from `first_day` until the day before `ends_before` none of `held` holds.

    Each is a first day and the day before which it ends; None: no end.
    """
    day = first_day
    for starts_on, ends in sorted(held, key=lambda days: days[0]):
        if starts_on <= day:
            if ends is None:
                return False
            day = max(day, ends)
    return ends_before is None or day < ends_before


def end_of(membership: Membership, today: date) -> date:
    """What `ends_before` becomes so that the role holds from now on no more, today included."""
    return max(membership.starts_on, today)


def _givers_of(role: Role) -> str:
    givers = [with_article(giver) for giver, given in GIVES.items() if role in given]
    return " or ".join(givers)
