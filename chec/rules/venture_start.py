"""When a centre may start a venture.

The team belongs to a provider. A venture starts no earlier than its centre opened, and its stage no
earlier than the venture. Its care model says in plain words how the team works.
"""

from datetime import date

from chec.models import Centre, Organisation, OrganisationKind
from chec.rules.free_text import reasons_not_to_write

LONGEST_CARE_MODEL = 2_000


def reasons_not_to_start(
    centre: Centre, provider: Organisation, care_model: str, started_on: date, stage_since_on: date
) -> list[str]:
    """Why this venture may not start; empty where it may."""
    refused = reasons_not_to_write(care_model, most=LONGEST_CARE_MODEL)
    reasons = [f"The care model: {reason}" for reason in refused]
    if not care_model:
        reasons.append("Say in plain words how the team works: its care model.")
    if provider.kind is not OrganisationKind.PROVIDER:
        reasons.append(f"{provider.name} is not a provider; a venture belongs to one.")
    if started_on < centre.opened_on:
        reasons.append("A venture cannot start before its centre opened.")
    if stage_since_on < started_on:
        reasons.append("A stage cannot begin before the venture starts.")
    return reasons
