"""Claims: the ones a viewer may see, and what is stored of one.

A centre's director and evaluator see all its claims; a commissioner those of which their
organisation was asked a part, and never a draft.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from chec.errors import NotFound
from chec.models import (
    Centre,
    Claim,
    ClaimLine,
    ClaimPart,
    Contract,
    LineBasis,
    Organisation,
    Role,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.line_standing import stands

AS_THEY_ARE_NOW = {"populate_existing": True}
"""An option: rows that this session read before it had the centre's lock may have changed since."""


class ClaimOfCentre(NamedTuple):
    """A claim with the contract, the venture and the centre that it belongs to."""

    claim: Claim
    contract: Contract
    venture: Venture
    centre: Centre


class PartOfClaim(NamedTuple):
    """A payer's part of a claim, and who that is."""

    part: ClaimPart
    payer: Organisation


def get_claim(
    session: Session, viewer: Viewer, claim_id: int, action: Action = Action.VIEW_CLAIM
) -> ClaimOfCentre:
    """The claim, if the viewer may `action` in its centre or for a payer of it; else NotFound."""
    query: Any = (
        select(Claim, Contract, Venture, Centre)
        .join(Contract, col(Claim.contract_id) == Contract.id)
        .join(Venture, col(Claim.venture_id) == Venture.id)
        .join(Centre, col(Claim.centre_id) == Centre.id)
        .where(col(Claim.id) == claim_id, visible_to(viewer, action))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return ClaimOfCentre._make(found)


def visible_to(viewer: Viewer, action: Action) -> ColumnElement[bool]:
    """Whether the viewer may `action` on a claim, as a condition on Claim."""
    if viewer.sees_all:
        return true()
    return or_(col(Claim.centre_id).in_(viewer.centres(action)), is_asked_of(viewer, action))


def is_asked_of(viewer: Viewer, action: Action) -> ColumnElement[bool]:
    """Whether a claim asks an organisation for which the viewer may `action`, as a condition.

    A draft has no parts yet, so it asks nobody.
    """
    own = viewer.organisations(action, Role.COMMISSIONER)
    part = (col(ClaimPart.claim_id) == Claim.id, col(ClaimPart.payer_id).in_(own))
    return select(1).where(*part).correlate(Claim).exists()


def list_lines(session: Session, claim: Claim) -> Sequence[ClaimLine]:
    """The lines of the claim as they are now, in order of the measure's code."""
    query = select(ClaimLine).where(col(ClaimLine.claim_id) == claim.id)
    query = query.order_by(col(ClaimLine.measure))
    return session.scalars(query, execution_options=AS_THEY_ARE_NOW).all()


def count_claimed(session: Session, claim: Claim) -> int:
    """How many outcomes the claim has on all its lines."""
    return sum(line.units for line in list_lines(session, claim))


def list_claimed_alike(session: Session, claim: Claim) -> dict[int, list[str]]:
    """What the draft counts that stands in other claims of its venture and some of its days.

    Measures by key of the claim, on the same contract, from counts or records.
    """
    own, other = aliased(ClaimLine), aliased(Claim)
    query: Any = (
        select(col(ClaimLine.claim_id), col(ClaimLine.measure))
        .join(other, col(ClaimLine.claim_id) == other.id)
        .join(own, and_(col(own.claim_id) == claim.id, col(own.measure) == ClaimLine.measure))
        .where(
            col(other.contract_id) == claim.contract_id,
            col(other.venture_id) == claim.venture_id,
            col(other.starts_on) < claim.ends_before,
            col(other.ends_before) > claim.starts_on,
            col(own.basis) == LineBasis.COUNTS,
            col(own.units) > 0,
            col(other.id) != claim.id,
            stands(),
        )
        .order_by(col(ClaimLine.claim_id), col(ClaimLine.measure))
    )
    alike: dict[int, list[str]] = defaultdict(list)
    for claim_id, measure in session.execute(query):
        alike[claim_id].append(measure)
    return alike


def list_parts(session: Session, claim: Claim) -> Sequence[PartOfClaim]:
    """What was asked of each payer, in the order in which the contract names them."""
    query = (
        select(ClaimPart, Organisation)
        .join(Organisation, col(ClaimPart.payer_id) == Organisation.id)
        .where(col(ClaimPart.claim_id) == claim.id)
        .order_by(col(ClaimPart.id))
    )
    return [PartOfClaim._make(row) for row in session.execute(query)]


def is_open_to(
    viewer: Viewer, action: Action, found: ClaimOfCentre, parts: Sequence[PartOfClaim]
) -> bool:
    """Whether the viewer may `action` on the claim, of which these are all parts."""
    payers = viewer.organisations(action, Role.COMMISSIONER)
    is_payer = any(each.payer.id in payers for each in parts)
    return viewer.sees_all or is_payer or found.centre.id in viewer.centres(action)
