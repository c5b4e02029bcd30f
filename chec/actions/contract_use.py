"""Keeping what claims have used up of a contract."""

from sqlalchemy import delete
from sqlmodel import Session, col

from chec.models import MeasureUse, PayerUse
from chec.queries.contract_use import add_up_measure_use, add_up_payer_use


def keep_use(session: Session, contract_id: int) -> None:
    """Add up anew what is used of the contract; called by every act that changes a claim of it.

    Under the lock of its centre. Ten thousand claims take a tenth of a second.
    """
    session.flush()
    for table in (MeasureUse, PayerUse):
        session.execute(delete(table).where(col(table.contract_id) == contract_id))
    session.add_all(add_up_payer_use(session, contract_id))
    session.add_all(add_up_measure_use(session, contract_id))
    session.flush()
