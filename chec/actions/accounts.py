"""Accounts are opened when they are first used."""

from sqlmodel import Session

from chec.models import Account, AccountKey
from chec.queries.accounts import find_account


def account_for(session: Session, centre_id: int, key: AccountKey) -> Account:
    """The centre's account of `key`, opened now if new; the caller holds the lock."""
    account = find_account(session, centre_id, key)
    if account is None:
        account = Account(
            centre_id=centre_id,
            kind=key.kind,
            venture_id=key.venture_id,
            payer_id=key.payer_id,
            investor_id=key.investor_id,
            instrument_id=key.instrument_id,
        )
        session.add(account)
        session.flush()
    return account
