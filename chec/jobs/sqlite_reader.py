"""A process of its own that reads a large SQLite file through ADBC. See `bulk_read.py` for why.

Takes queries on its standard input, a line of JSON each, and writes the answer to each to its
standard output as an Arrow stream; all in one read transaction. Ends with its input.
"""

import json
import sys
from io import BufferedIOBase
from typing import cast

if __name__ == "__main__":
    # Arrow does without numpy, and two thirds of the time to start would be numpy's.
    sys.modules["numpy"] = None  # type: ignore[assignment]

import adbc_driver_sqlite
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement


def main(path: str, queries: BufferedIOBase, answers: BufferedIOBase) -> None:
    """Answer until there are no more queries."""
    with adbc_driver_sqlite.connect(path) as database, AdbcConnection(database) as connection:
        _execute(connection, "PRAGMA busy_timeout = 30000")
        connection.set_autocommit(False)
        for line in queries:
            _answer(connection, json.loads(line), answers)


def _execute(connection: AdbcConnection, statement: str) -> None:
    with AdbcStatement(connection) as executed:
        executed.set_sql_query(statement)
        executed.execute_update()


def _answer(connection: AdbcConnection, query: str, answers: BufferedIOBase) -> None:
    with AdbcStatement(connection) as statement:
        statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
        statement.set_sql_query(query)
        stream, _ = statement.execute_query()
        with pa.RecordBatchReader.from_stream(stream) as batches:
            with pa.ipc.new_stream(pa.PythonFile(answers, "w"), batches.schema) as out:
                for batch in batches:
                    out.write_batch(batch)
            answers.flush()


if __name__ == "__main__":
    main(
        sys.argv[1],
        cast(BufferedIOBase, sys.stdin.buffer),
        cast(BufferedIOBase, sys.stdout.buffer),
    )
