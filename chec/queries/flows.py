"""The flows that a return was made from, each with its transfer (methods, 4)."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col

from chec.finance.cash_flow import CashFlow
from chec.finance.money import Pence
from chec.models import (
    Account,
    AccountKind,
    Cause,
    ReturnsResult,
    ReturnsRun,
    Subject,
    Transfer,
)
from chec.models.account import OF_AN_INSTRUMENT

_bank, _other = aliased(Account, name="bank"), aliased(Account, name="other")


class Flow(NamedTuple):
    """A transfer through the bank, seen from the subject of a return: out below zero, in above."""

    transfer_id: int
    on: date
    cause: str
    reference: str
    reverses_id: int | None
    instrument_id: int | None
    kind: AccountKind
    pence: Pence

    @property
    def is_funding(self) -> bool:
        """Whether it is part of what was paid in, also where it gives some of that back."""
        if self.kind in OF_AN_INSTRUMENT:
            return self.cause != Cause.DISTRIBUTION
        return self.kind is AccountKind.VENTURE_FUNDING

    @property
    def cash_flow(self) -> CashFlow:
        return CashFlow(self.on, self.pence)


def list_flows(session: Session, run: ReturnsRun, result: ReturnsResult) -> Sequence[Flow]:
    """All flows of `result` as `run` knew them, in order of day and transfer.

    Whoever may see the result may see its flows. The ledger only grows, so that what a run read can
    be read again: nothing dated after its day, nothing recorded after it looked.
    """
    known = {
        "owner": result.venture_id or result.investor_id or run.centre_id,
        "centre": run.centre_id,
        "as_of": run.as_of,
        "known_at": run.known_at,
        "last_transfer_id": run.last_transfer_id,
    }
    return [Flow._make(row) for row in session.execute(_flows(result.subject), known)]


def paid_in(flows: Sequence[Flow]) -> Pence:
    """What was funded or drawn down, net of what undoes it."""
    return -sum(flow.pence for flow in flows if flow.is_funding)


def distributed(flows: Sequence[Flow]) -> Pence:
    """What came back: earned by a venture, or paid to an investor."""
    return sum(flow.pence for flow in flows if not flow.is_funding)


@cache
def _flows(subject: Subject) -> CompoundSelect[Any]:
    """The question for any subject of this kind; putting it together takes longer than asking."""
    sign = 1 if subject is Subject.VENTURE else -1
    debit, credit = col(Transfer.debit_account_id), col(Transfer.credit_account_id)
    into_bank, out_of_bank = _one_way(subject, debit, credit), _one_way(subject, credit, debit)
    return union_all(
        into_bank.add_columns((sign * col(Transfer.pence)).label("flow_pence")),
        out_of_bank.add_columns((-sign * col(Transfer.pence)).label("flow_pence")),
    ).order_by("on", "transfer_id")


def _one_way(subject: Subject, bank_side: Mapped[int], other_side: Mapped[int]) -> Select[Any]:
    columns: list[Any] = [
        *(col(Transfer.id).label("transfer_id"), Transfer.on, Transfer.cause, Transfer.reference),
        *(Transfer.reverses_id, _other.instrument_id, _other.kind),
    ]
    query: Select[Any] = select(*columns)
    return (
        query.join(_bank, and_(bank_side == _bank.id, col(_bank.kind) == AccountKind.BANK))
        .join(_other, and_(other_side == _other.id, *_owned_by(subject)))
        # Not the centre's key too, which would lead SQLite through every transfer of the centre.
        .where(
            col(Transfer.on) <= bindparam("as_of"),
            col(Transfer.recorded_at) <= bindparam("known_at"),
            col(Transfer.id) <= bindparam("last_transfer_id"),
        )
    )


def _owned_by(subject: Subject) -> list[ColumnElement[bool]]:
    """Accounts whose transfers through the bank are flows of the subject."""
    owner: BindParameter[int] = bindparam("owner")
    if subject is Subject.VENTURE:
        return [col(_other.venture_id) == owner]
    conditions = [
        col(_other.centre_id) == bindparam("centre"),
        col(_other.kind).in_(OF_AN_INSTRUMENT),
    ]
    if subject is Subject.INVESTOR:
        conditions.append(col(_other.investor_id) == owner)
    return conditions
