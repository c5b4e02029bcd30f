"""Who may lock or unlock an account, or take its second factor away.

These acts close or open an account everywhere. So they are for an administrator of every centre
that the person's roles reach, and nobody does them to themselves. Nor is an account locked without
which a centre would have no administrator once the roles of the others have ended.
"""

from collections.abc import Sequence

from chec.models import Role
from chec.rules.role_giving import Reached

_ASK = "Ask somebody to do it who is an administrator of every centre that they reach."


def reasons_not_to_manage(reached: Sequence[Reached], *, is_own: bool) -> list[str]:
    """Why somebody may not manage the account of a person whose roles reach these centres."""
    if is_own:
        return ["Nobody does this to their own account. Ask another administrator to do it."]
    reasons = [
        f"This person's roles reach {centre} too, where you are no administrator."
        for centre, held in reached
        if held and Role.ADMINISTRATOR not in held
    ]
    if not all(held for _centre, held in reached):
        reasons.append("This person's roles also reach a centre that is not yours to see.")
    return [*reasons, _ASK] if reasons else []
