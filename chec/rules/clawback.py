"""When a payer may claw an outcome back, and how much (methods, 3).

Only what it approved, within the days that the contract gives after the outcome was achieved. A
line priced from records goes back record by record, each once and for what the payer approved of
it; a line priced from counts goes back in units, for an amount up to what is left of it. With the
last of them goes all that is left: what went back as an outcome cannot stay as money.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from chec.finance.money import Pence, format_pounds
from chec.models import ClaimPart
from chec.rules.claim_approval import reasons_not_to_reject_for
from chec.rules.posting import Fault


@dataclass(frozen=True)
class Approved:
    """What a payer approved, of a line or of one record, and has not clawed back.

    `pence` and `units` are what was approved, `…_left` what is left of it. Counts are achieved on
    the last day of their period; `back_on` is when a record went back.
    """

    measure: str
    achieved_on: date
    clawback_days: int | None
    units: int
    pence: Pence
    units_left: int
    pence_left: Pence
    back_on: date | None = None

    @property
    def last_day(self) -> date | None:
        """The last day for a clawback; None where the contract gives no right to one."""
        if self.clawback_days is None:
            return None
        return self.achieved_on + timedelta(days=self.clawback_days)

    def suggested_pence(self, units: int) -> Pence:
        """What `units` of it come to, rounded half up: all that is left with the last of them."""
        if units >= self.units_left:
            return self.pence_left
        share = Fraction(units * self.pence, self.units) if self.units else Fraction(0)
        return min(self.pence_left, int(share + Fraction(1, 2)))


def reasons_not_to_claw_back(approved: Approved, today: date) -> list[str]:
    """Why nothing of this can be clawed back today; empty where something can."""
    if approved.back_on:
        return [f"You clawed this record back on {approved.back_on:%-d %B %Y}."]
    if approved.last_day is None:
        return reasons_without_a_right(approved)
    if today > approved.last_day:
        return [
            f"The last day to claw this back was {approved.last_day:%-d %B %Y}: the contract gives"
            f" {approved.clawback_days:,} days from {approved.achieved_on:%-d %B %Y}."
        ]
    if not (approved.pence_left and approved.units_left):
        return [f"Nothing is left to claw back of what you approved of {approved.measure}."]
    return []


def reasons_without_a_right(approved: Approved) -> list[str]:
    """That the contract lets nobody claw the measure back; empty where it does."""
    if approved.clawback_days is not None:
        return []
    return [
        f"The contract gives no right to claw back {approved.measure}: it names no days for that."
        " Speak to the centre about it."
    ]


def faults_of_clawback(approved: Approved, *, units: int, pence: Pence, reason: str) -> list[Fault]:
    """What is wrong with taking back `units` for `pence`, where something can be taken back."""
    faults = [Fault("reason", each) for each in reasons_not_to_reject_for(reason)]
    if not 1 <= units <= approved.units_left:
        left = f"{approved.units_left:,} can be clawed back. Enter a number from 1 to that."
        faults.append(Fault("units", f"Of what you approved, {left}"))
    if not 1 <= pence <= approved.pence_left:
        left = f"{format_pounds(approved.pence_left)} is left. Enter an amount up to that."
        faults.append(Fault("pounds", f"Of what you approved, {left}"))
    elif units == approved.units_left and pence < approved.pence_left:
        all_left = format_pounds(approved.pence_left)
        last = f"These are the last outcomes of it, so all that is left goes back: {all_left}."
        faults.append(Fault("pounds", f"{last} Leave the amount empty for that."))
    return faults


def approved_after(part: ClaimPart, pence: Pence) -> Pence:
    """What is left of what the payer approved once it has clawed `pence` back."""
    return part.approved_pence - part.clawed_back_pence - pence


def owed_back_after(part: ClaimPart, pence: Pence) -> Pence:
    """What the payer of `part` is owed once it has clawed `pence` back."""
    return max(0, pence + part.owed_back_pence - part.due_pence)
