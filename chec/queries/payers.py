"""Payers of a centre: what each has approved and paid, and what is outstanding."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, case, or_, select, union
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    Account,
    AccountKind,
    Cause,
    Centre,
    Contract,
    ContractPayer,
    Organisation,
    Role,
    Transfer,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.queries.ledger import KnownTo


class PayerPosition(NamedTuple):
    """What one payer owes for one venture, in pence; approved less clawed back, paid less refunds.

    `approved = paid + given up + balance`; a balance below zero is owed to the payer.
    """

    payer_id: int
    payer: str
    venture_id: int
    venture: str
    approved_pence: Pence
    paid_pence: Pence
    given_up_pence: Pence
    balance_pence: Pence

    @property
    def outstanding_pence(self) -> Pence:
        return max(0, self.balance_pence)

    @property
    def owed_back_pence(self) -> Pence:
        return max(0, -self.balance_pence)


class PayerOfCentre(NamedTuple):
    """A payer and one of the centres it pays."""

    payer: Organisation
    centre: Centre


class PayerTotals(NamedTuple):
    """Positions added up, in pence; what is owed to one payer is not set against another's debt."""

    approved_pence: Pence
    paid_pence: Pence
    given_up_pence: Pence
    outstanding_pence: Pence
    owed_back_pence: Pence


def centre_and_payer() -> Subquery:
    """Each centre (`centre_id`) with each payer of its contracts or its ledger (`payer_id`)."""
    of_ledgers = select(col(Account.centre_id), col(Account.payer_id)).where(
        col(Account.payer_id).is_not(None)
    )
    of_contracts = select(col(Contract.centre_id), col(ContractPayer.payer_id)).join(
        Contract, col(ContractPayer.contract_id) == Contract.id
    )
    return union(of_ledgers, of_contracts).subquery()


def totals_of(positions: Iterable[PayerPosition]) -> PayerTotals:
    """The totals of these positions."""
    each = list(positions)
    names = PayerTotals._fields
    return PayerTotals(*(sum(getattr(position, name) for position in each) for name in names))


def get_payer(session: Session, viewer: Viewer, centre_id: int, payer_id: int) -> PayerOfCentre:
    """The payer, if it is the viewer's own or of a centre of theirs; NotFound otherwise."""
    see = Action.VIEW_PAYER
    is_visible = (
        viewer.sees_all
        or centre_id in viewer.centres(see)
        or payer_id in viewer.organisations(see, Role.COMMISSIONER)
    )
    pairs = centre_and_payer()
    query = (
        select(Organisation, Centre)
        .join(pairs, pairs.c.payer_id == Organisation.id)
        .join(Centre, pairs.c.centre_id == Centre.id)
        .where(col(Organisation.id) == payer_id, col(Centre.id) == centre_id)
    )
    found = session.execute(query).one_or_none() if is_visible else None
    if found is None:
        raise NotFound
    return PayerOfCentre._make(found)


def list_centres_paid(session: Session, viewer: Viewer) -> Sequence[PayerOfCentre]:
    """The viewer's own organisations, each with every centre that it pays, by centre."""
    pairs = centre_and_payer()
    query = (
        select(Organisation, Centre)
        .join(pairs, pairs.c.payer_id == Organisation.id)
        .join(Centre, pairs.c.centre_id == Centre.id)
        .where(col(Organisation.id).in_(viewer.organisations(Action.VIEW_PAYER, Role.COMMISSIONER)))
        .order_by(func.lower(Centre.name), func.lower(Organisation.name))
    )
    return [PayerOfCentre._make(row) for row in session.execute(query)]


def list_positions_of_payers(
    session: Session, viewer: Viewer, centre_id: int, known: KnownTo | None = None
) -> Sequence[PayerPosition]:
    """Every payer of the centre, venture by venture, for those who may see them all."""
    get_centre(session, viewer, Action.VIEW_PAYER, centre_id)
    return _positions(session, col(Account.centre_id) == centre_id, known)


def list_positions_of_payer(session: Session, found: PayerOfCentre) -> Sequence[PayerPosition]:
    """What one payer owes, venture by venture, as the ledger is now."""
    own = and_(col(Account.centre_id) == found.centre.id, col(Account.payer_id) == found.payer.id)
    return _positions(session, own, None)


def _positions(
    session: Session, whose: ColumnElement[bool], known: KnownTo | None
) -> Sequence[PayerPosition]:
    debited = col(Transfer.debit_account_id) == Account.id
    effect = case((debited, col(Transfer.pence)), else_=-col(Transfer.pence))
    moved = or_(debited, col(Transfer.credit_account_id) == Account.id)
    if known:
        moved = and_(moved, known.condition())

    def total(*causes: Cause, sign: int = 1) -> Any:
        wanted = case((col(Transfer.cause).in_(causes), effect), else_=0)
        return func.coalesce(func.sum(wanted), 0) * sign

    payer = aliased(Organisation)
    names: list[Any] = [payer.id, payer.name, Venture.id, Venture.name]
    columns = [
        *names,
        total(Cause.APPROVAL, Cause.CLAWBACK),
        total(Cause.PAYMENT, Cause.REFUND, sign=-1),
        total(Cause.GIVEN_UP, sign=-1),
        func.coalesce(func.sum(effect), 0),
    ]
    query = (
        select(*columns)
        .select_from(Account)
        .join(payer, col(Account.payer_id) == payer.id)
        .join(Venture, col(Account.venture_id) == Venture.id)
        .join(Transfer, moved)
        .where(col(Account.kind) == AccountKind.OUTCOME_RECEIVABLE, whose)
        .group_by(*names)
        .order_by(func.lower(payer.name), func.lower(Venture.name))
    )
    return [
        PayerPosition(*row[:4], *(int(pence) for pence in row[4:]))
        for row in session.execute(query)
    ]
