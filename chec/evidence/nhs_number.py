"""NHS numbers are refused wherever text comes in: form, cell, free text, file name.

What is refused: exactly ten digits of any script, plain or grouped 3-3-4, touching no other letter
or digit, whose last is the modulus 11 check digit of the rest (NHS Data Dictionary, "NHS NUMBER").
Test numbers (999…) are refused too, and so are numbers in the Scottish range that hold no date of
birth: a mistyped number of a person is still about a person.

A number with its reference prefix, `PO-9434765919`, is let through: that is the way out that the
message offers. A prefix has two to four capitals and is not one that announces a person's number.
"""

import re

from nhs_number.validate import calculate_checksum

REFUSAL = (
    "This looks like an NHS number. Nobody's NHS number may be entered here: take it out and use "
    "the person's pseudonym. If it is another number, write it with its prefix, such as PO-…"
)
"""What the person who typed it is told. It never repeats the number."""

# Spaces of every width, points, hyphens and dashes, and characters that cannot be seen.
_GAP = (
    "[ \t\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff\u00ad"
    ".\u00b7\u2010-\u2015\u2212\uff0d\uff0e-]{1,3}"
)
_REFERENCE = r"(?:(?!(?:NHS|CHI|MRN|ID|NO|NUM|PT)-)[A-Z]{2,4}-)?"
_CANDIDATE = re.compile(
    rf"(?<![^\W_]){_REFERENCE}(?P<number>\d{{10}}|\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{4}})(?![^\W_])"
)


def find_nhs_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """Where `text` holds what is refused: (start, end) of each, for slicing, from left to right.

    Empty if nothing is refused. Gives places and not the digits, so that none is stored or logged.
    """
    found = (match for match in _CANDIDATE.finditer(text) if match.start() == match.start("number"))
    return tuple(match.span("number") for match in found if _is_nhs_number(match["number"]))


def _is_nhs_number(text: str) -> bool:
    # Not `nhs_number.is_valid`: it lets pass what the Scottish range would not issue.
    digits = "".join(str(int(character)) for character in text if character.isdecimal())
    return calculate_checksum(digits[:9]) == int(digits[9])
