"""What people may write in words: names, references, memos and reasons.

No NHS number enters the system (methods, 9). A text that opens like a spreadsheet formula would run
in somebody's spreadsheet when it is downloaded, so it is refused when it is written.
"""

import re

from chec.evidence.nhs_number import REFUSAL, find_nhs_numbers

# Controls, line ends, what turns the direction of writing or cannot be seen, halves of pairs.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def reasons_not_to_write(text: str, *, most: int, subject: str = "This") -> list[str]:
    """Why `text`, of at most `most` characters, cannot be kept; empty where it can."""
    reasons = []
    if len(text) > most:
        reasons.append(f"{subject} has {len(text):,} characters. Shorten it to {most:,} or fewer.")
    if _UNPRINTABLE.search(text):
        reasons.append(
            f"{subject} has a line break or an unprintable character. Write it on one line."
        )
    if text[:1] in {"=", "+", "-", "@"}:
        reasons.append(
            f"{subject} opens like a spreadsheet formula. Begin it with a letter or a digit."
        )
    if find_nhs_numbers(text):
        reasons.append(REFUSAL)
    return reasons
