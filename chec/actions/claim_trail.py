"""Recording what was done to a claim."""

from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session

from chec import audit
from chec.models import Claim, Event
from chec.models.references import reference
from chec.permissions import Actor
from chec.rules.audit_subjects import about_claim


def record_of_claim(
    session: Session,
    actor: Actor,
    event: Event,
    claim: Claim,
    *,
    payer_ids: Iterable[int] = (),
    about: Sequence[str] = (),
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    row_count: int | None = None,
    content_hash: str = "",
) -> None:
    """Record an act on `claim`, which then stands in the histories of its contract and venture too.

    `payer_ids` and `about` are whom and what else it concerns.
    """
    audit.record(
        session,
        actor,
        event,
        reference("claim", claim.id),
        centre_id=claim.centre_id,
        about=[*about_claim(claim, payer_ids), *about],
        before=before,
        after=after,
        row_count=row_count,
        content_hash=content_hash,
    )
