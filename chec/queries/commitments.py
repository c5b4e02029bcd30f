"""Commitments of investors to a centre: what was promised, what is drawn, what may be paid back."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from chec.errors import NotFound
from chec.finance.money import Pence
from chec.models import (
    Account,
    AccountKind,
    Cause,
    Centre,
    Instrument,
    Organisation,
    Transfer,
)
from chec.queries.cause_totals import net_credits
from chec.rules.distribution import Stake
from chec.rules.drawdown import grants_under
from chec.rules.naming import squeezed


class Commitment(NamedTuple):
    """An instrument, whose it is, and what was drawn under it, net of reversals."""

    instrument: Instrument
    investor: str
    drawn_pence: Pence

    @property
    def undrawn_pence(self) -> Pence:
        """What may still be called."""
        return max(0, self.instrument.committed_pence - self.drawn_pence)

    def after(self, pence: Pence) -> "Commitment":
        """As it will be with `pence` more drawn."""
        return self._replace(drawn_pence=self.drawn_pence + pence)


def undrawn_of(commitments: Iterable[Commitment]) -> Pence:
    """What may still be called under all of them."""
    return sum(each.undrawn_pence for each in commitments)


def list_commitments(session: Session, centre: Centre) -> list[Commitment]:
    """Every instrument of the centre, by investor and then in order of agreement."""
    query = (
        select(Instrument, Organisation.name)
        .join(Organisation, col(Instrument.investor_id) == Organisation.id)
        .where(Instrument.centre_id == centre.id)
        .order_by(func.lower(Organisation.name), col(Instrument.agreed_on), col(Instrument.id))
    )
    rows = session.exec(query).all()
    drawn = _drawn(session, centre, [instrument for instrument, _ in rows])
    return [Commitment(each, investor, drawn[each.id]) for each, investor in rows]


def get_commitment(session: Session, centre: Centre, instrument_id: int) -> Commitment:
    """The instrument of the centre with what is drawn; NotFound where it has no such."""
    for commitment in list_commitments(session, centre):
        if commitment.instrument.id == instrument_id:
            return commitment
    raise NotFound


def committed_by(session: Session, centre: Centre, investor: str, more: Pence = 0) -> Pence:
    """What the investor of this name has committed to the centre, and would with `more`."""
    committed = (
        select(func.sum(Instrument.committed_pence))
        .join(Organisation, col(Instrument.investor_id) == Organisation.id)
        .where(
            Instrument.centre_id == centre.id,
            func.lower(col(Organisation.name)) == func.lower(squeezed(investor)),
        )
    )
    return int(session.exec(committed).one() or 0) + more


def list_stakes(session: Session, centre: Centre, on: date) -> list[Stake]:
    """What each instrument that is paid back had paid in by a day, in order of investor.

    The capital outstanding is the least from that day on, so that no later day ends with more paid
    back than was drawn.
    """
    by = (col(Account.instrument_id), col(Transfer.on))
    capital = AccountKind.INVESTOR_CAPITAL
    drawn = net_credits(session, centre.id, capital, by, causes=(Cause.DRAWDOWN,))
    moved = net_credits(session, centre.id, capital, by)
    return [
        Stake(
            each,
            paid_in_pence=sum(p for (k, day), p in drawn.items() if k == each.id and day <= on),
            outstanding_pence=_least_from(
                on, {d: p for (k, d), p in moved.items() if k == each.id}
            ),
        )
        for each, _, _ in list_commitments(session, centre)
        if each.is_repaid
    ]


def list_investors(session: Session, centre: Centre) -> dict[int, str]:
    """The investors who have agreed an instrument with the centre, by key, in order of name."""
    of_centre = select(Instrument.investor_id).where(Instrument.centre_id == centre.id)
    query = select(Organisation.id, Organisation.name).where(col(Organisation.id).in_(of_centre))
    return dict(session.exec(query.order_by(func.lower(Organisation.name))).all())


def find_organisation(session: Session, name: str) -> Organisation | None:
    """The one organisation of this name, in capitals or not, whatever its kind."""
    same_name = func.lower(col(Organisation.name)) == func.lower(name)
    return session.exec(select(Organisation).where(same_name)).one_or_none()


def _least_from(on: date, moved: dict[date, Pence]) -> Pence:
    by_then = sum(pence for day, pence in moved.items() if day <= on)
    later = [pence for day, pence in sorted(moved.items()) if day > on]
    return max(0, min(accumulate(later, initial=by_then)))


def _drawn(session: Session, centre: Centre, instruments: Sequence[Instrument]) -> dict[int, Pence]:
    by_instrument = net_credits(
        session,
        centre.id,
        AccountKind.INVESTOR_CAPITAL,
        (col(Account.instrument_id),),
        causes=(Cause.DRAWDOWN,),
    )
    drawn = {each.id: by_instrument.get((each.id,), 0) for each in instruments}
    return drawn | _granted(session, centre, [each for each in instruments if not each.is_repaid])


def _granted(session: Session, centre: Centre, grants: Sequence[Instrument]) -> dict[int, Pence]:
    by = (col(Account.investor_id), col(Transfer.reference))
    totals = net_credits(session, centre.id, AccountKind.GRANT_INCOME, by, causes=(Cause.GRANT,))
    granted: dict[int, Pence] = {}
    for investor_id in {grant.investor_id for grant in grants}:
        own = [grant for grant in grants if grant.investor_id == investor_id]
        received = {text: pence for (key, text), pence in totals.items() if key == investor_id}
        granted |= grants_under(own, received)
    return granted
