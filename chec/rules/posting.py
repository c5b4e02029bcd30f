"""What may be posted to the ledger (methods, 1).

Each cause moves money between accounts of certain kinds and no others. Nothing is dated in the
future, before the centre opened, or in a closed quarter.
"""

from dataclasses import dataclass
from datetime import date

from chec.finance.money import Pence, format_pounds
from chec.finance.periods import quarter_of
from chec.models import AccountKey, Cause
from chec.models.account import AccountKind as Kind
from chec.rules.free_text import reasons_not_to_write

MOST_PENCE = 1_000_000_000_000
"""£10 billion: more is a slip of the keyboard, and sums of these still fit the database."""
REFERENCE_LENGTH = 60
MEMO_LENGTH = 300


@dataclass(frozen=True)
class Entry:
    """A transfer before it is posted: `pence` from the credit account to the debit account."""

    on: date
    debit: AccountKey
    credit: AccountKey
    pence: Pence
    cause: Cause
    reference: str = ""
    memo: str = ""


@dataclass(frozen=True)
class Movement:
    """The kinds of account that a cause may debit, and those that it may credit."""

    debit: frozenset[Kind]
    credit: frozenset[Kind]


def _movement(debit: Kind | set[Kind], credit: Kind | set[Kind]) -> Movement:
    def kinds(given: Kind | set[Kind]) -> frozenset[Kind]:
        return frozenset({given} if isinstance(given, Kind) else given)

    return Movement(kinds(debit), kinds(credit))


MOVEMENTS: dict[Cause, Movement] = {
    Cause.DRAWDOWN: _movement(Kind.BANK, Kind.INVESTOR_CAPITAL),
    Cause.GRANT: _movement(Kind.BANK, Kind.GRANT_INCOME),
    Cause.TRANCHE: _movement(Kind.VENTURE_FUNDING, Kind.BANK),
    Cause.UNSPENT_RETURNED: _movement(Kind.BANK, Kind.VENTURE_FUNDING),
    Cause.RUNNING_COST: _movement(Kind.OPERATING_COST, Kind.BANK),
    Cause.APPROVAL: _movement(Kind.OUTCOME_RECEIVABLE, Kind.OUTCOME_INCOME),
    Cause.PAYMENT: _movement(Kind.BANK, Kind.OUTCOME_RECEIVABLE),
    Cause.CLAWBACK: _movement(Kind.OUTCOME_INCOME, Kind.OUTCOME_RECEIVABLE),
    Cause.REFUND: _movement(Kind.OUTCOME_RECEIVABLE, Kind.BANK),
    Cause.GIVEN_UP: _movement(Kind.WRITE_OFF, Kind.OUTCOME_RECEIVABLE),
    Cause.VENTURE_STOPPED: _movement(Kind.WRITE_OFF, Kind.VENTURE_FUNDING),
    Cause.SPIN_OUT_PAID: _movement(Kind.BANK, Kind.SPIN_OUT_PROCEEDS),
    Cause.SPIN_OUT_COMPLETED: _movement(
        {Kind.SPIN_OUT_PROCEEDS, Kind.WRITE_OFF}, Kind.VENTURE_FUNDING
    ),
    Cause.SURPLUS_KEPT: _movement(Kind.OUTCOME_INCOME, Kind.SURPLUS_RESERVE),
    Cause.SURPLUS_USED: _movement(Kind.SURPLUS_RESERVE, Kind.OUTCOME_INCOME),
    Cause.DISTRIBUTION: _movement(
        {Kind.INVESTOR_CAPITAL, Kind.INVESTOR_RETURN, Kind.MANAGERS_SHARE}, Kind.BANK
    ),
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of an entry, and how to mend it."""

    field: str
    reason: str


def faults_of(
    entry: Entry, *, today: date, opened_on: date, closed_before: date | None
) -> list[Fault]:
    """Why `entry` cannot be posted today, field by field; empty where it can.

    `closed_before` is the first day after the last closed quarter, or None.
    """
    return [
        *(Fault("on", reason) for reason in _of_the_day(entry.on, today, opened_on, closed_before)),
        *_of_the_accounts(entry),
        *_of_the_amount(entry.pence),
        *(
            Fault("reference", r)
            for r in reasons_not_to_write(entry.reference, most=REFERENCE_LENGTH)
        ),
        *(Fault("memo", r) for r in reasons_not_to_write(entry.memo, most=MEMO_LENGTH)),
    ]


def _of_the_day(on: date, today: date, opened_on: date, closed_before: date | None) -> list[str]:
    if on > today:
        return [f"{on:%-d %B %Y} is in the future. A transfer is recorded once it has happened."]
    if on < opened_on:
        return [f"{on:%-d %B %Y} is before the centre opened on {opened_on:%-d %B %Y}."]
    if closed_before and on < closed_before:
        return [
            f"{on:%-d %B %Y} lies in {quarter_of(on).name}, which is closed. Date the correction"
            f" today, {today:%-d %B %Y}, and name the quarter in the memo."
        ]
    return []


def _of_the_accounts(entry: Entry) -> list[Fault]:
    movement = MOVEMENTS[entry.cause]
    faults = [
        Fault(side, f"A {entry.cause} {side}s {_listed(kinds)}, not {key.kind}.")
        for side, key, kinds in (
            ("debit", entry.debit, movement.debit),
            ("credit", entry.credit, movement.credit),
        )
        if key.kind not in kinds
    ]
    ventures = {key.venture_id for key in (entry.debit, entry.credit) if key.venture_id}
    if len(ventures) > 1:
        faults.append(Fault("credit", "Both accounts must be of the same venture."))
    return faults


def _listed(kinds: frozenset[Kind]) -> str:
    return " or ".join(sorted(kinds))


def _of_the_amount(pence: Pence) -> list[Fault]:
    if pence <= 0:
        return [Fault("pounds", "The amount must be above zero. To undo a transfer, reverse it.")]
    if pence > MOST_PENCE:
        most = format_pounds(MOST_PENCE, whole=True)
        return [Fault("pounds", f"The amount is above {most}. Check it; it may be in pence.")]
    return []
