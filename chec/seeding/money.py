"""The money of a centre that no claim explains, by its director: the ledger, promises, quarters."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from chec.actions.funding_agreements import agree_funding
from chec.actions.ledger import post_transfer
from chec.actions.quarters import close_quarter
from chec.finance.money import parse_pounds
from chec.finance.periods import Quarter, quarter_of
from chec.models import Cause, PaymentKind
from chec.queries.accounts import directory_of
from chec.rules.account_name import account_key
from chec.rules.funding_agreement import Promised
from chec.rules.payment_request import Payment
from chec.rules.posting import Entry
from chec.seeding.centres import CentreTold
from chec.seeding.files import known_at, moment
from chec.seeding.payments import paid
from chec.seeding.timeline import Act

CLOSED_AFTER_MONTHS = 6
CLOSED_WITHIN = timedelta(days=45)
ASKED_FOR = {
    Cause.TRANCHE: PaymentKind.TRANCHE,
    Cause.RUNNING_COST: PaymentKind.RUNNING_COST,
}
"""What a director asks for; a distribution of the files has its shares from elsewhere."""


def money(told: CentreTold) -> Iterator[Act]:
    """What was promised to ventures, every transfer of `transfers.csv`, and each closed quarter."""
    yield from _promises(told)
    yield from _transfers(told)
    yield from _closings(told)


def _promises(told: CentreTold) -> Iterator[Act]:
    for venture in told.said["ventures"]:
        for said in venture.get("funding", []):
            terms = Promised(
                pence=parse_pounds(said["promised"]),
                milestones=said["milestones"],
                agreed_on=told.calendar.day(*said["agreed_on"]),
            )
            yield Act(moment(terms.agreed_on), partial(_promise, told, venture["name"], terms))


def _promise(told: CentreTold, venture: str, terms: Promised, at: datetime, key: str) -> None:
    agree_funding(told.session, told.director(at), told.ventures[venture], terms, key)


def _transfers(told: CentreTold) -> Iterator[Act]:
    directory = directory_of(told.session, told.centre.id)
    for row in told.files.rows("transfers.csv"):
        on = told.calendar.day_of(row)
        entry = Entry(
            on=on,
            debit=account_key(row["debit"], directory),
            credit=account_key(row["credit"], directory),
            pence=parse_pounds(row["pounds"]),
            cause=Cause(row["cause"]),
            reference=row["reference"],
            memo=row["memo"],
        )
        if kind := ASKED_FOR.get(entry.cause):
            payment = Payment(
                kind,
                entry.pence,
                on,
                venture_id=entry.debit.venture_id,
                reference=entry.reference,
                memo=entry.memo,
            )
            yield from paid(told, payment)
        else:
            yield Act(known_at(on), partial(_post, told, entry))


def _post(told: CentreTold, entry: Entry, at: datetime, key: str) -> None:
    post_transfer(told.session, told.director(at), told.centre, entry, key)


def _closings(told: CentreTold) -> Iterator[Act]:
    quarter = quarter_of(told.centre.opened_on)
    while quarter.ends_before <= told.calendar.exact(-CLOSED_AFTER_MONTHS, 1):
        yield Act(known_at(quarter.ends_before + CLOSED_WITHIN), partial(_close, told, quarter))
        quarter = quarter.next()


def _close(told: CentreTold, quarter: Quarter, at: datetime, _key: str) -> None:
    close_quarter(told.session, told.director(at), told.centre, quarter)
