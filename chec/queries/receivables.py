"""What payers had approved and not paid of a venture, as a run knew it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import case, or_, select
from sqlmodel import Session, col, func

from chec.finance.money import Pence
from chec.models import Account, AccountKind, Organisation, ReturnsResult, ReturnsRun, Transfer
from chec.queries.ledger import KnownTo
from chec.rules.residual_value import expected_clawback


class Receivable(NamedTuple):
    """What one payer owed, above zero."""

    account_id: int
    payer: str
    pence: Pence


class Unpaid(NamedTuple):
    """What a venture's prudent value is made of."""

    receivables: Sequence[Receivable]
    expected_clawback_pence: Pence


def unpaid_of(session: Session, run: ReturnsRun, result: ReturnsResult) -> Unpaid | None:
    """What was unpaid of the venture of `result`, payer by payer; whoever may see the result may.

    None for another subject, and for a run that has no prudent value.
    """
    if result.venture_id is None or run.approved_pence is None or run.clawed_back_pence is None:
        return None
    debited = col(Transfer.debit_account_id) == Account.id
    effect = case((debited, col(Transfer.pence)), else_=-col(Transfer.pence))
    columns: list[Any] = [Account.id, Organisation.name, func.sum(effect)]
    query = (
        select(*columns)
        .join(Organisation, col(Account.payer_id) == Organisation.id)
        .join(Transfer, or_(debited, col(Transfer.credit_account_id) == Account.id))
        .where(
            col(Account.kind) == AccountKind.OUTCOME_RECEIVABLE,
            col(Account.venture_id) == result.venture_id,
            KnownTo(run.as_of, run.known_at, run.last_transfer_id).condition(),
        )
        .group_by(col(Account.id), col(Organisation.name))
        .having(func.sum(effect) > 0)
        .order_by(func.lower(Organisation.name))
    )
    owed = [Receivable(key, payer, int(pence)) for key, payer, pence in session.execute(query)]
    total = sum(each.pence for each in owed)
    return Unpaid(
        owed,
        expected_clawback(total, clawed_back=run.clawed_back_pence, approved=run.approved_pence),
    )
