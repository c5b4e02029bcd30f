"""What the ventures of a centre are promised, and what of it is released."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from chec.finance.money import Pence
from chec.models import Account, AccountKind, Cause, FundingAgreement, Venture
from chec.queries.cause_totals import net_credits
from chec.rules.funding_agreement import has_stopped
from chec.rules.residual_value import bound_to_release


class Promise(NamedTuple):
    """A venture, its funding agreements in order of day, and its tranches net of reversals."""

    venture: Venture
    agreements: Sequence[FundingAgreement]
    released_pence: Pence
    has_stopped: bool

    @property
    def promised_pence(self) -> Pence:
        return self.promised_with(0)

    def promised_with(self, more: Pence) -> Pence:
        """What it would be promised in all with `more`."""
        return sum(agreement.promised_pence for agreement in self.agreements) + more

    @property
    def still_promised_pence(self) -> Pence:
        """What the centre is bound to release; nothing once the venture has stopped."""
        return self.bound_pence(0)

    def bound_pence(self, more: Pence) -> Pence:
        """What it would be bound to release with `more` promised."""
        promised = self.promised_with(more)
        return 0 if self.has_stopped else bound_to_release(promised, self.released_pence)


def still_promised_of(promises: Iterable[Promise]) -> Pence:
    """What the centre is bound to release under all of them."""
    return sum(each.still_promised_pence for each in promises)


def list_promises(session: Session, centre_id: int, today: date) -> list[Promise]:
    """Every venture of the centre by name, also those that are promised nothing."""
    ventures = session.exec(
        select(Venture).where(Venture.centre_id == centre_id).order_by(func.lower(Venture.name))
    ).all()
    agreements = session.exec(
        select(FundingAgreement)
        .where(FundingAgreement.centre_id == centre_id)
        .order_by(col(FundingAgreement.agreed_on), col(FundingAgreement.id))
    ).all()
    credits = net_credits(
        session,
        centre_id,
        AccountKind.VENTURE_FUNDING,
        (col(Account.venture_id),),
        causes=(Cause.TRANCHE,),
    )
    return [
        Promise(
            venture,
            [agreement for agreement in agreements if agreement.venture_id == venture.id],
            -credits.get((venture.id,), 0),
            has_stopped(venture, today),
        )
        for venture in ventures
    ]
