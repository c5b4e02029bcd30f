"""Amounts of money: whole pence inside, pounds at the edge, and splits that add back."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

Pence = int
"""Whole pence. A column that holds them is a BigInteger named `…_pence`."""

MOST_PENCE = 2**63 - 1
"""What a BigInteger column holds at most."""


class UnreadableAmount(ValueError):
    """An amount that was refused. Its text is a sentence for the person who typed the amount."""


_PLAIN = re.compile(r"(?P<pounds>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<pence>[0-9]{2}))?")

# The first pattern that is found says what is wrong.
_FAULTS = (
    (r"^$", "Enter an amount in pounds, such as 1250 or 1,250.50."),
    (r"^[=+@]", "This is a spreadsheet formula. Enter the amount itself, such as 1,250.50."),
    (r"^£?\s*[-−–(]", "The amount must be above zero. Enter it without a minus sign or brackets."),
    (r"[^\x00-\x7f£]", "Enter the amount with the ordinary digits 0 to 9, such as 1,250.50."),
    (r"[A-Za-z]", "Enter the amount in digits only, without letters, such as 1,250.50."),
    (r"^£?\s*\.", "Put the pounds before the point: 0.50 for fifty pence."),
    (r"\.\d?$", "Give the pence two digits or leave them out: 1250.50 or 1250."),
    (r"\.\d{3,}$", "The amount has parts of a penny. Give the pence two digits, as in 1250.50."),
    (r",", "A comma may only part thousands, as in 1,250 or 1,250,000. Move it or leave it out."),
)
_ELSE = "This is not an amount in pounds. Enter one such as 1250 or 1,250.50."


def parse_pounds(text: str) -> Pence:
    """The whole pence, above zero, that `text` gives in pounds.

    Takes `1250`, `1250.50`, `1,250.50` and `£1,250.50`, with spaces around. Raises
    `UnreadableAmount`, a `ValueError`, for everything else; its text says what is wrong and how
    to mend it and never repeats what was typed.
    """
    text = text.strip()
    plain = _PLAIN.fullmatch(text.removeprefix("£").lstrip())
    if plain is None:
        raise UnreadableAmount(_what_is_wrong_with(text))
    digits = plain["pounds"].replace(",", "") + (plain["pence"] or "00")
    if len(digits.lstrip("0")) > len(str(MOST_PENCE)) or int(digits) > MOST_PENCE:
        most = format_pounds(MOST_PENCE)
        raise UnreadableAmount(f"The amount is too large. Enter one of at most {most}.")
    if int(digits) == 0:
        raise UnreadableAmount("The amount must be above zero. Enter at least 0.01.")
    return int(digits)


def _what_is_wrong_with(text: str) -> str:
    return next((message for fault, message in _FAULTS if re.search(fault, text)), _ELSE)


def format_pounds(pence: Pence, *, whole: bool = False) -> str:
    """`pence` as pounds for people: `£1,250.50`, and `−£1,250.50` (U+2212) below zero.

    With `whole`, an amount of whole pounds goes without its `.00`; nothing is ever rounded away.
    """
    pounds, rest = divmod(abs(pence), 100)
    sign = "−" if pence < 0 else ""
    return f"{sign}£{pounds:,}" if whole and rest == 0 else f"{sign}£{pounds:,}.{rest:02}"


def in_pounds(pence: Pence) -> Decimal:
    """`pence` as pounds with two decimals, for files: `Decimal("1250.50")`."""
    return Decimal(pence).scaleb(-2)


def apportion(total: Pence, weights: Sequence[int | Decimal | Fraction]) -> list[Pence]:
    """`total` split in proportion to `weights`: one amount each, in their order, adding to it.

    Largest remainder (Hamilton): each gets its exact share rounded towards zero, and the pennies
    left go one each to the largest remainders, ties to the one named first. A total below zero is
    split as its opposite is. Raises `ValueError` for a weight below zero, or where none is above.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact, Fraction(0))
    if whole <= 0 or min(exact) < 0:
        raise ValueError("An amount is split by weights of zero or more, one of them above zero.")
    shares = [abs(total) * weight / whole for weight in exact]
    parts = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - shares[i])
    for i in by_remainder[: abs(total) - sum(parts)]:
        parts[i] += 1
    return parts if total >= 0 else [-part for part in parts]
