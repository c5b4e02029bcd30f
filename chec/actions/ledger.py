"""What moves money: posting and reversing transfers.

Each locks the centre first and reads what it checks afterwards. The same idempotency key leads to
the first result.
"""

from typing import Any

from sqlmodel import Session, select

from chec import audit
from chec.actions.accounts import account_for
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.models import AccountKind, Centre, Event, Transfer
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.bank import bank_by_day
from chec.queries.centres import closed_before, lock_centre
from chec.rules.overdraft import first_shortfall, reasons_not_to_pay
from chec.rules.posting import Entry, faults_of
from chec.rules.reversal import reasons_not_to_reverse, reversal_date


def post_transfer(
    session: Session, actor: Actor, centre: Centre, entry: Entry, idempotency_key: str
) -> Transfer:
    """The transfer that `entry` makes; the first one, if `idempotency_key` was used before.

    Raises RuleBroken, with a sentence for each thing wrong; nothing is posted then.
    """
    centre = lock_centre(session, centre.id)
    posted = _posted_under(session, centre.id, idempotency_key)
    if posted:
        return posted
    faults = faults_of(
        entry,
        today=london_day(actor.at),
        opened_on=centre.opened_on,
        closed_before=closed_before(session, centre.id),
    )
    if faults:
        raise RuleBroken([fault.reason for fault in faults])
    _refuse_overdraft(session, centre, entry)
    transfer = _record(
        session,
        actor,
        centre_id=centre.id,
        on=entry.on,
        debit_account_id=account_for(session, centre.id, entry.debit).id,
        credit_account_id=account_for(session, centre.id, entry.credit).id,
        pence=entry.pence,
        cause=entry.cause,
        reference=entry.reference,
        memo=entry.memo,
        idempotency_key=idempotency_key,
    )
    audit.record(session, actor, Event.TRANSFER_POSTED, reference("transfer", transfer.id))
    return transfer


def reverse_transfer(session: Session, actor: Actor, transfer: Transfer, reason: str) -> Transfer:
    """The reversal of `transfer`, for `reason`; the first one, if this is the same act repeated.

    Raises RuleBroken where the transfer was reversed by somebody else, or for another reason.
    """
    lock_centre(session, transfer.centre_id)
    reason = reason.strip()
    key = f"reversal:{transfer.id}"
    reversed_by = _posted_under(session, transfer.centre_id, key)
    if reversed_by and (reversed_by.recorded_by_id, reversed_by.memo) == (actor.user_id, reason):
        return reversed_by
    reasons = reasons_not_to_reverse(reversed_by.id if reversed_by else None, reason)
    if reasons:
        raise RuleBroken(reasons)
    on, corrects = reversal_date(
        transfer.on,
        today=london_day(actor.at),
        closed_before=closed_before(session, transfer.centre_id),
    )
    reversal = _record(
        session,
        actor,
        centre_id=transfer.centre_id,
        on=on,
        debit_account_id=transfer.credit_account_id,
        credit_account_id=transfer.debit_account_id,
        pence=transfer.pence,
        cause=transfer.cause,
        reference=transfer.reference,
        memo=reason,
        idempotency_key=key,
        reverses_id=transfer.id,
        corrects_quarter_on=corrects,
    )
    audit.record(session, actor, Event.TRANSFER_REVERSED, reference("transfer", transfer.id))
    return reversal


def _record(session: Session, actor: Actor, **told: Any) -> Transfer:
    transfer = Transfer(recorded_at=actor.at, recorded_by_id=actor.user_id, **told)
    session.add(transfer)
    session.flush()
    return transfer


def _refuse_overdraft(session: Session, centre: Centre, entry: Entry) -> None:
    if entry.credit.kind is not AccountKind.BANK:
        return
    opening, by_day = bank_by_day(session, centre.id, entry.on)
    reasons = reasons_not_to_pay(first_shortfall(opening, [(entry.on, -entry.pence), *by_day]))
    if reasons:
        raise RuleBroken(reasons)


def _posted_under(session: Session, centre_id: int, idempotency_key: str) -> Transfer | None:
    query = select(Transfer).where(
        Transfer.centre_id == centre_id, Transfer.idempotency_key == idempotency_key
    )
    return session.exec(query).one_or_none()
