"""The ledger as people read it: filtered, with a running balance, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, case, or_, select, true, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import Account, AccountKind, ReturnsRun, Role, Transfer
from chec.permissions import Action, Viewer

_debit, _credit = aliased(Account, name="debit"), aliased(Account, name="credit")


class KnownTo(NamedTuple):
    """The ledger as a returns run knew it (`ReturnsRun` says why it takes three bounds)."""

    as_of: date
    known_at: datetime
    last_transfer_id: int

    def condition(self) -> ColumnElement[bool]:
        """Whether a transfer was known."""
        return and_(
            col(Transfer.on) <= self.as_of,
            col(Transfer.recorded_at) <= self.known_at,
            col(Transfer.id) <= self.last_transfer_id,
        )


@dataclass(frozen=True)
class LedgerFilter:
    """Which transfers of a centre; None and empty leave a thing out of account."""

    account_id: int | None = None
    venture_id: int | None = None
    payer_id: int | None = None
    investor_id: int | None = None
    causes: tuple[str, ...] = ()
    from_on: date | None = None
    to_on: date | None = None
    known: KnownTo | None = None


class LedgerRow(NamedTuple):
    """A transfer and what it did to the account in view (else to the bank): `effect_pence`.

    `balance_pence` is the running total of the effects of the filtered transfers, in order of day.
    """

    id: int
    on: date
    debit_account_id: int
    credit_account_id: int
    pence: Pence
    cause: str
    reference: str
    memo: str
    reverses_id: int | None
    effect_pence: Pence
    balance_pence: Pence


class LedgerTotals(NamedTuple):
    """Of all the transfers that a filter lets through."""

    transfer_count: int
    pence: Pence
    effect_pence: Pence


def total_transfers(
    session: Session, viewer: Viewer, centre_id: int, chosen: LedgerFilter
) -> LedgerTotals:
    """How many transfers `chosen` lets through, and what they come to."""
    totals = _from_transfers(func.count(), func.sum(Transfer.pence), func.sum(_effect(chosen)))
    count, pence, effects = session.execute(totals.where(_wanted(viewer, centre_id, chosen))).one()
    return LedgerTotals(count, int(pence or 0), int(effects or 0))


def list_transfers(
    session: Session,
    viewer: Viewer,
    centre_id: int,
    chosen: LedgerFilter,
    *,
    offset: int = 0,
    limit: int = 50,
) -> list[LedgerRow]:
    """The centre's transfers that `chosen` lets through, newest first."""
    effect, wanted = _effect(chosen), _wanted(viewer, centre_id, chosen)
    query = (
        _from_transfers(*_columns(effect))
        .where(wanted)
        .order_by(col(Transfer.on).desc(), col(Transfer.id).desc())
        .offset(offset)
        .limit(limit)
    )
    found = session.execute(query).all()
    if not found:
        return []
    # What the newest of these rows left, and everything before it.
    upto = tuple_(col(Transfer.on), col(Transfer.id)) <= (found[0].on, found[0].id)
    opening = _from_transfers(func.sum(effect)).where(wanted, upto)
    return list(_counted_down(found, int(session.execute(opening).scalar_one())))


def each_transfer(
    session: Session, viewer: Viewer, centre_id: int, chosen: LedgerFilter
) -> Iterator[LedgerRow]:
    """All the transfers that `chosen` lets through, oldest first, a thousand at a time."""
    effect = _effect(chosen)
    query = (
        _from_transfers(*_columns(effect))
        .where(_wanted(viewer, centre_id, chosen))
        .order_by(col(Transfer.on), col(Transfer.id))
    )
    balance = 0
    for found in session.execute(query, execution_options={"yield_per": 1000}):
        balance += found.effect_pence
        yield LedgerRow._make((*found, balance))


def get_transfer(session: Session, viewer: Viewer, transfer_id: int) -> Transfer:
    """The transfer, if the viewer may see it; NotFound otherwise."""
    query = (
        select(Transfer)
        .join(_debit, col(Transfer.debit_account_id) == _debit.id)
        .join(_credit, col(Transfer.credit_account_id) == _credit.id)
        .where(col(Transfer.id) == transfer_id, _visible_to(viewer))
    )
    transfer = session.scalars(query).one_or_none()
    if transfer is None:
        raise NotFound
    return transfer


def as_known_to(session: Session, centre_id: int, run_id: int) -> KnownTo:
    """What a returns run of the centre knew of its ledger; NotFound where it has no such run."""
    run = session.get(ReturnsRun, run_id)
    if run is None or run.centre_id != centre_id:
        raise NotFound
    return KnownTo(run.as_of, run.known_at, run.last_transfer_id)


def find_reversal(session: Session, transfer_id: int) -> Transfer | None:
    """The transfer that reverses this one, if any does."""
    return session.scalars(
        select(Transfer).where(col(Transfer.reverses_id) == transfer_id)
    ).one_or_none()


def _from_transfers(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Transfer)
        .join(_debit, col(Transfer.debit_account_id) == _debit.id)
        .join(_credit, col(Transfer.credit_account_id) == _credit.id)
    )


def _columns(effect: ColumnElement[int]) -> list[Any]:
    kept = [
        name for name in LedgerRow._fields if not name.endswith(("effect_pence", "balance_pence"))
    ]
    return [*(getattr(Transfer, name) for name in kept), effect.label("effect_pence")]


def _effect(chosen: LedgerFilter) -> ColumnElement[int]:
    """What a transfer adds to the account in view: the chosen one, else the bank."""
    if chosen.account_id is not None:
        debited = col(Transfer.debit_account_id) == chosen.account_id
        credited = col(Transfer.credit_account_id) == chosen.account_id
    else:
        debited = col(_debit.kind) == AccountKind.BANK
        credited = col(_credit.kind) == AccountKind.BANK
    pence = col(Transfer.pence)
    return case((debited, pence), (credited, -pence), else_=0)


def _wanted(viewer: Viewer, centre_id: int, chosen: LedgerFilter) -> ColumnElement[bool]:
    conditions = [col(Transfer.centre_id) == centre_id, _visible_to(viewer)]
    if chosen.account_id is not None:
        sides = (col(Transfer.debit_account_id), col(Transfer.credit_account_id))
        conditions.append(or_(*(side == chosen.account_id for side in sides)))
    for owner in ("venture_id", "payer_id", "investor_id"):
        key = getattr(chosen, owner)
        if key is not None:
            conditions.append(_either_account(owner, [key]))
    if chosen.causes:
        conditions.append(col(Transfer.cause).in_(chosen.causes))
    if chosen.from_on:
        conditions.append(col(Transfer.on) >= chosen.from_on)
    if chosen.to_on:
        conditions.append(col(Transfer.on) <= chosen.to_on)
    if chosen.known:
        conditions.append(chosen.known.condition())
    return and_(*conditions)


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Transfers of the viewer's centres, and those on accounts that are the viewer's own."""
    if viewer.sees_all:
        return true()
    see = Action.VIEW_TRANSFER
    return or_(
        col(Transfer.centre_id).in_(viewer.centres(see)),
        _either_account("investor_id", viewer.organisations(see, Role.INVESTOR)),
        _either_account("payer_id", viewer.organisations(see, Role.COMMISSIONER)),
        _either_account("venture_id", viewer.ventures(see)),
    )


def _either_account(owner: str, keys: Any) -> ColumnElement[bool]:
    return or_(getattr(_debit, owner).in_(keys), getattr(_credit, owner).in_(keys))


def _counted_down(found: Sequence[Row[Any]], balance: Pence) -> Iterator[LedgerRow]:
    for row in found:
        yield LedgerRow._make((*row, balance))
        balance -= row.effect_pence
