"""What the references in a text stand for, to somebody who may know it."""

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
from chec.permissions import Action, Viewer
from chec.queries.reach import organisations_of

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


def things_named(session: Session, viewer: Viewer, texts: Iterable[str]) -> dict[str, Named]:
    """The rows that have a name, or may be gone, by each reference in the texts.

    Those of centres whose trail or histories the viewer reads, and of organisations that deal with
    these centres: any other reference may stand there because somebody typed it.
    """
    centres = viewer.centres(Action.VIEW_TRAIL) | viewer.centres(Action.VIEW_HISTORY)
    keys: dict[str, set[int]] = defaultdict(set)
    for text in texts:
        for found in REFERENCE.findall(text):
            noun, key = split_reference(found) or ("", 0)
            if noun in _NAMES:
                keys[noun].add(key)
    found = [row for noun, own in keys.items() for row in _rows(session, centres, noun, own)]
    return {reference(row.noun, row.id): row for row in found}


def centre_of(session: Session, references: Iterable[str]) -> int | None:
    """The key of the centre that the first of these rows that is there belongs to."""
    for each in references:
        noun, key = split_reference(each) or ("", 0)
        if noun in _CENTRES:
            column = _CENTRES[noun]
            found: int | None = session.scalar(select(column).where(column.class_.id == key))
            if found is not None:
                return found
    return None


def _rows(session: Session, centres: frozenset[int], noun: str, keys: set[int]) -> list[Named]:
    name = _NAMES[noun]
    table = name.class_
    theirs = (
        col(table.id).in_(organisations_of(centres))
        if table is Organisation
        else _CENTRES[noun].in_(centres)
    )
    kind = [Organisation.kind] if table is Organisation else []
    wanted: list[Any] = [table.id, name, *kind]
    rows = session.execute(select(*wanted).where(col(table.id).in_(keys), theirs))
    return [
        Named(noun, key, "" if noun == "claim" else told, *(more or (None,)))
        for key, told, *more in rows
    ]
