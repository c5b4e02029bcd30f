"""Keeping what claims have used up of a contract."""

from sqlalchemy import delete
from sqlmodel import Session, col

from chec.models import Claim, MeasureUse, PayerUse
from chec.queries.claims import list_lines
from chec.queries.contract_use import add_up_measure_use, add_up_payer_use


def keep_use(session: Session, claim: Claim) -> None:
    """Add up anew what is used of the measures of the claim; called by every act that changes it.

    Under the lock of its centre.
    """
    session.flush()
    measures = [line.measure for line in list_lines(session, claim)]
    for table in (MeasureUse, PayerUse):
        own = (col(table.contract_id) == claim.contract_id, col(table.measure).in_(measures))
        session.execute(delete(table).where(*own))
    session.add_all(add_up_payer_use(session, claim.contract_id, measures))
    session.add_all(add_up_measure_use(session, claim.contract_id, measures))
    session.flush()
