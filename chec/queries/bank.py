"""What is in the bank of a centre."""

from datetime import date

from sqlalchemy import case, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func

from chec.finance.money import Pence
from chec.models import BANK, Transfer
from chec.queries.accounts import find_account


def bank_pence(session: Session, centre_id: int) -> Pence:
    """What is in the bank, of everything recorded; below zero, the bank is overdrawn."""
    bank = find_account(session, centre_id, BANK)
    return bank_by_day(session, centre_id, date.max)[0] if bank else 0


def bank_by_day(
    session: Session, centre_id: int, since: date
) -> tuple[Pence, list[tuple[date, Pence]]]:
    """The bank's balance before `since`, and each later day's net, in order of day."""
    bank = find_account(session, centre_id, BANK)
    if bank is None:
        return 0, []
    received = _by_day(session, col(Transfer.debit_account_id), bank.id, since)
    paid = _by_day(session, col(Transfer.credit_account_id), bank.id, since)
    opening = received.pop(None, 0) - paid.pop(None, 0)
    days = sorted(day for day in received.keys() | paid.keys() if day)
    return opening, [(day, received.get(day, 0) - paid.get(day, 0)) for day in days]


def _by_day(
    session: Session, side: Mapped[int], account_id: int, since: date
) -> dict[date | None, Pence]:
    """Totals of one side of an account by day, everything before `since` under None."""
    day = case((col(Transfer.on) >= since, col(Transfer.on))).label("day")
    query = select(day, func.sum(Transfer.pence)).where(side == account_id).group_by("day")
    return {on: int(pence) for on, pence in session.execute(query)}
