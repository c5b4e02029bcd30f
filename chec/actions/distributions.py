"""Distributing money to the investors of a centre."""

from sqlmodel import Session

from chec.actions.ledger import faults_to_post, post_transfers, posted_together, refuse
from chec.errors import RuleBroken
from chec.models import Centre, Transfer
from chec.permissions import Actor
from chec.queries.centres import lock_centre
from chec.queries.commitments import list_stakes
from chec.rules.distribution import (
    Distribution,
    Share,
    distribution_entries,
    faults_to_distribute,
    reasons_not_as_seen,
    shares_of,
)
from chec.rules.posting import Fault


def distribute_money(
    session: Session,
    actor: Actor,
    centre: Centre,
    distribution: Distribution,
    *,
    seen: str,
    idempotency_key: str,
) -> list[Transfer]:
    """The transfers of a distribution, all or none; the first ones, if the key was used before.

    `seen` is what was confirmed, as `shares_in_words` writes it. Raises RuleBroken where somebody
    would now get another share than that, and where it cannot be shared out or paid.
    """
    centre = lock_centre(session, actor, centre.id)
    posted = posted_together(session, centre, idempotency_key)
    if posted:
        return posted
    refuse(faults_of_distribution(session, actor, centre, distribution))
    shares = shares_today(session, centre, distribution)
    reasons = reasons_not_as_seen(shares, seen)
    if reasons:
        raise RuleBroken(reasons)
    entries = distribution_entries(shares, distribution)
    return post_transfers(session, actor, centre, entries, idempotency_key)


def shares_today(session: Session, centre: Centre, distribution: Distribution) -> list[Share]:
    """Who would get what of a distribution as the ledger is now."""
    return shares_of(distribution.pence, list_stakes(session, centre, distribution.on))


def faults_of_distribution(
    session: Session, actor: Actor, centre: Centre, distribution: Distribution
) -> list[Fault]:
    """Why a distribution cannot be shared out or paid, field by field; empty where it can."""
    stakes = list_stakes(session, centre, distribution.on)
    shares = shares_of(distribution.pence, stakes)
    return faults_to_distribute(distribution, stakes) or faults_to_post(
        session, actor, centre, distribution_entries(shares, distribution)
    )
