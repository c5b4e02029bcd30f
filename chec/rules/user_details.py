"""What is asked of a user: an address for email that can be signed in with, and a name."""

from email_validator import EmailNotValidError, validate_email

from chec.rules.free_text import reasons_not_to_write
from chec.rules.naming import LONGEST_NAME
from chec.rules.posting import Fault


def faults_of_details(email: str, name: str) -> list[Fault]:
    """Why nobody may be known by these, each with its field; empty where somebody may."""
    faults = [
        Fault(field, f"The {label}: {reason}")
        for field, label, text in (("email", "email address", email), ("name", "name", name))
        for reason in reasons_not_to_write(text, most=LONGEST_NAME)
    ]
    if not name:
        faults.append(Fault("name", "Give the person's name."))
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        faults.append(Fault("email", "Give an email address in the form name@organisation.nhs.uk."))
    return faults
