"""What an event of the audit trail is also about: the references in whose histories it stands."""

from collections.abc import Iterable

from chec.models import Account, AccountKey, Cause, Claim
from chec.models.references import parse_reference, reference

_CAUSES_OF_CLAIMS = frozenset({Cause.APPROVAL, Cause.PAYMENT, Cause.CLAWBACK, Cause.REFUND})


def about_claim(claim: Claim, payer_ids: Iterable[int] = ()) -> list[str]:
    """References of the claim, its contract and venture, and of these payers."""
    return [
        reference("claim", claim.id),
        reference("contract", claim.contract_id),
        reference("venture", claim.venture_id),
        *(reference("organisation", each) for each in payer_ids),
    ]


def about_transfer(keys: Iterable[AccountKey | Account], cause: str, named: str) -> list[str]:
    """References of whose accounts these are, and of the claim that the transfer is `named` by.

    Only acts on a claim name one: of other causes the name is whatever somebody typed.
    """
    owners = [owner for key in keys for owner in _owners(key)]
    is_of_claim = cause in _CAUSES_OF_CLAIMS and parse_reference("claim", named)
    return [*owners, named] if is_of_claim else owners


def account_in_references(key: AccountKey | Account) -> str:
    """An account as the trail writes it: `outcome receivable O-0004 V-0001`, without names."""
    return " ".join([str(key.kind), *_owners(key)])


def _owners(key: AccountKey | Account) -> list[str]:
    owners = (
        ("organisation", key.payer_id),
        ("organisation", key.investor_id),
        ("instrument", key.instrument_id),
        ("venture", key.venture_id),
    )
    return [reference(noun, each) for noun, each in owners if each]
