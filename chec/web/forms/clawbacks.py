"""Forms of a clawback: of a record, or of a number of outcomes that were counted."""

from typing import NamedTuple

from wtforms import StringField
from wtforms.validators import InputRequired

from chec.finance.money import Pence
from chec.rules.claim_approval import REASON_LENGTH
from chec.rules.clawback import Approved
from chec.web.forms.claim_lines import CountField
from chec.web.forms.confirm import ConfirmedForm
from chec.web.forms.fields import MoneyField


class Told(NamedTuple):
    """What a good form takes back, in pence, and why."""

    units: int
    pence: Pence
    reason: str


class ClawBackRecordForm(ConfirmedForm):
    """Why the outcome did not hold; what goes back is what was approved of it."""

    reason = StringField(
        "Why did it not hold?",
        description=f"The centre reads this. On one line, at most {REASON_LENGTH} characters.",
        validators=[InputRequired("Say why it did not hold.")],
    )

    def told(self, approved: Approved) -> Told:
        """All that was approved of the record."""
        return Told(1, approved.suggested_pence(1), (self.reason.data or "").strip())


class ClawBackCountForm(ClawBackRecordForm):
    """How many outcomes did not hold, and what goes back for them."""

    units = CountField(
        "How many outcomes did not hold?",
        validators=[InputRequired("Enter how many, as a whole number.")],
    )
    pounds = MoneyField(
        "Amount that goes back",
        description="Leave this empty to take back their part of what you approved.",
    )

    def told(self, approved: Approved) -> Told:
        """The units, for the amount that was typed or else for their part of what was approved."""
        units = self.units.data or 0
        pence = self.pounds.data
        if pence is None:
            pence = approved.suggested_pence(units)
        return Told(units, pence, (self.reason.data or "").strip())
