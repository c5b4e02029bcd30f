"""What the references in a text stand for."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from chec.models import (
    Centre,
    Claim,
    Contract,
    Instrument,
    Invitation,
    Organisation,
    OrganisationKind,
    PaymentRequest,
    ReturnsRun,
    Transfer,
    Venture,
)
from chec.models.references import PREFIXES, parse_reference, reference

REFERENCE = re.compile(rf"\b(?:{'|'.join(PREFIXES.values())})-[0-9]{{4,9}}\b")
_NOUNS = {prefix: noun for noun, prefix in PREFIXES.items()}
_NAMES: Mapping[str, Any] = {
    "centre": Centre.name,
    "claim": Claim.id,
    "contract": Contract.reference,
    "instrument": Instrument.reference,
    "organisation": Organisation.name,
    "venture": Venture.name,
}
_CENTRES: Mapping[str, Any] = {
    "centre": Centre.id,
    "claim": Claim.centre_id,
    "contract": Contract.centre_id,
    "instrument": Instrument.centre_id,
    "invitation": Invitation.for_centre_id,
    "payment_request": PaymentRequest.centre_id,
    "returns_run": ReturnsRun.centre_id,
    "transfer": Transfer.centre_id,
    "venture": Venture.centre_id,
}


class Named(NamedTuple):
    """A row that a reference leads to. `kind` is an organisation's; a claim has no name."""

    noun: str
    id: int
    name: str
    kind: OrganisationKind | None


def split_reference(text: str) -> tuple[str, int] | None:
    """The noun and the key of a reference; None for any other text."""
    noun = _NOUNS.get(text.partition("-")[0])
    key = parse_reference(noun, text) if noun else None
    return (noun, key) if noun and key else None


def things_named(session: Session, texts: Iterable[str]) -> dict[str, Named]:
    """The rows that have a name, or may be gone, by each reference in the texts."""
    keys: dict[str, set[int]] = defaultdict(set)
    for text in texts:
        for found in REFERENCE.findall(text):
            noun, key = split_reference(found) or ("", 0)
            if noun in _NAMES:
                keys[noun].add(key)
    found = [row for noun, own in keys.items() for row in _rows(session, noun, own)]
    return {reference(row.noun, row.id): row for row in found}


def centre_of(session: Session, references: Iterable[str]) -> int | None:
    """The key of the centre that the first of these rows belongs to, if it is there."""
    for each in references:
        noun, key = split_reference(each) or ("", 0)
        if noun in _CENTRES:
            column = _CENTRES[noun]
            found: int | None = session.scalar(select(column).where(column.class_.id == key))
            return found
    return None


def _rows(session: Session, noun: str, keys: set[int]) -> list[Named]:
    name = _NAMES[noun]
    table = name.class_
    kind = [Organisation.kind] if table is Organisation else []
    wanted: list[Any] = [table.id, name, *kind]
    rows = session.execute(select(*wanted).where(col(table.id).in_(keys)))
    return [
        Named(noun, key, "" if noun == "claim" else told, *(more or (None,)))
        for key, told, *more in rows
    ]
