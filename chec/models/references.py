"""References: the integer key with a prefix, as people and URLs use it (`T-0042` is row 42)."""

import re

PREFIXES = {
    "account": "A",
    "centre": "C",
    "claim": "CL",
    "claim_line": "L",
    "claim_record": "REC",
    "contract": "CN",
    "funding_agreement": "FA",
    "instrument": "IN",
    "invitation": "INV",
    "job_run": "J",
    "membership": "M",
    "organisation": "O",
    "passkey": "PK",
    "payment_request": "PR",
    "returns_result": "R",
    "returns_run": "RR",
    "sign_in": "S",
    "transfer": "T",
    "user": "U",
    "venture": "V",
}


def reference(noun: str, key: int) -> str:
    """The reference of row `key` of `noun`: its prefix and at least four digits."""
    return f"{PREFIXES[noun]}-{key:04d}"


def parse_reference(noun: str, text: str) -> int | None:
    """The key in `text`, or None where it is not a reference of `noun` as `reference` writes it."""
    found = re.fullmatch(rf"{PREFIXES[noun]}-([0-9]{{4,9}})", text)
    if not found:
        return None
    key = int(found[1])
    return key if reference(noun, key) == text else None
