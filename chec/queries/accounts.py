"""Accounts: found by what they are, named as people write them, with balances always derived."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from chec.finance.money import Pence
from chec.models import (
    Account,
    AccountKey,
    Instrument,
    Organisation,
    OrganisationKind,
    Transfer,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.rules.account_name import Directory, account_name

PAYERS = (OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY)


class AccountBalance(NamedTuple):
    """An account with what was ever debited and credited to it; a debit balance is above zero."""

    id: int
    name: str
    debit_pence: Pence
    credit_pence: Pence

    @property
    def balance_pence(self) -> Pence:
        return self.debit_pence - self.credit_pence


def find_account(session: Session, centre_id: int, key: AccountKey) -> Account | None:
    """The account of the centre that `key` tells from the others, if it was used before."""
    return session.exec(
        select(Account).where(
            Account.centre_id == centre_id,
            Account.kind == key.kind,
            col(Account.venture_id).is_not_distinct_from(key.venture_id),
            col(Account.payer_id).is_not_distinct_from(key.payer_id),
            col(Account.investor_id).is_not_distinct_from(key.investor_id),
            col(Account.instrument_id).is_not_distinct_from(key.instrument_id),
        )
    ).one_or_none()


def account_names(session: Session, centre_id: int) -> dict[int, str]:
    """The readable name of each account of the centre, by its key, in order of name."""
    payer, investor = aliased(Organisation), aliased(Organisation)
    rows = session.execute(
        select(  # type: ignore[call-overload]
            Account.id,
            Account.kind,
            col(Venture.name).label("venture"),
            col(payer.name).label("payer"),
            col(investor.name).label("investor"),
            col(Instrument.reference).label("instrument"),
        )
        .join(Venture, col(Account.venture_id) == Venture.id, isouter=True)
        .join(payer, col(Account.payer_id) == payer.id, isouter=True)
        .join(investor, col(Account.investor_id) == investor.id, isouter=True)
        .join(Instrument, col(Account.instrument_id) == Instrument.id, isouter=True)
        .where(Account.centre_id == centre_id)
    )
    names = {
        row.id: account_name(
            row.kind,
            venture=row.venture,
            payer=row.payer,
            investor=row.investor,
            instrument=row.instrument,
        )
        for row in rows
    }
    return dict(sorted(names.items(), key=lambda item: item[1]))


def list_balances(session: Session, viewer: Viewer, centre_id: int) -> Sequence[AccountBalance]:
    """Every account of the centre with its totals, by name: the trial balance."""
    get_centre(session, viewer, Action.VIEW_LEDGER, centre_id)
    debits = _totals(session, centre_id, col(Transfer.debit_account_id))
    credits = _totals(session, centre_id, col(Transfer.credit_account_id))
    return [
        AccountBalance(key, name, debits.get(key, 0), credits.get(key, 0))
        for key, name in account_names(session, centre_id).items()
    ]


def list_owners(
    session: Session, centre_id: int, owner: Literal["venture", "payer", "investor"]
) -> dict[int, str]:
    """Who the ledger of a centre can be read by: its ventures, payers or investors, by key."""
    if owner == "venture":
        ventures = select(Venture.id, Venture.name).where(Venture.centre_id == centre_id)
        return dict(session.exec(ventures.order_by(Venture.name)).all())
    of_centre = {
        "payer": select(Account.payer_id).where(Account.centre_id == centre_id),
        "investor": select(Instrument.investor_id).where(Instrument.centre_id == centre_id),
    }
    query = select(Organisation.id, Organisation.name).where(
        col(Organisation.id).in_(of_centre[owner])
    )
    return dict(session.exec(query.order_by(Organisation.name)).all())


def directory_of(session: Session, centre_id: int) -> Directory:
    """Who the centre's accounts can belong to, by name."""
    ventures = select(Venture.name, Venture.id).where(Venture.centre_id == centre_id)
    payers = select(Organisation.name, Organisation.id).where(col(Organisation.kind).in_(PAYERS))
    instruments = (
        select(Organisation.name, Instrument, Organisation.id)
        .join(Organisation, col(Instrument.investor_id) == Organisation.id)
        .where(Instrument.centre_id == centre_id)
    )
    terms = session.exec(instruments).all()
    return Directory(
        ventures=dict(session.exec(ventures).all()),
        payers=dict(session.exec(payers).all()),
        investors={name: key for name, _, key in terms},
        instruments={
            (name, instrument.reference): (key, instrument.id)
            for name, instrument, key in terms
            if instrument.is_repaid
        },
    )


def _totals(session: Session, centre_id: int, side: object) -> dict[int, Pence]:
    query = (
        select(side, func.sum(Transfer.pence))  # type: ignore[call-overload]
        .where(Transfer.centre_id == centre_id)
        .group_by(side)
    )
    return {key: int(pence) for key, pence in session.exec(query)}
