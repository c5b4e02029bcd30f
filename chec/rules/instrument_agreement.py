"""When a centre may agree an instrument with an investor.

What is promised is more than nothing, the agreement is not dated in the future, and its reference
fits a line of the ledger, where it says under which agreement money came in.
"""

from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.models import Organisation, OrganisationKind
from chec.rules.naming import reasons_not_to_name
from chec.rules.posting import MOST_PENCE, REFERENCE_LENGTH, Fault


def faults_of_terms(
    reference: str, committed_pence: Pence, agreed_on: date, today: date
) -> list[Fault]:
    """What is wrong with the terms of an instrument, field by field; empty where nothing is."""
    reasons = {
        "reference": reasons_not_to_name("the instrument", reference),
        "pounds": _of_the_amount(committed_pence),
        "on": ["An agreement cannot be dated in the future."] if agreed_on > today else [],
    }
    if len(reference) > REFERENCE_LENGTH:
        reasons["reference"] = [f"Shorten the reference to {REFERENCE_LENGTH} characters or fewer."]
    return [Fault(field, reason) for field, each in reasons.items() for reason in each]


def reasons_not_to_agree_with(investor: Organisation) -> list[str]:
    """Why no instrument can be agreed with this organisation; empty where one can."""
    if investor.kind is not OrganisationKind.INVESTOR:
        return [f"{investor.name} is not an investor; an instrument is agreed with one."]
    return []


def _of_the_amount(committed_pence: Pence) -> list[str]:
    if committed_pence <= 0:
        return ["An instrument promises more than £0."]
    if committed_pence > MOST_PENCE:
        return [f"An instrument promises at most {format_pounds(MOST_PENCE, whole=True)}."]
    return []
