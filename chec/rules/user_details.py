"""What is asked of a user: an address for email that can be signed in with, and a name."""

import re

from email_validator import EmailNotValidError, validate_email

from chec.rules.free_text import reasons_not_to_write
from chec.rules.naming import LONGEST_NAME
from chec.rules.posting import Fault

LONGEST_NAME_OF_A_PERSON = 100
# A mail that greets by name leads nowhere but to CHEC: programs make links of evil.example too.
_LEADS_ELSEWHERE = re.compile(r"://|@|\bwww\.|\w\w\.\w", re.IGNORECASE)


def kept_address(typed: str) -> str:
    """The address for email as it is kept and looked up: one text for each mailbox.

    Where it is none, what was typed, in lower case: nobody is found by it.
    """
    try:
        return _validated(typed.strip()).lower()
    except EmailNotValidError:
        return typed.strip().lower()


def faults_of_details(email: str, name: str) -> list[Fault]:
    """Why nobody may be known by these, each with its field; empty where somebody may."""
    faults = [
        Fault(field, f"The {label}: {reason}")
        for field, label, text, most in (
            ("email", "email address", email, LONGEST_NAME),
            ("name", "name", name, LONGEST_NAME_OF_A_PERSON),
        )
        for reason in reasons_not_to_write(text, most=most)
    ]
    if not name:
        faults.append(Fault("name", "Give the person's name."))
    if _LEADS_ELSEWHERE.search(name):
        reason = (
            "The name: Leave addresses of websites and for email out, and put a space after a full"
            " stop."
        )
        faults.append(Fault("name", reason))
    try:
        _validated(email)
    except EmailNotValidError:
        reason = (
            "Give an email address in the form name@organisation.nhs.uk, without accents before"
            " the @."
        )
        faults.append(Fault("email", reason))
    return faults


def _validated(email: str) -> str:
    # Before the @ one mailbox would have many spellings that look alike.
    return validate_email(email, check_deliverability=False, allow_smtputf8=False).normalized
