"""Engine and session: what both databases promise alike."""

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from chec.db import open_session
from chec.models import Organisation
from tests import builders


def test_nobody_waits_longer_for_a_lock_than_a_request_may_take(session: Session) -> None:
    asked = {"sqlite": "PRAGMA busy_timeout", "postgresql": "SHOW lock_timeout"}
    answer = session.execute(sa.text(asked[session.get_bind().dialect.name])).scalar_one()
    assert answer in {20_000, "20s"}


def test_a_reading_session_sees_one_moment(engine: Engine, session: Session) -> None:
    count = select(func.count()).select_from(Organisation)
    with open_session(engine, write=False) as reading:
        assert reading.exec(count).one() == 0
        builders.a_payer(session)
        session.commit()
        assert reading.exec(count).one() == 0
    with open_session(engine, write=False) as reading:
        assert reading.exec(count).one() == 1


@pytest.mark.backend("sqlite")
def test_a_writing_session_holds_the_lock_from_its_first_question(engine: Engine) -> None:
    with open_session(engine, write=True) as first, engine.connect() as second:
        first.connection()
        second.execute(sa.text("PRAGMA busy_timeout = 0"))
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            second.execute(sa.text("DELETE FROM job_run"))
