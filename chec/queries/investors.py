"""Investors of a centre: the ones a viewer may see, and what each has agreed to."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, case, exists, or_, select
from sqlmodel import Session, col, func

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    Account,
    AccountKind,
    Centre,
    Instrument,
    InstrumentKind,
    Organisation,
    ReturnsResult,
    ReturnsRun,
    Role,
    Subject,
    Transfer,
)
from chec.permissions import Action, Viewer
from chec.queries.centres import get_centre
from chec.queries.flows import Flow, distributed, paid_in
from chec.queries.ledger import KnownTo


class InvestorPosition(NamedTuple):
    """An investor of a centre; `result` is None where the run came before them, or is None."""

    id: int
    name: str
    result: ReturnsResult | None


class InvestorOfCentre(NamedTuple):
    """An investor and one of the centres they put money in."""

    investor: Organisation
    centre: Centre


class GrantFlow(NamedTuple):
    """A grant received, or below zero, one taken back by a reversal."""

    transfer_id: int
    on: date
    pence: Pence


def list_positions(
    session: Session, viewer: Viewer, centre_id: int, run: ReturnsRun | None
) -> Sequence[InvestorPosition]:
    """Every investor of the centre by name, for those who may see them all."""
    get_centre(session, viewer, Action.VIEW_INVESTOR, centre_id)
    own = and_(
        col(ReturnsResult.investor_id) == Organisation.id,
        col(ReturnsResult.run_id) == (run.id if run else None),
        col(ReturnsResult.subject) == Subject.INVESTOR,
    )
    columns: list[Any] = [Organisation.id, Organisation.name, ReturnsResult]
    query = (
        select(*columns)
        .join(ReturnsResult, own, isouter=True)
        .where(invests_in(centre_id))
        .order_by(func.lower(Organisation.name))
    )
    return [InvestorPosition._make(row) for row in session.execute(query)]


class Holding(NamedTuple):
    """What became of one instrument, as a run knew it."""

    instrument: Instrument
    drawn_pence: Pence
    distributed_pence: Pence
    principal_pence: Pence | None

    @property
    def undrawn_pence(self) -> Pence:
        """What may still be called."""
        return max(0, self.instrument.committed_pence - self.drawn_pence)


def get_investor(
    session: Session, viewer: Viewer, centre_id: int, investor_id: int
) -> InvestorOfCentre:
    """The investor, if it is the viewer's own or of a centre of theirs; NotFound otherwise."""
    see = Action.VIEW_INVESTOR
    is_visible = (
        viewer.sees_all
        or centre_id in viewer.centres(see)
        or investor_id in viewer.organisations(see, Role.INVESTOR)
    )
    query = (
        select(Organisation, Centre)
        .join(Centre, col(Centre.id) == centre_id)
        .where(col(Organisation.id) == investor_id, invests_in(centre_id))
    )
    found = session.execute(query).one_or_none() if is_visible else None
    if found is None:
        raise NotFound
    return InvestorOfCentre._make(found)


def list_instruments(
    session: Session, found: InvestorOfCentre, run: ReturnsRun | None
) -> Sequence[Instrument]:
    """What the investor has agreed with the centre by the day of the run, in order of day."""
    query = select(Instrument).where(
        col(Instrument.centre_id) == found.centre.id,
        col(Instrument.investor_id) == found.investor.id,
    )
    if run:
        query = query.where(col(Instrument.agreed_on) <= run.as_of)
    return session.scalars(query.order_by(col(Instrument.agreed_on), col(Instrument.id))).all()


def list_grants(session: Session, found: InvestorOfCentre, run: ReturnsRun) -> Sequence[GrantFlow]:
    """What the investor has given as grants, as the run knew it; no part of a return."""
    received = col(Transfer.credit_account_id) == Account.id
    effect = case((received, col(Transfer.pence)), else_=-col(Transfer.pence))
    query = (
        select(col(Transfer.id), col(Transfer.on), effect)
        .join(Account, or_(received, col(Transfer.debit_account_id) == Account.id))
        .where(
            col(Account.centre_id) == found.centre.id,
            col(Account.investor_id) == found.investor.id,
            col(Account.kind) == AccountKind.GRANT_INCOME,
            KnownTo(run.as_of, run.known_at, run.last_transfer_id).condition(),
        )
        .order_by(col(Transfer.on), col(Transfer.id))
    )
    return [GrantFlow._make(row) for row in session.execute(query)]


def holding_of(instrument: Instrument, flows: Sequence[Flow]) -> Holding:
    """What became of `instrument` by these flows of its investor."""
    own = [flow for flow in flows if flow.instrument_id == instrument.id]
    principal = -sum(flow.pence for flow in own if flow.kind is AccountKind.INVESTOR_CAPITAL)
    is_loan = instrument.kind is InstrumentKind.LOAN
    return Holding(instrument, paid_in(own), distributed(own), principal if is_loan else None)


def invests_in(centre_id: int) -> Any:
    """Whether an Organisation has agreed to invest in the centre or given to it, as a condition."""
    agreed = exists().where(
        col(Instrument.centre_id) == centre_id, col(Instrument.investor_id) == Organisation.id
    )
    gave = exists().where(
        col(Account.centre_id) == centre_id, col(Account.investor_id) == Organisation.id
    )
    return or_(agreed, gave)
