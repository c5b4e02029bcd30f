"""Outcomes that payers decide on a day, and quarters that are closed, for tests."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlmodel import Session

from chec.actions.quarters import close_quarter
from chec.finance.periods import quarter_of
from chec.models import Centre, Claim, Contract, Organisation, QuarterClose, Venture
from chec.permissions import SYSTEM
from chec.queries.published_outcomes import (
    PublishedQuarter,
    list_outcomes,
    list_published_quarters,
)
from chec.seeding.files import moment
from tests import builders
from tests.claim_parts import decide, somebody_of


def claimed(
    session: Session,
    contract: Contract,
    venture: Venture,
    *,
    on: date,
    people: int = 0,
    records: Sequence[tuple[str, str, date]] = (),
) -> Claim:
    """A claim that is submitted on a day, of that many outcomes or of these records."""
    return builders.a_claim(
        session,
        contract,
        venture,
        counts={"M01": people} if people else {},
        records=records,
        starts_on=venture.started_on,
        ends_before=on,
        actor=builders.an_actor(at=moment(on)),
    )


def accepted(
    session: Session,
    contract: Contract,
    venture: Venture,
    payers: Collection[Organisation],
    *,
    on: date,
    people: int = 0,
    records: Sequence[tuple[str, str, date]] = (),
    rejected: Collection[str] = (),
) -> Claim:
    """A claim that these payers decide on the day on which it is submitted."""
    claim = claimed(session, contract, venture, on=on, people=people, records=records)
    for payer in payers:
        actor = somebody_of(session, payer, at=moment(on))
        decide(session, claim, payer, rejected=rejected, actor=actor)
    return claim


def closed(session: Session, centre: Centre, day: date, *, on: date) -> QuarterClose:
    """The quarter of `day`, closed."""
    return close_quarter(session, builders.an_actor(at=moment(on)), centre, quarter_of(day))


def published(session: Session, centre: Centre) -> list[PublishedQuarter]:
    """Every published quarter of the centre, newest first."""
    quarters = list_published_quarters(session, SYSTEM, centre.id)
    return list_outcomes(session, SYSTEM, centre.id, quarters)
