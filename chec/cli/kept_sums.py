"""What `chec db check` says of sums that are kept beside the rows they are added up from."""

from collections.abc import Iterator

from sqlalchemy import Engine
from sqlmodel import Session

from chec.db import open_session
from chec.finance.money import format_pounds
from chec.models.references import reference
from chec.queries.claim_checks import list_claims_that_differ, list_parts_that_differ
from chec.queries.contract_use import list_contracts_that_differ
from chec.queries.payment_checks import list_requests_that_differ, list_without_two_people


def list_differences(engine: Engine) -> list[str]:
    """A sentence for each contract, claim, payer's part and payment request that is wrong."""
    with open_session(engine, write=False) as session:
        return [
            *_of_contracts(session),
            *_of_parts(session),
            *_of_claims(session),
            *_of_payments(session),
        ]


def _of_contracts(session: Session) -> Iterator[str]:
    for each in list_contracts_that_differ(session):
        yield (
            f"What is used of contract {each.reference} ({reference('contract', each.id)}) is not"
            " what its claims add up to."
        )


def _of_parts(session: Session) -> Iterator[str]:
    for each in list_parts_that_differ(session):
        yield (
            f"What {each.payer} has {each.what} of {reference('claim', each.claim_id)} is kept as"
            f" {format_pounds(each.kept_pence)}, and adds up to {format_pounds(each.pence)}."
        )


def _of_claims(session: Session) -> Iterator[str]:
    for claim, state in list_claims_that_differ(session):
        yield (
            f"{reference('claim', claim.id)} is kept as {claim.state}, and what its payers decided"
            f" and paid makes it {state}."
        )


def _of_payments(session: Session) -> Iterator[str]:
    for each in list_requests_that_differ(session):
        yield (
            f"{reference('payment_request', each.request_id)} is kept as {each.state}, of"
            f" {format_pounds(each.pence)}, and {format_pounds(each.posted_pence)} was recorded."
        )
    for request_id in list_without_two_people(session):
        yield (
            f"{reference('payment_request', request_id)} was above the limit and was paid without a"
            " second person."
        )
