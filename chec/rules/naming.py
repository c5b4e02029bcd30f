"""What things may be called.

A name has 1 to 120 characters and holds no NHS number. The ledger writes its accounts as
`outcome receivable: Wrenshire ICB / COPD helpline`, so a name holds neither of the two marks that
part them there.
"""

from chec.rules.free_text import reasons_not_to_write

LONGEST_NAME = 120


def squeezed(name: str) -> str:
    """`name` with one plain space for every run of white space, and none around it."""
    return " ".join(name.split())


def with_article(noun: str) -> str:
    """`noun` after "a" or "an"."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def reasons_not_to_name(subject: str, name: str) -> list[str]:
    """Why `subject` ("the venture") may not be called `name`; empty where it may."""
    if not name:
        return [f"Give {subject} a name."]
    refused = reasons_not_to_write(name, most=LONGEST_NAME)
    reasons = [f"The name of {subject}: {reason}" for reason in refused]
    if ": " in f"{name} " or " / " in f" {name} ":
        reasons.append(
            f"Take the “: ” or “ / ” out of the name of {subject}: the ledger parts the names of"
            " its accounts with them."
        )
    return reasons
