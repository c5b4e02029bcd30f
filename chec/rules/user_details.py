"""What is asked of a user: an address for email that can be signed in with, and a name."""

from email_validator import EmailNotValidError, validate_email

from chec.rules.free_text import reasons_not_to_write
from chec.rules.naming import LONGEST_NAME


def reasons_not_to_add(email: str, name: str) -> list[str]:
    """Why nobody may be added with these details; empty where somebody may."""
    fields = {"email address": email, "name": name}
    reasons = [
        f"The {field}: {reason}"
        for field, text in fields.items()
        for reason in reasons_not_to_write(text, most=LONGEST_NAME)
    ]
    if not name:
        reasons.append("Give the person's name.")
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        reasons.append("Give an email address in the form name@organisation.nhs.uk.")
    return reasons
