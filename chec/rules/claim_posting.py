"""What the acts on a payer's part of a claim post to the ledger (methods, 1).

Each entry is between that payer's receivable for the venture and either the venture's outcome
income or the bank, and names the claim.
"""

from dataclasses import replace
from datetime import date

from chec.finance.money import Pence
from chec.models import BANK, AccountKey, AccountKind, Cause, Claim, ClaimPart, Transfer
from chec.models.references import reference
from chec.rules.posting import Entry


def approval_entry(claim: Claim, part: ClaimPart, pence: Pence, on: date) -> Entry:
    """The payer approves `pence`."""
    accounts = (_receivable(claim, part), _income(claim))
    return Entry(on, *accounts, pence, Cause.APPROVAL, reference("claim", claim.id))


def payment_entry(
    claim: Claim, part: ClaimPart, pence: Pence, on: date, *, payers_reference: str = ""
) -> Entry:
    """The payer has paid `pence`; its own reference for them stands in the memo."""
    accounts = (BANK, _receivable(claim, part))
    named = reference("claim", claim.id)
    return Entry(on, *accounts, pence, Cause.PAYMENT, named, payers_reference)


def refund_entry(claim: Claim, part: ClaimPart, pence: Pence, on: date) -> Entry:
    """`pence` go back to the payer."""
    accounts = (_receivable(claim, part), BANK)
    return Entry(on, *accounts, pence, Cause.REFUND, reference("claim", claim.id))


def clawback_entry(
    claim: Claim, part: ClaimPart, pence: Pence, on: date, *, reason: str = ""
) -> Entry:
    """The payer no longer owes `pence`, because an outcome did not hold."""
    accounts = (_income(claim), _receivable(claim, part))
    return Entry(on, *accounts, pence, Cause.CLAWBACK, reference("claim", claim.id), reason)


def undoing_entry(claim: Claim, part: ClaimPart, transfer: Transfer, on: date) -> Entry:
    """The money of a payment, or of a return of one, goes the other way."""
    build = payment_entry if transfer.cause == Cause.PAYMENT else refund_entry
    entry = build(claim, part, transfer.pence, on)
    return replace(entry, debit=entry.credit, credit=entry.debit)


def _receivable(claim: Claim, part: ClaimPart) -> AccountKey:
    return AccountKey(
        AccountKind.OUTCOME_RECEIVABLE, venture_id=claim.venture_id, payer_id=part.payer_id
    )


def _income(claim: Claim) -> AccountKey:
    return AccountKey(AccountKind.OUTCOME_INCOME, venture_id=claim.venture_id)
