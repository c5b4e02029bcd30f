"""When a centre may agree an instrument with an investor.

What is promised is more than nothing, and the agreement is not dated in the future.
"""

from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.models import Organisation, OrganisationKind
from chec.rules.posting import MOST_PENCE


def reasons_not_to_agree(
    investor: Organisation, committed_pence: Pence, agreed_on: date, today: date
) -> list[str]:
    """Why this instrument may not be agreed; empty where it may."""
    reasons = []
    if investor.kind is not OrganisationKind.INVESTOR:
        reasons.append(f"{investor.name} is not an investor; an instrument is agreed with one.")
    if committed_pence <= 0:
        reasons.append("An instrument promises more than £0.")
    if committed_pence > MOST_PENCE:
        reasons.append(f"An instrument promises at most {format_pounds(MOST_PENCE, whole=True)}.")
    if agreed_on > today:
        reasons.append("An agreement cannot be dated in the future.")
    return reasons
