"""What moves money: posting and reversing transfers.

Each locks the centre first and reads what it checks afterwards. The same idempotency key leads to
the first result.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, select

from chec import audit
from chec.actions.accounts import account_for
from chec.clock import london_day
from chec.errors import RuleBroken
from chec.finance.money import format_pounds
from chec.models import BANK, Account, Centre, Event, Transfer
from chec.models.references import reference
from chec.permissions import Actor
from chec.queries.accounts import find_account
from chec.queries.bank import bank_by_day
from chec.queries.centres import closed_before, lock_centre
from chec.queries.claim_trace import find_claim_of
from chec.rules.audit_subjects import about_transfer, account_in_references
from chec.rules.overdraft import first_shortfall, reasons_not_to_pay
from chec.rules.posting import Entry, Fault, faults_of
from chec.rules.reversal import (
    reasons_not_to_reverse,
    reasons_to_ask_anew,
    reasons_to_mend_on_the_claim,
    reversal_date,
)


def post_transfer(
    session: Session, actor: Actor, centre: Centre, entry: Entry, idempotency_key: str
) -> Transfer:
    """The transfer that `entry` makes; the first one, if `idempotency_key` was used before.

    Raises RuleBroken, with a sentence for each thing wrong, and where the key was used for other
    values; nothing is posted then.
    """
    centre = lock_centre(session, actor, centre.id)
    posted = posted_under(session, centre, idempotency_key)
    if posted:
        refuse_other_values(session, posted, entry)
        return posted
    refuse(faults_to_post(session, actor, centre, [entry]))
    return _post(session, actor, centre, entry, idempotency_key)


def post_transfers(
    session: Session, actor: Actor, centre: Centre, entries: Sequence[Entry], idempotency_key: str
) -> list[Transfer]:
    """The transfers that `entries` make, all or none; each key is `idempotency_key`:<1, 2, …>.

    The caller holds the lock and knows that the key is new. Raises RuleBroken, with a sentence for
    each thing wrong.
    """
    refuse(faults_to_post(session, actor, centre, entries))
    return [
        _post(session, actor, centre, entry, f"{idempotency_key}:{number}")
        for number, entry in enumerate(entries, 1)
    ]


def refuse(faults: Sequence[Fault]) -> None:
    """Raise RuleBroken with the reason of each fault, if there is any."""
    if faults:
        raise RuleBroken([fault.reason for fault in faults])


def refuse_other_values(session: Session, posted: Transfer, entry: Entry) -> None:
    """Raise RuleBroken where `posted`, found under the key of `entry`, is not what that moves."""
    accounts = [find_account(session, posted.centre_id, key) for key in (entry.debit, entry.credit)]
    moves = [entry.cause, entry.pence, *(account and account.id for account in accounts)]
    moved = [posted.cause, posted.pence, posted.debit_account_id, posted.credit_account_id]
    if moves != moved:
        raise RuleBroken(
            f"This form was sent before, with other values: it recorded"
            f" {reference('transfer', posted.id)}, {format_pounds(posted.pence)}. Nothing was"
            " recorded now. To record something else, open the form anew."
        )


def posted_under(session: Session, centre: Centre, idempotency_key: str) -> Transfer | None:
    """The transfer of the centre that was posted under the key, if one was."""
    query = select(Transfer).where(
        Transfer.centre_id == centre.id, Transfer.idempotency_key == idempotency_key
    )
    return session.exec(query).one_or_none()


def faults_to_post(
    session: Session, actor: Actor, centre: Centre, entries: Sequence[Entry]
) -> list[Fault]:
    """Why `entries` cannot be posted together, each reason once; empty where they can.

    What `post_transfer` checks, without its lock: for the page before it is confirmed.
    """
    closed = closed_before(session, centre.id)
    today = london_day(actor.at)
    faults = [
        fault
        for entry in entries
        for fault in faults_of(entry, today=today, opened_on=centre.opened_on, closed_before=closed)
    ]
    return list(dict.fromkeys(faults)) or _faults_of_the_bank(session, centre, entries)


def reverse_transfer(session: Session, actor: Actor, transfer: Transfer, reason: str) -> Transfer:
    """The reversal of `transfer`, for `reason`; the first one, if this is the same act repeated.

    Raises RuleBroken where the transfer was reversed by somebody else, or for another reason, and
    where it is mended otherwise.
    """
    lock_centre(session, actor, transfer.centre_id)
    reasons = reasons_to_mend_otherwise(session, transfer)
    if reasons:
        raise RuleBroken(reasons)
    return reverse_for_its_act(session, actor, transfer, reason)


def reasons_to_mend_otherwise(session: Session, transfer: Transfer) -> list[str]:
    """Why the transfer is not reversed by hand, and what to do instead; empty where it may be."""
    claim_id = find_claim_of(session, transfer)
    is_reversal = transfer.reverses_id is not None
    if claim_id:
        return reasons_to_mend_on_the_claim(transfer.cause, claim_id, is_reversal=is_reversal)
    return reasons_to_ask_anew(transfer.cause) if is_reversal else []


def reverse_for_its_act(
    session: Session, actor: Actor, transfer: Transfer, reason: str
) -> Transfer:
    """As `reverse_transfer`, for the act that `transfer` belongs to and that mends its own sums."""
    centre = lock_centre(session, actor, transfer.centre_id)
    reason = reason.strip()
    key = f"reversal:{transfer.id}"
    reversed_by = posted_under(session, centre, key)
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
    _tell(session, actor, Event.TRANSFER_REVERSED, reversal)
    return reversal


def _record(session: Session, actor: Actor, **told: Any) -> Transfer:
    transfer = Transfer(recorded_at=actor.at, recorded_by_id=actor.user_id, **told)
    session.add(transfer)
    session.flush()
    return transfer


def _post(
    session: Session, actor: Actor, centre: Centre, entry: Entry, idempotency_key: str
) -> Transfer:
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
    _tell(session, actor, Event.TRANSFER_POSTED, transfer)
    return transfer


def _tell(session: Session, actor: Actor, event: Event, transfer: Transfer) -> None:
    """Record `transfer`; a reversal is an act on the one that it reverses."""
    debit = session.get_one(Account, transfer.debit_account_id)
    credit = session.get_one(Account, transfer.credit_account_id)
    named = reference("transfer", transfer.id)
    audit.record(
        session,
        actor,
        event,
        reference("transfer", transfer.reverses_id or transfer.id),
        centre_id=transfer.centre_id,
        about=[named, *about_transfer((debit, credit), transfer.cause, transfer.reference)],
        after={
            "on": transfer.on,
            "pence": transfer.pence,
            "cause": transfer.cause,
            "debit": account_in_references(debit),
            "credit": account_in_references(credit),
            "reversal": named if transfer.reverses_id else None,
        },
    )


def _faults_of_the_bank(session: Session, centre: Centre, entries: Sequence[Entry]) -> list[Fault]:
    if not any(entry.credit == BANK for entry in entries):
        return []
    opening, by_day = bank_by_day(session, centre.id, min(entry.on for entry in entries))
    moved = [(entry.on, -entry.pence) for entry in entries if entry.credit == BANK]
    moved += [(entry.on, entry.pence) for entry in entries if entry.debit == BANK]
    reasons = reasons_not_to_pay(first_shortfall(opening, [*moved, *by_day]))
    return [Fault("pounds", reason) for reason in reasons]
