"""What may be paid on a claim, and what goes back (methods, 3).

A payer pays what it approved, less what it clawed back, in part or in full, and no sooner than it
decided. What was paid and then clawed back is owed to the payer and returned; no more than that.
"""

from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.models import Cause, ClaimPart
from chec.models.references import reference
from chec.rules.posting import Fault


def faults_of_payment(
    part: ClaimPart, decided_on: date | None, *, pence: Pence, received_on: date
) -> list[Fault]:
    """Why a payment of `pence` cannot be recorded on the part; empty where it can.

    `decided_on` is None where the payer has not decided. What the ledger refuses is asked there.
    """
    faults = [Fault("pounds", reason) for reason in reasons_not_to_pay_on(part, decided_on)]
    if not faults and pence > part.due_pence:
        due = format_pounds(part.due_pence)
        more = f"{format_pounds(pence)} is more than is due: {due}. Record at most that here, and"
        faults = [Fault("pounds", f"{more} the rest on the claim that it is for.")]
    if decided_on and received_on < decided_on:
        early = f"{received_on:%-d %B %Y} is before the payer decided, on {decided_on:%-d %B %Y}."
        faults.append(Fault("on", f"{early} Enter the day on which the money came."))
    return faults


def reasons_not_to_pay_on(part: ClaimPart, decided_on: date | None) -> list[str]:
    """Why nothing can be paid on the part; empty where something is due."""
    if decided_on is None:
        return ["The payer has not decided. A payment is recorded once it has approved an amount."]
    if not part.due_pence:
        return ["Nothing is due of this payer. Check which claim and which payer the money is for."]
    return []


def reasons_not_to_return_on(part: ClaimPart) -> list[str]:
    """Why nothing goes back to the payer of the part; empty where something is owed."""
    if part.owed_back_pence:
        return []
    return ["Nothing is owed to this payer: it has not paid more than it approved."]


def faults_of_return(
    part: ClaimPart, clawed_back_on: date | None, *, pence: Pence, returned_on: date
) -> list[Fault]:
    """Why `pence` cannot go back to the payer of the part; empty where they can.

    `clawed_back_on` is the first day on which it clawed something back.
    """
    faults = [Fault("pounds", reason) for reason in reasons_not_to_return_on(part)]
    owed = part.owed_back_pence
    if owed and pence > owed:
        more = f"{format_pounds(pence)} is more than is owed to the payer: {format_pounds(owed)}."
        faults.append(Fault("pounds", f"{more} Return at most that."))
    if clawed_back_on and returned_on < clawed_back_on:
        early = f"{returned_on:%-d %B %Y} is before anything was clawed back, on"
        faults.append(
            Fault("on", f"{early} {clawed_back_on:%-d %B %Y}. Enter the day on which it went out.")
        )
    return faults


def due_after(part: ClaimPart, pence: Pence) -> Pence:
    """What is still due of the payer once it has paid `pence`."""
    return part.due_pence - pence


def owed_back_after_returning(part: ClaimPart, pence: Pence) -> Pence:
    """What is still owed to the payer once `pence` have gone back to it."""
    return part.owed_back_pence - pence


def reasons_not_to_undo(
    part: ClaimPart, cause: str, *, pence: Pence, undone_by_id: int | None
) -> list[str]:
    """Why a payment, or a return of one (its transfer's `cause`), cannot be undone on the part."""
    if undone_by_id:
        return [f"This was undone already, by {reference('transfer', undone_by_id)}."]
    if cause == Cause.PAYMENT and pence > part.paid_pence:
        returned = format_pounds(pence - part.paid_pence)
        return [f"{returned} of this has gone back to the payer. Undo that return first."]
    return []


def paid_after_undoing(part: ClaimPart, cause: str, *, pence: Pence) -> Pence:
    """What the payer has paid, once a payment of `pence` or a return of them has been undone."""
    return part.paid_pence + (-pence if cause == Cause.PAYMENT else pence)
