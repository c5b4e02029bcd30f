"""What a cause has moved into or out of accounts, net of reversals: they keep the cause."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col, func

from chec.finance.money import Pence
from chec.models import Account, AccountKind, Cause, Transfer


def net_credits(
    session: Session,
    centre_id: int,
    kind: AccountKind,
    by: tuple[Any, ...],
    *,
    causes: tuple[Cause, ...] = tuple(Cause),
) -> Mapping[tuple[Any, ...], Pence]:
    """Credits less debits of the centre's accounts of `kind` by these causes, by columns."""
    totals: dict[tuple[Any, ...], Pence] = {}
    # One side after the other, each by its index: asked for both at once, SQLite reads the ledger.
    for side, sign in ((col(Transfer.credit_account_id), 1), (col(Transfer.debit_account_id), -1)):
        query = (
            select(*by, func.sum(Transfer.pence))
            .join(Account, side == col(Account.id))
            .where(
                col(Account.centre_id) == centre_id,
                col(Account.kind) == kind,
                col(Transfer.cause).in_(causes),
            )
            .group_by(*by)
        )
        for *owner, pence in session.execute(query):
            key = tuple(owner)
            totals[key] = totals.get(key, 0) + sign * int(pence)
    return totals
