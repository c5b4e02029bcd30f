"""The bulk read of a centre's ledger, and of what it is still owed and owes, for a returns run."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlmodel import col

from chec.models import (
    Account,
    Claim,
    ClaimDecision,
    ClaimPart,
    FundingAgreement,
    Instrument,
    InstrumentKind,
    Stage,
    Transfer,
    Venture,
)
from chec.rules.ledger_extract import (
    CAUSES,
    DAY_SHIFT,
    DEBIT_SHIFT,
    ID_SHIFT,
    KINDS,
    LedgerExtract,
    extract_of,
)

AskInBulk = Callable[[Select[Any]], list[NDArray[np.int64]]]


class julian_day(GenericFunction[int]):  # noqa: N801  (SQL's name for it)
    """The Julian day number of a date, spelt differently by each database."""

    type = BigInteger()
    inherit_cache = True


@compiles(julian_day, "sqlite")
def _on_sqlite(element: julian_day, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(julianday({compiler.process(element.clauses, **options)}) + 0.5 AS INTEGER)"


@compiles(julian_day, "postgresql")
def _on_postgresql(element: julian_day, compiler: SQLCompiler, **options: Any) -> str:
    day = compiler.process(element.clauses, **options)
    return f"({day} - DATE '1970-01-01' + 2440588)"


def read_extract(
    ask: AskInBulk, centre_id: int, *, as_of: date, known_at: datetime
) -> LedgerExtract:
    """What was known at `known_at` of the centre's ledger up to and with `as_of`.

    All of it in the one transaction of `ask`. A venture's stage is read as it is: it keeps the day
    since when, and not the moment at which that was known.
    """
    [ventures] = ask(
        select(col(Venture.id)).where(
            col(Venture.centre_id) == centre_id, col(Venture.started_on) <= as_of
        )
    )
    [undecided] = ask(_undecided(centre_id, as_of, known_at))
    return extract_of(
        transfers=ask(_transfers(centre_id, as_of, known_at)),
        accounts=ask(_accounts(centre_id)),
        instruments=ask(_instruments(centre_id, as_of)),
        promises=ask(_promises(centre_id, as_of, known_at)),
        ventures=ventures,
        undecided=undecided,
    )


_TOLD = {cause.value: place for place, cause in enumerate(CAUSES) if cause}


def _transfers(centre_id: int, as_of: date, known_at: datetime) -> Select[Any]:
    # Three numbers a transfer, because reading a number costs more than taking one apart.
    head = (
        _shifted(Transfer.id, ID_SHIFT)
        .bitwise_or(julian_day(col(Transfer.on)).bitwise_lshift(DAY_SHIFT))
        .bitwise_or(case(_TOLD, value=col(Transfer.cause), else_=0))
    )
    sides = _shifted(Transfer.debit_account_id, DEBIT_SHIFT).bitwise_or(
        col(Transfer.credit_account_id)
    )
    return select(head, sides, col(Transfer.pence)).where(
        col(Transfer.centre_id) == centre_id,
        col(Transfer.on) <= as_of,
        col(Transfer.recorded_at) <= known_at,
    )


def _accounts(centre_id: int) -> Select[Any]:
    kind = case(*((col(Account.kind) == kind, place) for place, kind in enumerate(KINDS)))
    owners = (Account.venture_id, Account.investor_id, Account.instrument_id)
    return select(col(Account.id), kind, *(func.coalesce(owner, 0) for owner in owners)).where(
        col(Account.centre_id) == centre_id
    )


def _instruments(centre_id: int, as_of: date) -> Select[Any]:
    promised = (col(Instrument.kind) != InstrumentKind.GRANT) & (col(Instrument.agreed_on) <= as_of)
    return select(
        col(Instrument.id),
        col(Instrument.investor_id),
        _flag(col(Instrument.kind) == InstrumentKind.LOAN),
        case((promised, col(Instrument.committed_pence)), else_=0),
    ).where(col(Instrument.centre_id) == centre_id)


def _promises(centre_id: int, as_of: date, known_at: datetime) -> Select[Any]:
    agreement = FundingAgreement
    stopped = and_(col(Venture.stage) == Stage.STOPPED, col(Venture.stage_since_on) <= as_of)
    columns: list[Any] = [agreement.id, agreement.venture_id, agreement.promised_pence]
    return (
        select(*columns)
        .join(Venture, col(agreement.venture_id) == Venture.id)
        .where(
            col(agreement.centre_id) == centre_id,
            col(agreement.agreed_on) <= as_of,
            col(agreement.recorded_at) <= known_at,
            not_(stopped),
        )
    )


def _undecided(centre_id: int, as_of: date, known_at: datetime) -> Select[Any]:
    """What claims ask of payers who had not decided; a draft has no day of submission."""
    decided = exists().where(
        col(ClaimDecision.part_id) == ClaimPart.id,
        col(ClaimDecision.decided_on) <= as_of,
        col(ClaimDecision.decided_at) <= known_at,
    )
    # NULL where it was not withdrawn.
    still_asked = or_(
        col(Claim.withdrawn_at).is_(None),
        col(Claim.withdrawn_on) > as_of,
        col(Claim.withdrawn_at) > known_at,
    )
    total = func.coalesce(func.sum(col(ClaimPart.asked_pence)), 0)
    return (
        select(cast(total, BigInteger))
        .join(Claim, col(ClaimPart.claim_id) == Claim.id)
        .where(
            col(Claim.centre_id) == centre_id,
            col(Claim.submitted_on) <= as_of,
            col(Claim.submitted_at) <= known_at,
            still_asked,
            ~decided,
        )
    )


def _shifted(column: Any, bits: int) -> ColumnElement[int]:
    return cast(col(column), BigInteger).bitwise_lshift(bits)


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
