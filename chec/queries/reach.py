"""Which centres a role reaches.

A role for a centre reaches it, one for a venture its centre, and one for an organisation each
centre that it invests in or pays.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Select, Subquery, select, union
from sqlmodel import Session, col, or_

from chec.errors import RuleBroken
from chec.models import (
    Account,
    Centre,
    Instrument,
    Invitation,
    Membership,
    Organisation,
    Role,
    Venture,
)
from chec.permissions import Actor, Grant, Viewer
from chec.queries.centres import lock_centre
from chec.queries.payers import centre_and_payer
from chec.rules.role_giving import Reached

_REACH_CHANGED = "Another centre began to deal with this organisation just now. Look at it again."


def grant_of(row: Membership | Invitation) -> Grant:
    """The role, and the one thing that it is held for."""
    return Grant(row.role, row.centre_id, row.organisation_id, row.venture_id)


def centre_and_partner(*roles: Role) -> Subquery:
    """Each centre (`centre_id`) with each organisation (`partner_id`) that deals with it.

    Of `roles` an investor invests in it and a commissioner pays it; without any, either of them.
    """
    of_each = {Role.INVESTOR: _investing(), Role.COMMISSIONER: _paying()}
    return union(*(of_each[role] for role in roles or of_each)).subquery()


def partners_of(centre_id: int) -> Select[int]:
    """The keys of the organisations that deal with the centre."""
    pairs = centre_and_partner().c
    return select(pairs.partner_id).where(pairs.centre_id == centre_id)


def reaches(centre_id: int) -> ColumnElement[bool]:
    """Of a membership, whether it reaches the centre."""
    ventures = select(col(Venture.id)).where(col(Venture.centre_id) == centre_id)
    return or_(
        col(Membership.centre_id) == centre_id,
        col(Membership.venture_id).in_(ventures),
        col(Membership.organisation_id).in_(partners_of(centre_id)),
    )


def _investing() -> Select[int, int]:
    agreed = select(col(Instrument.centre_id), col(Instrument.investor_id))
    gave = select(col(Account.centre_id), col(Account.investor_id))
    pairs = union(agreed, gave.where(col(Account.investor_id).is_not(None))).subquery().c
    return select(pairs.centre_id, pairs.investor_id.label("partner_id"))


def _paying() -> Select[int, int]:
    pairs = centre_and_payer().c
    return select(pairs.centre_id, pairs.payer_id.label("partner_id"))


def list_centres_reached(session: Session, grants: Iterable[Grant]) -> Sequence[Centre]:
    """The centres that any of these roles reaches, in the order of their keys."""
    each = list(grants)
    partners = centre_and_partner().c
    organisations = [grant.organisation_id for grant in each if grant.organisation_id]
    ventures = [grant.venture_id for grant in each if grant.venture_id]
    dealt_with = select(partners.centre_id).where(partners.partner_id.in_(organisations))
    of_ventures = select(col(Venture.centre_id)).where(col(Venture.id).in_(ventures))
    query = (
        select(Centre)
        .where(
            or_(
                col(Centre.id).in_([grant.centre_id for grant in each if grant.centre_id]),
                col(Centre.id).in_(dealt_with),
                col(Centre.id).in_(of_ventures),
            )
        )
        .order_by(col(Centre.id))
    )
    return session.scalars(query).all()


def reached_by(session: Session, viewer: Viewer, grants: Iterable[Grant]) -> list[Reached]:
    """The same centres, each with the roles that `viewer` holds for it."""
    return [
        Reached(
            centre.name,
            frozenset(grant.role for grant in viewer.grants if grant.centre_id == centre.id),
        )
        for centre in list_centres_reached(session, grants)
    ]


def organisations_of(centre_ids: Collection[int]) -> Select[int]:
    """The keys of those that invest in any of these centres, pay it, or have a venture there."""
    partners = centre_and_partner().c
    dealing = select(partners.partner_id).where(partners.centre_id.in_(centre_ids))
    providing = select(col(Venture.provider_id)).where(col(Venture.centre_id).in_(centre_ids))
    return select(union(dealing, providing).subquery().c.partner_id)


def lock_reach(
    session: Session, actor: Actor, grants: Iterable[Grant], *also: int
) -> Sequence[int]:
    """The keys of `also` and of every centre that the roles reach; each locked, in their order.

    Whoever acts there by one of them is done by then, or waits and is then asked for it again.
    """
    each = list(grants)
    keys = sorted({*also, *(centre.id for centre in list_centres_reached(session, each))})
    for key in keys:
        lock_centre(session, actor, key)
    if not {centre.id for centre in list_centres_reached(session, each)} <= set(keys):
        raise RuleBroken(_REACH_CHANGED)
    return keys


def name_acted_for(session: Session, grant: Grant) -> str:
    """What the role is held for, as people call it."""
    if grant.centre_id:
        return session.get_one(Centre, grant.centre_id).name
    if grant.organisation_id:
        return session.get_one(Organisation, grant.organisation_id).name
    return session.get_one(Venture, grant.venture_id).name
