"""Accounts: found by what they are, named as people write them, with balances always derived."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from chec.finance.money import Pence
from chec.models import (
    BANK,
    Account,
    AccountKey,
    AccountKind,
    Centre,
    Instrument,
    Organisation,
    OrganisationKind,
    Transfer,
    Venture,
)
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.rules.account_name import Directory, account_name
from chec.rules.posting import Entry

PAYERS = (OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY)

USUALLY_CREDIT = frozenset(
    {
        AccountKind.INVESTOR_CAPITAL,
        AccountKind.GRANT_INCOME,
        AccountKind.OUTCOME_INCOME,
        AccountKind.SPIN_OUT_PROCEEDS,
        AccountKind.SURPLUS_RESERVE,
    }
)


class AccountBalance(NamedTuple):
    """An account with what was ever debited and credited to it; a debit balance is above zero."""

    id: int
    name: str
    debit_pence: Pence
    credit_pence: Pence

    @property
    def balance_pence(self) -> Pence:
        return self.debit_pence - self.credit_pence


class AccountTouched(NamedTuple):
    """What an act does to an account, in pence of debits less credits; `is_new`: it opens it."""

    name: str
    kind: AccountKind
    before_pence: Pence
    after_pence: Pence
    is_new: bool

    @property
    def change_pence(self) -> Pence:
        return self.after_pence - self.before_pence

    def usual(self, pence: Pence) -> Pence:
        """`pence` as its readers know it: capital and income stand above zero in credit."""
        return -pence if self.kind in USUALLY_CREDIT else pence


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


def accounts_touched(
    session: Session, centre: Centre, entries: Iterable[Entry]
) -> list[AccountTouched]:
    """What posting `entries` would do to each account of the centre, the bank first.

    Balances are of everything recorded, whatever its day.
    """
    changes: dict[AccountKey, Pence] = {}
    for entry in entries:
        changes[entry.debit] = changes.get(entry.debit, 0) + entry.pence
        changes[entry.credit] = changes.get(entry.credit, 0) - entry.pence
    in_order = sorted(changes.items(), key=lambda item: item[0] != BANK)
    return [_touched(session, centre.id, key, change) for key, change in in_order]


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


def _touched(session: Session, centre_id: int, key: AccountKey, change: Pence) -> AccountTouched:
    account = find_account(session, centre_id, key)
    before = _balance(session, account.id) if account else 0
    name = _name_of(session, key)
    return AccountTouched(name, key.kind, before, before + change, account is None)


def _balance(session: Session, account_id: int) -> Pence:
    debited, credited = (
        session.exec(select(func.sum(Transfer.pence)).where(side == account_id)).one() or 0
        for side in (col(Transfer.debit_account_id), col(Transfer.credit_account_id))
    )
    return int(debited) - int(credited)


def _name_of(session: Session, key: AccountKey) -> str:
    def found(kind: type[Any], row_id: int | None) -> Any:
        return session.get(kind, row_id) if row_id else None

    venture, terms = found(Venture, key.venture_id), found(Instrument, key.instrument_id)
    payer, investor = (found(Organisation, each) for each in (key.payer_id, key.investor_id))
    return account_name(
        key.kind,
        venture=venture and venture.name,
        payer=payer and payer.name,
        investor=investor and investor.name,
        instrument=terms and terms.reference,
    )


def _totals(session: Session, centre_id: int, side: object) -> dict[int, Pence]:
    query = (
        select(side, func.sum(Transfer.pence))  # type: ignore[call-overload]
        .where(Transfer.centre_id == centre_id)
        .group_by(side)
    )
    return {key: int(pence) for key, pence in session.exec(query)}
