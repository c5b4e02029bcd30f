"""Reading in bulk, out of one transaction."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pyarrow as pa
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from chec.jobs.bulk_read import Int64s, bulk_read, by_another_process, by_the_driver
from chec.models import Transfer
from tests.builders import a_centre, a_transfer

Reader = Callable[[Engine], AbstractContextManager[Callable[[str], list[Int64s]]]]

TRANSFERS = "SELECT id, pence FROM transfer ORDER BY id"
"""Two whole numbers a row."""


@pytest.mark.backend("sqlite")
def test_a_large_file_reads_as_a_small_one_does(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    for pence in (1, 2**33, 10**12):
        a_transfer(session, centre, pence=pence)
    session.commit()

    answers = []
    for reader in (by_the_driver, by_another_process):
        with reader(engine) as ask:
            answers.append([column.tolist() for column in ask(TRANSFERS)])

    assert answers[0] == answers[1] == [[1, 2, 3], [1, 2**33, 10**12]]


@pytest.mark.backend("sqlite")
def test_what_the_other_process_cannot_read_is_an_error_here(engine: Engine) -> None:
    with pytest.raises(pa.ArrowInvalid), by_another_process(engine) as ask:
        ask("SELECT id FROM nowhere")


@pytest.mark.backend("sqlite")
@pytest.mark.parametrize("reader", [by_the_driver, by_another_process])
def test_a_file_is_read_in_one_transaction(
    engine: Engine, session: Session, reader: Reader
) -> None:
    centre = a_centre(session)
    session.commit()

    with reader(engine) as ask:
        before = ask(TRANSFERS)
        a_transfer(session, centre)
        session.commit()
        after = ask(TRANSFERS)

    assert [len(before[0]), len(after[0])] == [0, 0]


def test_everything_is_read_in_one_transaction(engine: Engine, session: Session) -> None:
    centre = a_centre(session)
    a_transfer(session, centre)
    session.commit()
    count = select(func.count(col(Transfer.id)))

    with bulk_read(engine) as ask:
        [before] = ask(count)
        a_transfer(session, centre)
        session.commit()
        [after] = ask(count)

    assert (before.tolist(), after.tolist()) == ([1], [1])
