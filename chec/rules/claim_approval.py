"""Who may decide a claim, and what a decision says (methods, 3).

Each payer decides its own part, once, by somebody who has neither prepared nor submitted the claim,
nor put counts or records into it, whatever other role they hold. Every line is approved as it was
asked, or rejected with a reason code and words. A decision is never changed; what did not hold is
clawed back.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from chec.finance.money import Pence
from chec.models import Claim, ClaimPart, PartState, RejectionReason
from chec.models.references import reference
from chec.rules.free_text import reasons_not_to_write

REASON_LENGTH = 300


class Rejection(NamedTuple):
    """Why a line is not paid."""

    code: RejectionReason
    words: str


Verdicts = Mapping[int, Rejection | None]
"""By key of the line: None approves it."""


class Proposal(NamedTuple):
    """What a decision comes to, in pence, by key of the line and in all.

    The part is rejected only where every line is.
    """

    state: PartState
    approved: Mapping[int, Pence]
    approved_pence: Pence
    rejected_pence: Pence


class Decided(NamedTuple):
    """Who decided a part already, and when."""

    by: str
    on: date
    state: PartState


def reasons_not_to_decide(
    claim: Claim,
    part: ClaimPart,
    user_id: int | None,
    decided: Decided | None,
    *,
    filled_in_by: Collection[int] = (),
) -> list[str]:
    """Why the user cannot decide this part of the claim; empty where they can.

    `filled_in_by` are all who put counts or records into it. No user is the system, which has
    prepared nothing that it decides.
    """
    name = reference("claim", claim.id)
    if decided:
        return [
            f"{decided.by} decided this part of {name} on {decided.on:%-d %B %Y}: it is"
            f" {decided.state}. A decision stands; claw back an outcome that did not hold."
        ]
    if part.state is PartState.WITHDRAWN:
        return [f"{name} was withdrawn, so there is nothing to decide."]
    own = {claim.prepared_by_id, claim.submitted_by_id, *filled_in_by}
    if user_id is not None and user_id in own:
        did = "submitted" if user_id == claim.submitted_by_id else "prepared"
        return [
            f"You {did} {name}, and nobody decides a claim of their own. Ask a colleague who acts"
            " for this payer."
        ]
    return []


def faults_of_verdicts(lines: Mapping[int, str], verdicts: Verdicts) -> list[str]:
    """Why `verdicts` are no decision on `lines` (key to measure); empty where they are one."""
    if verdicts.keys() != lines.keys():
        return ["Decide every line of the claim, and no other. Reload the page: it has changed."]
    return [
        f"{lines[key]}: {reason}"
        for key, rejection in verdicts.items()
        if rejection
        for reason in reasons_not_to_reject_for(rejection.words)
    ]


def reasons_not_to_reject_for(words: str) -> list[str]:
    """Why `words` will not do as the reason of a rejection or clawback; empty where they will."""
    if not words.strip():
        return ["Say why: whoever claimed it has to know what to mend."]
    return reasons_not_to_write(words.strip(), most=REASON_LENGTH)


def propose(asked: Mapping[int, Pence], verdicts: Verdicts) -> Proposal:
    """What `verdicts` come to, from what was asked of the payer for each line."""
    approved = {key: 0 if rejection else asked[key] for key, rejection in verdicts.items()}
    approved_pence = sum(approved.values())
    return Proposal(
        _state([rejection is not None for rejection in verdicts.values()]),
        approved,
        approved_pence,
        sum(asked.values()) - approved_pence,
    )


def _state(rejected: Sequence[bool]) -> PartState:
    if all(rejected):
        return PartState.REJECTED
    return PartState.PART_APPROVED if any(rejected) else PartState.APPROVED
